"""
What an import did: counts in and out, and every item that was changed or refused.

The notes lie in a scratch file, because an import of a million posts may have a
million of them.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

KINDS = (
    *("posts", "pages", "other items", "attachments", "authors"),
    *("categories", "tags", "comments", "words"),
)
STORED_NOTES = 5000  # In the row of the run; the whole list is in `--json`.
LAST = 1 << 62
_TITLE = re.compile(r"its title was cut: .*", re.S)
_PLACE = re.compile(r"(?<=its address) /\S*(?= leads)")
_ADDRESS = re.compile(r"https?://\S+(?=:)|https?://\S+")


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that is not as it was, or not here at all."""

    id: int  # WordPress's number of the item; 0 for the file as a whole.
    kind: str
    title: str
    outcome: str  # "changed", "skipped" or "refused"
    reason: str


class Report:
    """Counts and notes, while they are gathered and afterwards."""

    def __init__(self, *, dry_run: bool) -> None:
        self.dry_run = dry_run
        self.came: Counter[str] = Counter()
        self.went: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.title = ""
        self.origin = ""
        self._scratch = sqlite3.connect("")  # A file of its own, gone when closed.
        self._scratch.create_function("gist", 1, _gist)
        self._scratch.execute(
            "CREATE TABLE note (place, id, kind, title, outcome, reason)"
        )
        self._scratch.execute("CREATE INDEX in_order ON note (place)")

    def note(self, note: Note, *, place: int = LAST) -> None:
        """Add a note on the item at `place`; without one it comes after all items."""
        row = (place, note.id, note.kind, note.title[:240], note.outcome, note.reason)
        self._scratch.execute("INSERT INTO note VALUES (?, ?, ?, ?, ?, ?)", row)

    def notes(self) -> Iterator[Note]:
        """Yield every note, in the order of the items in the files."""
        query = (
            "SELECT id, kind, title, outcome, reason FROM note ORDER BY place, rowid"
        )
        for row in self._scratch.execute(query):
            yield Note(*row)

    def reasons(self) -> list[tuple[str, str, int]]:
        """Return (outcome, reason, how many), the most frequent first."""
        return list(
            self._scratch.execute(
                "SELECT outcome, gist(reason), count(*) FROM note GROUP BY 1, 2 "
                "ORDER BY 3 DESC, 1, 2"
            )
        )

    @property
    def nothing_changed(self) -> bool:
        return not (self.outcomes["new"] or self.outcomes["changed"])

    def counts(self) -> list[dict[str, Any]]:
        return [
            {"kind": kind, "in": self.came[kind], "out": self.went[kind]}
            for kind in KINDS
        ]

    def as_json(self, *, limit: int | None = None) -> dict[str, Any]:
        """Return the report as plain data, with at most `limit` notes."""
        notes = []
        total = 0
        for note in self.notes():
            total += 1
            if limit is None or total <= limit:
                notes.append({name: getattr(note, name) for name in Note.__slots__})
        return {
            "site": self.title,
            "origin": self.origin,
            "dry_run": self.dry_run,
            "nothing_changed": self.nothing_changed,
            "counts": self.counts(),
            "stories": dict(sorted(self.outcomes.items())),
            "notes": notes,
            "notes_in_all": total,
        }

    def as_text(self) -> Iterator[str]:
        """Yield the report as lines of at most 80 columns, for people."""
        head = "Dry run: nothing was written. " if self.dry_run else ""
        yield from _wrapped(f"{head}{self.title or 'The export'} ({self.origin})")
        yield ""
        yield f"{'':14}{'in':>14}{'out':>14}{'not here':>14}"
        for row in self.counts():
            lost = row["in"] - row["out"]
            last = f"{lost:>14,}" if lost else ""
            yield f"{row['kind']:14}{row['in']:>14,}{row['out']:>14,}{last}"
        yield ""
        told = (f"{number:,} {name}" for name, number in sorted(self.outcomes.items()))
        yield "Stories: " + (", ".join(told) or "none")
        if self.nothing_changed:
            yield "Nothing changed."
        yield from self._note_lines()

    def _note_lines(self) -> Iterator[str]:
        reasons = self.reasons()
        if not reasons:
            return
        yield ""
        yield "Changed, skipped or refused, by reason:"
        for outcome, reason, number in reasons[:40]:
            head = f"{number:>8,}  {outcome:8}  "
            yield from _wrapped(reason, head=head)
        yield ""
        yield "Every item:"
        told = None
        for note in self.notes():
            item = (note.kind, note.id, note.title)
            if item != told:
                name = f"{note.kind} {note.id}" if note.id else note.kind
                title = f" “{_short(note.title)}”" if note.title else ""
                yield from _wrapped(f"{name}{title}", head="  ")
            told = item
            yield from _wrapped(note.reason, head=f"    {note.outcome:8}  ")


def _gist(reason: str) -> str:
    """Return what the same reason has in common in all items."""
    return _TITLE.sub("its title was cut", _PLACE.sub("", _ADDRESS.sub("…", reason)))


def _short(title: str) -> str:
    return title if len(title) <= 50 else f"{title[:49].rstrip()}…"


def _wrapped(text: str, *, head: str = "") -> Iterator[str]:
    """Yield `text` in lines of 80 columns, indented under its first word."""
    indent = " " * len(head)
    yield from wrap(
        text,
        80,
        initial_indent=head,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,  # An address that is cut cannot be opened.
    ) or [head.rstrip()]
