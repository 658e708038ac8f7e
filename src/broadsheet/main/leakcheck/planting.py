"""
Planting: stories whose withheld parts each hold a word of their own, filed, published,
corrected and withdrawn by the newsroom's own verbs; and weeding them out again. The
same rows serve every time, so a hundred checks leave no more behind than one: a few
withdrawn stories without their words, and one grey picture in the library.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime

from PIL import Image

from broadsheet.front.web import pressing
from broadsheet.gate.house import queries as gate
from broadsheet.news.newsroom import actions as newsroom
from broadsheet.news.newsroom import queries as stories
from broadsheet.news.newsroom.queries import Block

from .canaries import Story, new_word

ORIGIN = "leakcheck"
TOLD = "a story that the leak check planted"
LIVE = ("premium", "metered", "vertical:leakcheck", "free")
WEEDED = [Block("paragraph", {"html": "Nothing is planted here."})]


class NoSection(Exception):
    """There is no section to plant a story in. Open one first."""


class Words:
    """Gives a new word for each place, and remembers which."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}

    def __call__(self, place: str) -> str:
        word = new_word()
        self.places[word] = place
        return word


def plant(at: datetime) -> Iterator[Story]:
    """Yield each story when it is planted; what came before an error can be weeded."""
    section = _section()
    for access in LIVE:
        words = Words()
        story_id = _file(section, access, access, body(words), at)
        newsroom.publish(story_id=story_id, again=True, at=at)
        yield _story(story_id, access, words)
    yield from _unseen(section, at)


def fillers(count: int, at: datetime) -> list[int]:
    """Publish metered stories to spend meters on, and return their numbers."""
    section = _section()
    numbers = []
    for number in range(count):
        story_id = _file(section, f"filler {number}", "metered", WEEDED, at)
        newsroom.publish(story_id=story_id, again=True, at=at)
        numbers.append(story_id)
    return numbers


def weed(at: datetime) -> int:
    """Withdraw everything planted, by whichever run, and take its words out."""
    weeded = 0
    for access in (*LIVE, "revised", "draft", "withdrawn"):
        weeded += _weed(access, at)
    number = 0
    while _weed(f"filler {number}", at):
        number += 1
    return weeded + number


def _weed(origin_id: str, at: datetime) -> bool:
    section = _section()
    story_id = _file(section, origin_id, "premium", WEEDED, at)
    was_live = stories.canonical(story_id) is not None
    if was_live:
        # The live text goes first, so that nothing of it is left to come back.
        newsroom.publish(story_id=story_id, at=at)
        newsroom.withdraw(story_id=story_id, reason=TOLD, at=at)
    return was_live


def _unseen(section: str, at: datetime) -> Iterator[Story]:
    """Yield what nobody may see: a newer draft, a first draft, a withdrawn story."""
    revised = Words()
    story_id = _file(section, "revised", "free", WEEDED, at)
    newsroom.publish(story_id=story_id, again=True, at=at)
    _file(section, "revised", "free", body(revised, draft=True), at, revised)
    yield _story(story_id, "free", revised, hidden=True)
    draft = Words()
    story_id = _file(section, "draft", "free", body(draft, draft=True), at, draft)
    yield Story(
        story_id, f"/{section}/leak-check-{story_id}/", "free", draft.places, True
    )
    gone = Words()
    story_id = _file(section, "withdrawn", "free", body(gone, draft=True), at, gone)
    newsroom.publish(story_id=story_id, again=True, at=at)
    planted = _story(story_id, "free", gone, hidden=True)
    newsroom.withdraw(story_id=story_id, reason=TOLD, at=at)
    yield planted


def _story(story_id: int, access: str, words: Words, *, hidden: bool = False) -> Story:
    path = stories.canonical(story_id)
    assert path is not None  # noqa: S101  It was published a moment ago.
    return Story(story_id, path, access, words.places, hidden)


def _section() -> str:
    sections = stories.sections()
    if not sections:
        raise NoSection("There is no section to plant stories in; open one first.")
    return sections[0].slug


def _file(
    section: str,
    origin_id: str,
    access: str,
    blocks: list[Block],
    at: datetime,
    words: Words | None = None,
) -> int:
    """File a story. With `words`, its headline and standfirst are withheld as well."""
    secret = f" {words('headline')}" if words else ""
    standfirst = words("standfirst") if words else "It will be withdrawn in a minute."
    filed = newsroom.file(
        headline=f"Leak check, {origin_id.replace(':', ' ')}{secret}",
        standfirst=standfirst,
        blocks=blocks,
        section_slug=section,
        access=access,
        slug="leak-check",
        origin=ORIGIN,
        origin_id=origin_id,
        at=at,
    )
    return int(filed.pk)


def pressed_whole(story: Story) -> bool:
    """Test if the page pressed for who may have it holds every word."""
    page = pressing.rendered(story.story_id)
    return page is not None and all(
        word.encode() in page.full.lower() for word in story.words
    )


# --- A body with a word in every withheld part ----------------------------------------


def body(words: Words, *, draft: bool = False) -> list[Block]:
    """Return a body: a lead-in that all may read, then every kind of block."""
    lead = "Nobody " + "reads " * gate.policy().lead_in_min + "this."
    if draft:
        lead = f"A draft says {words('lead-in')}."
    return [
        Block("paragraph", {"html": lead}),
        Block("paragraph", {"html": _prose(words, "paragraph 2")}),
        Block("heading", {"text": f"Head {words('heading')}", "level": 2}),
        Block("paragraph", {"html": _prose(words, "paragraph 3")}),
        Block(
            "quote",
            {
                "html": f"<p>Said {words('quote')}.</p>",
                "attribution": words("attribution"),
            },
        ),
        Block("list", {"html": f"<ul><li>Item {words('list')}</li></ul>"}),
        *_pictures(words),
        Block(
            "table",
            {
                "rows": [["Head", words("table head")], ["Cell", words("table cell")]],
                "header": True,
                "caption": words("table caption"),
            },
        ),
        Block(
            "embed",
            {
                "url": f"https://video.example/{words('embed address')}",
                "title": f"Film {words('embed title')}",
            },
        ),
        Block("html", {"html": f"<p>Markup {words('html')}.</p>"}),
        Block("paragraph", {"html": _prose(words, "last paragraph")}),
    ]


def _prose(words: Words, place: str) -> str:
    link = f'<a href="https://elsewhere.example/{words(f"link of {place}")}">there</a>'
    return f"It says {words(place)}, and <b>more</b> {link}. It ends {words(place)}."


def _pictures(words: Words) -> Iterator[Block]:
    picture = newsroom.add_picture(
        content=_grey(), filename="grey.png", title="Leak check", alt="A grey square"
    )

    def used(name: str) -> dict[str, object]:
        parts = {
            part: words(f"{part} of {name}") for part in ("alt", "caption", "credit")
        }
        return {"picture": picture, **parts}

    yield Block("image", used("image"))
    yield Block("gallery", {"pictures": [used("gallery 1"), used("gallery 2")]})


def _grey() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), (128, 128, 128)).save(stream, "PNG")
    return stream.getvalue()
