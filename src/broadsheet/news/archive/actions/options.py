"""How an engineer wants an export brought in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    dry_run: bool = False
    limit: int | None = None  # Posts to bring in, at most.
    section_map: dict[str, str] = field(default_factory=dict)
    also: frozenset[str] = frozenset()  # Kinds of post that hold stories too.
    fetch_pictures: bool = True
    pictures_from: Path | None = None
    allowed_hosts: frozenset[str] = frozenset()
    by: str = ""
