"""Facts that the newsroom announces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoryPublished:
    """A story went live, or the content of a live one changed."""

    story_id: int
    revision: int


@dataclass(frozen=True, slots=True)
class StoryWithdrawn:
    """A story that was live is no longer to be shown anywhere."""

    story_id: int


@dataclass(frozen=True, slots=True)
class SectionChanged:
    """A section's name or address, which all of its stories repeat, is another."""

    section_id: int


@dataclass(frozen=True, slots=True)
class AuthorChanged:
    """An author's name or address, which all of her stories repeat, is another."""

    author_id: int


@dataclass(frozen=True, slots=True)
class ListingsChanged:
    """The pages at these addresses list something that changed; none named is all."""

    paths: tuple[str, ...] = ()
