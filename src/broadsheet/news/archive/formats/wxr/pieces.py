"""What a body is made of once it is converted: the newsroom's blocks, still plain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Piece:
    """
    One block: its kind and data as the newsroom's `Block` has them, but a picture is
    still a `Shot`: image{shot} · gallery{shots}.
    """

    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture as the post shows it: where it was, and what was said about it."""

    url: str = ""
    attachment: int = 0
    alt: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a body's conversion asks about the rest of the export."""

    link: Callable[[str], str] = field(default=lambda url: url)
    gallery: Callable[[Sequence[int]], Sequence[Shot]] = field(default=lambda _ids: ())
    children: Callable[[], Sequence[Shot]] = field(default=lambda: ())
    reusable: Callable[[int], str] = field(default=lambda _id: "")
