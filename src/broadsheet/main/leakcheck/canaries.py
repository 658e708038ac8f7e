"""Canary words, the stories that hold them, and the file that names both."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# No vowels: no language has such a word, and no search engine finds a stem in it.
LETTERS = "bcdfghjkmnpqrtvwxz"
LENGTH = 14
SHORTEST = 6  # Letters of a word in a file; shorter ones occur by chance.
_WORD = re.compile(rf"[a-z0-9]{{{SHORTEST},60}}")


class BadStories(Exception):
    """A file of stories and words cannot be used. The message says why."""


def new_word() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


@dataclass(frozen=True, slots=True)
class Story:
    """
    A story whose `words`, each with the place it stands in, are withheld. `hidden`:
    from everybody, for they are in a draft or in what was taken back.
    """

    story_id: int
    path: str
    access: str
    words: Mapping[str, str] = field(default_factory=dict)
    hidden: bool = False
    gifts: tuple[str, ...] = ()  # Addresses of gifts that are dead.


def write(path: Path, stories: Iterable[Story]) -> None:
    whole = {"stories": [asdict(story) for story in stories]}
    path.write_text(json.dumps(whole, indent=1) + "\n")


def read(path: Path) -> tuple[Story, ...]:
    """Return the stories that a file names. Raise `BadStories`."""
    try:
        listed = json.loads(path.read_text())["stories"]
        stories = tuple(_story(one) for one in listed)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadStories(
            f"{path} is no list of stories; it must be JSON like "
            '{"stories": [{"story_id": 7, "path": "/news/a-story-7/", "access": '
            '"premium", "words": {"withheldword": "paragraph 5"}}]}.'
        ) from error
    if not any(story.words for story in stories):
        raise BadStories(f"{path} names no withheld word, so nothing can be found.")
    return stories


def _story(one: dict[str, Any]) -> Story:
    words = {str(word).lower(): str(place) for word, place in one["words"].items()}
    for word in words:
        if not _WORD.fullmatch(word):
            raise BadStories(
                f"{word!r} is no word to look for: {SHORTEST} to 60 letters or digits."
            )
    return Story(
        story_id=int(one["story_id"]),
        path=str(one["path"]),
        access=str(one["access"]),
        words=words,
        hidden=bool(one.get("hidden", False)),
        gifts=tuple(str(each) for each in one.get("gifts", ())),
    )
