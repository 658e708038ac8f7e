"""What an export holds, as plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


class NotAnExport(ValueError):
    """The file cannot be read as a WordPress export. The text is one sentence."""


@dataclass(frozen=True, slots=True)
class Site:
    """The channel's own facts; complete only when the first item has begun."""

    title: str = ""
    link: str = ""
    base_url: str = ""
    language: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Author:
    login: str
    name: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A category, a tag, or a term of a plugin's taxonomy."""

    taxonomy: str
    slug: str
    name: str
    parent: str = ""  # Its slug.
    id: int = 0


@dataclass(frozen=True, slots=True)
class Label:
    """A term as an item wears it."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Item:
    """One post, page, attachment, or whatever else a plugin stored as a post."""

    number: int  # Its place in the file, from 1.
    id: int
    kind: str
    status: str
    title: str = ""
    link: str = ""
    guid: str = ""
    slug: str = ""
    password: str = ""
    sticky: bool = False
    creator: str = ""
    coauthors: tuple[Label, ...] = ()
    categories: tuple[Label, ...] = ()
    tags: tuple[Label, ...] = ()
    other_terms: tuple[tuple[str, str], ...] = ()
    published: datetime | None = None  # UTC; None if the file gives no usable date.
    published_local: datetime | None = None  # Naive: the site's own clock.
    modified: datetime | None = None
    modified_local: datetime | None = None
    content: str = ""
    excerpt: str = ""
    parent: int = 0
    attachment_url: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)
    comments: int = 0
    too_long: bool = False  # A field exceeded the limit, and was cut off there.


Record = Site | Author | Term | Item
