"""
Many waiting questions, one statement.

While one batch is being answered the next one gathers, so a lone view waits for
nobody and a thousand views cost a few statements.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from uuid import UUID

from broadsheet.gate.core.meter import Ask
from broadsheet.gate.core.vocabulary import Meter

LARGEST = 512  # Questions in one statement.

Waiting = tuple[Ask, "asyncio.Future[Meter]"]
Answer = Callable[[list[Ask]], Awaitable[list[Meter]]]


class Coalescer:
    """Gathers asks, each identity once in a batch, and hands batches to `answer`."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._waiting: dict[UUID, deque[Waiting]] = {}
        self._worker: asyncio.Task[None] | None = None

    async def ask(self, ask: Ask) -> Meter:
        """Return the answer. An error of the whole batch is raised to each who waits."""
        future: asyncio.Future[Meter] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(ask.identity, deque()).append((ask, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await future

    async def close(self) -> None:
        """Wait until nobody waits."""
        if self._worker is not None:
            await self._worker

    async def _work(self) -> None:
        while self._waiting:
            await self._answer_batch(self._next_batch())

    def _next_batch(self) -> list[Waiting]:
        """Take the first question of each identity; the others stay for the next."""
        batch = []
        for identity in list(islice(self._waiting, LARGEST)):
            queue = self._waiting.pop(identity)
            batch.append(queue.popleft())
            if queue:
                self._waiting[identity] = queue  # At the end: nobody is passed over.
        # A reader who has gone costs nothing: what she did not see is not counted.
        return [waiting for waiting in batch if not waiting[1].done()]

    async def _answer_batch(self, batch: list[Waiting]) -> None:
        if not batch:
            return
        try:
            answers = await self._answer([ask for ask, _ in batch])
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
