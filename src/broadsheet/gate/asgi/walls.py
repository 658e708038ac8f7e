"""
Which words meet a reader at the wall, and a tally of the rules that chose them.

A view costs nothing where the desk has made no rules, and where the story is open. What
is counted is written by a task, many views at a time; if it cannot be, the tally waits,
and above its bound it is given up before any view is.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import date, datetime

from broadsheet.gate.core.audience import (
    Audience,
    Chosen,
    choose,
    device_of,
    language_of,
    section_in,
    segment_of,
    source_of,
)
from broadsheet.gate.core.decide import decide
from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import Orders, Purpose, Reading, Reason
from broadsheet.gate.store import StoreDown
from broadsheet.gate.store.walls import Hit, WallBook

from .request import Scope

WRITE_EVERY = 5.0  # Seconds.
MOST = 10_000  # Lines of the tally: rules times days, and far from ever reached.
_AT_A_WALL = frozenset((Reason.SPENT, Reason.DOWN_CLOSED, Reason.PREMIUM))
_LOOKED_AT = (
    b"referer",
    b"host",
    b"user-agent",
    b"sec-ch-ua-mobile",
    b"accept-language",
)

Line = tuple[int, date, bool]  # Rule, day, and whether it was shown.


class Walls:
    """Chooses variants by the desk's rules, and tells `book` how often which won."""

    def __init__(self, book: WallBook | None = None) -> None:
        self._book = book
        self._tally: Counter[Line] = Counter()
        self._writer: asyncio.Task[None] | None = None

    def variant(
        self,
        reading: Reading,
        visitor: Visitor,
        orders: Orders,
        scope: Scope,
        at: datetime,
    ) -> str:
        """Return the name of the variant that this view is shown; mostly none."""
        if not orders.walls or decide(reading).reason not in _AT_A_WALL:
            return ""
        chosen = choose(orders.walls, audience_of(reading, visitor, scope))
        if reading.purpose is Purpose.READ:
            self._note(chosen, at.astimezone(orders.zone).date())
        return chosen.variant

    def _note(self, chosen: Chosen, day: date) -> None:
        if self._book is None or len(self._tally) >= MOST:
            return
        for rule, shown in ((chosen.shown, True), (chosen.would, False)):
            if rule is not None:
                self._tally[rule.rule_id, day, shown] += 1
        if self._tally and (self._writer is None or self._writer.done()):
            self._writer = asyncio.create_task(self._write_soon())

    async def _write_soon(self) -> None:
        while self._tally:
            await asyncio.sleep(WRITE_EVERY)
            await self._write()

    async def _write(self) -> None:
        if self._book is None or not self._tally:
            return
        tally, self._tally = self._tally, Counter()
        hits = [Hit(*line, times) for line, times in sorted(tally.items())]
        try:
            await self._book.write(hits)
        except (StoreDown, asyncio.CancelledError) as error:
            self._tally.update(tally)  # Another time, with what came meanwhile.
            if not isinstance(error, StoreDown):
                raise

    async def close(self) -> None:
        """Write what is tallied, and end."""
        if self._writer is not None:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
        await self._write()


def audience_of(reading: Reading, visitor: Visitor, scope: Scope) -> Audience:
    """Return who stands at the wall, by what the request says of her."""
    said = dict.fromkeys(_LOOKED_AT, "")
    for name, value in scope["headers"]:
        if name in said:
            said[name] = value.decode("latin-1")
    return Audience(
        segment_of(visitor.reader),
        section_in(reading.story.path),
        reading.story.access,
        source_of(said[b"referer"], said[b"host"]),
        device_of(said[b"user-agent"], said[b"sec-ch-ua-mobile"]),
        language_of(said[b"accept-language"]),
    )
