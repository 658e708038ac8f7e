"""Addresses of stories: which story is meant, and is it spelled as it should be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote

from broadsheet.gate.core.decide import decide
from broadsheet.gate.core.vocabulary import Reading, StoryFacts, Verdict

# First segments that belong to other pages, where "-19" ends a topic and not a story.
RESERVED = frozenset(
    "account accounts api archive authors desk epaper feeds gate gift healthz media metrics"
    " newsletters readyz search static subscribe topics".split()
)

_GIFT = re.compile(r"/gift/([^/]+)/?")
_WELCOME = re.compile(rb"(?:^|&)welcome=([0-9a-z]{1,8})(?=&|$)")
_WELCOMES = re.compile(rb"(?:^|&)welcome=[^&]*")
LONGEST_REMEMBERED = 256  # Characters of a path; ours are shorter, an attacker's not.
WELCOME_LIFE = 60  # Seconds; an address shared with its marker is as one without.


@dataclass(frozen=True, slots=True)
class Known:
    """A story's facts, with what each view needs of them made ready once."""

    facts: StoryFacts
    raw: bytes  # The canonical path as it stands in a request.
    values: dict[str, bytes]  # For the placeholders in furniture.
    refused: bool  # To everybody, whoever asks.

    @classmethod
    def of(cls, facts: StoryFacts) -> Known:
        raw = quote(facts.path).encode()
        section = escape(facts.section).encode()
        refused = decide(Reading(facts)).verdict is Verdict.REFUSE
        story = b"%d" % facts.story_id
        values = {"path": raw, "section": section, "story": story}
        return cls(facts, raw, values, refused)


def story_meant(path: str) -> int | None:
    """
    Return the story that a decoded `path` means, however it is spelled: doubled
    slashes, dots, parameters, another case, another slug. None if it means none.
    """
    return _meant(path) if len(path) > LONGEST_REMEMBERED else _remembered(path)


@lru_cache(maxsize=8192)
def _remembered(path: str) -> int | None:
    return _meant(path)


def _meant(path: str) -> int | None:
    segments = _segments(path)
    if len(segments) != 2 or segments[0].lower() in RESERVED:
        return None
    if segments[0].isdigit() and segments[1].isdigit():
        return None  # “/2019/05/” is a month of another system's archive.
    number = segments[1].rpartition("-")[2]
    if number.isascii() and number.isdigit() and len(number) <= 18:
        return int(number)
    return None


def _segments(path: str) -> list[str]:
    found: list[str] = []
    for part in path.split("/"):
        name = part.partition(";")[0]
        if name == "..":
            del found[-1:]
        elif name not in ("", "."):
            found.append(name)
    return found


def gift_meant(path: str) -> str | None:
    """Return what stands where a gift's token does, `/gift/<token>/`; else None."""
    found = _GIFT.fullmatch(path)
    return found[1] if found else None


def raw_path(scope: Mapping[str, Any]) -> bytes:
    """Return the path as the client spelled it, percent-encoding and all."""
    raw = scope.get("raw_path")
    if isinstance(raw, bytes):
        return raw.partition(b"?")[0]
    return quote(str(scope["path"])).encode()


def welcomed(query: bytes, now: int) -> bool:
    """Test if the marker of a round trip for the cookie is there and fresh."""
    found = _WELCOME.search(query)
    return found is not None and 0 <= now - int(found[1], 36) <= WELCOME_LIFE


def with_welcome(raw: bytes, query: bytes, now: int) -> bytes:
    """Return the same address with a fresh marker, and the rest of its query."""
    rest = _WELCOMES.sub(b"", query).strip(b"&")
    mark = b"welcome=" + _base36(now)
    return raw + b"?" + (rest + b"&" + mark if rest else mark)


def _base36(number: int) -> bytes:
    digits = b""
    while number:
        number, digit = divmod(number, 36)
        digits = b"0123456789abcdefghijklmnopqrstuvwxyz"[digit : digit + 1] + digits
    return digits or b"0"
