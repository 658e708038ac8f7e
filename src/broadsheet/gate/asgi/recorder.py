"""
The recorder: keeps the decisions that somebody may ask about, off the readers' path.

A view costs it a look at the reason and a place in a queue. A task writes the queue, many
at a time. When the database is behind, the queue fills up; what finds no room in it is
not recorded, and counted among the faults.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from datetime import datetime

from broadsheet.gate.core.record import unrecorded
from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import (
    Decision,
    Orders,
    Purpose,
    Reading,
    Reason,
)
from broadsheet.gate.store import StoreDown
from broadsheet.gate.store.records import Archive, Unwritable, View

from .memory import Tally

MOST = 50_000  # Views in memory, some tens of megabytes.
WRITE_EVERY = 1.0  # Seconds.
TOGETHER = 500  # Views in a statement: half a millisecond of the gate's time.
FAULT = "record"


class Recorder:
    """Without an `archive` it keeps nothing."""

    def __init__(self, archive: Archive | None = None, *, most: int = MOST) -> None:
        self._archive, self._most = archive, most
        self._views: deque[tuple[Orders, View]] = deque()
        self._orders: Orders | None = None
        self._unrecorded: frozenset[Reason] = frozenset(Reason)
        self._numbered: tuple[Orders | None, int] = (None, 0)
        self._writer: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self.tally = Tally()

    def note(
        self,
        orders: Orders,
        visitor: Visitor,
        reading: Reading,
        decision: Decision,
        at: datetime,
    ) -> None:
        """Note a view. Costs next to nothing now; a task writes it in a moment."""
        if orders is not self._orders:
            self._take(orders)
        if decision.reason in self._unrecorded or reading.purpose is not Purpose.READ:
            return
        identity = visitor.identity
        if identity is None:
            return
        if len(self._views) >= self._most:
            self.tally.faults[FAULT] += 1
            return
        known = visitor.reader is not None
        self._views.append((orders, View(at, identity, known, reading, decision)))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_soon())

    def _take(self, orders: Orders) -> None:
        self._orders = orders
        if self._archive is not None:
            self._unrecorded = unrecorded(orders.recording)

    async def _write_soon(self) -> None:
        try:
            while self._views and not self._closing.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), WRITE_EVERY)
                with suppress(StoreDown):  # They stay, as far as there is room.
                    await self._write_all()
        finally:
            self._writer = None

    async def _write_all(self) -> None:
        while self._views:
            batch = self._batch()
            try:
                await self._write(batch)
            except Unwritable:
                self.tally.faults[FAULT] += len(batch)
            for _ in batch:
                self._views.popleft()

    def _batch(self) -> list[View]:
        """Return the first views in the queue that were decided under one policy."""
        first = self._views[0][0]
        batch: list[View] = []
        for orders, view in self._views:
            if orders is not first or len(batch) == TOGETHER:
                break
            batch.append(view)
        return batch

    async def _write(self, batch: list[View]) -> None:
        if self._archive is None:
            return
        orders = self._views[0][0]
        if self._numbered[0] is not orders:
            number = await self._archive.edition(orders, batch[0].at)
            self._numbered = (orders, number)
        await self._archive.write(batch, self._numbered[1])

    async def close(self) -> None:
        """Write what is noted, and end. What cannot be written now is lost."""
        # Not cancelled: a batch that is just being written would be written twice.
        self._closing.set()
        if self._writer is not None:
            await self._writer
        if self._archive is not None:
            with suppress(StoreDown):
                await self._write_all()
            if self._views:
                self.tally.faults[FAULT] += len(self._views)
            await self._archive.close()
