"""How far a long command is, how fast, and how long it will take; on stderr."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

from broadsheet.kit import clock


class Progress:
    """Says where it is at most twice a second, and only to a terminal or if told to."""

    def __init__(self, start: datetime, end: datetime, *, loud: bool | None = None):
        self._start, self._end = start, end
        self._began = self._said = clock.steady()
        self._loud = sys.stderr.isatty() if loud is None else loud

    def at(self, now: datetime, note: str = "") -> None:
        if not self._loud or clock.steady() - self._said < 0.5:
            return
        self._said = clock.steady()
        gone, whole = now - self._start, self._end - self._start
        seconds = self._said - self._began
        rate = gone.total_seconds() / 86_400 / seconds
        left = (
            timedelta(seconds=int(seconds * ((whole - gone) / gone))) if gone else "?"
        )
        print(
            f"\r{now:%Y-%m-%d}  {gone / whole:4.0%}  {rate:.1f} days a second"
            f"  {left} left  {note}\x1b[K",
            end="",
            file=sys.stderr,
            flush=True,
        )

    def done(self) -> None:
        if self._loud:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
