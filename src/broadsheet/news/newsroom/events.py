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
