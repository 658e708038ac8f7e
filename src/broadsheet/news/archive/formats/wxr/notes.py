"""What the conversion of one post changed or dropped, so that nobody has to guess."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

_KINDS_LIMIT = 200  # A hostile post could make up a new kind with every word.


@dataclass(slots=True)
class Notes:
    """Counted sentences: “dropped the shortcode [ad]” → 3."""

    counts: Counter[str] = field(default_factory=Counter)

    borrowed: int = 0  # Words that another item of the export lent to this text.

    def add(self, sentence: str) -> None:
        if sentence in self.counts or len(self.counts) < _KINDS_LIMIT:
            self.counts[sentence] += 1

    def sentences(self) -> tuple[str, ...]:
        return tuple(
            text if times == 1 else f"{text} ({times} times)"
            for text, times in self.counts.items()
        )
