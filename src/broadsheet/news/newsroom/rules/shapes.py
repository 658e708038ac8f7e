"""What the newsroom hands out: frozen values, ready to be rendered or serialised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """An image in several widths; width and height are those of `src`."""

    src: str
    srcset: str
    width: int
    height: int
    alt: str
    caption: str
    credit: str


@dataclass(frozen=True, slots=True)
class Byline:
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Correction:
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class SectionLink:
    name: str
    slug: str
    path: str


@dataclass(frozen=True, slots=True)
class Teaser:
    """A story as a listing shows it. Nothing of its body is in here."""

    story_id: int
    path: str
    headline: str
    standfirst: str
    section_name: str
    section_path: str
    byline: str
    published_at: datetime
    access: str
    picture: Picture | None
    reading_minutes: int


@dataclass(frozen=True, slots=True)
class StoryPage:
    """A story's page, without its body: that takes a decision of the gate."""

    story_id: int
    revision: int
    path: str
    headline: str
    standfirst: str
    section_name: str
    section_path: str
    bylines: tuple[Byline, ...]
    agency: str
    dateline: str
    published_at: datetime
    updated_at: datetime
    access: str
    picture: Picture | None
    tags: tuple[tuple[str, str], ...]
    word_count: int
    reading_minutes: int
    corrections: tuple[Correction, ...]
    related: tuple[Teaser, ...]

    @property
    def is_updated(self) -> bool:
        return self.updated_at > self.published_at


@dataclass(frozen=True, slots=True)
class Standing:
    """What the gate and a site map need to know of a live story."""

    story_id: int
    revision: int
    path: str
    section: str
    access: str
    published_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a river. `next_cursor` asks for the page after it."""

    title: str
    description: str
    path: str
    teasers: tuple[Teaser, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class FrontPage:
    """The front page. No story appears twice on it, picks included."""

    lead: Teaser | None
    seconds: tuple[Teaser, ...]
    picks: tuple[Teaser, ...]
    river: tuple[Teaser, ...]
    sections: tuple[tuple[SectionLink, tuple[Teaser, ...]], ...]
    until: datetime | None = None  # When the lead has led for long enough.
