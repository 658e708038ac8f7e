"""
Many waiting questions, one statement.

While one batch is being answered the next one gathers, so a lone view waits for
nobody and a thousand views cost a few statements. Views of one reader that ask for one
story together are one question: the first of them may open it, the others read it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import islice
from uuid import UUID

from broadsheet.gate.core.meter import Ask
from broadsheet.gate.core.vocabulary import Meter, Standing

LARGEST = 512  # Questions in one statement.

Waiting = tuple[Ask, "asyncio.Future[Meter]"]
Question = tuple[Ask, "list[asyncio.Future[Meter]]"]  # And all who wait for its answer.
Answer = Callable[[list[Ask]], Awaitable[list[Meter]]]


class Coalescer:
    """Gathers asks, each identity once in a batch, and hands batches to `answer`."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._waiting: dict[UUID, list[Waiting]] = {}
        self._worker: asyncio.Task[None] | None = None

    async def ask(self, ask: Ask) -> Meter:
        """Return the answer. An error of the whole batch is raised to each who waits."""
        future: asyncio.Future[Meter] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(ask.identity, []).append((ask, future))
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
            # Views that have arrived meanwhile shall be in the next batch, not after it.
            await asyncio.sleep(0)

    def _next_batch(self) -> list[Question]:
        """Take the first question of each identity; the others stay for the next."""
        batch = []
        for identity in list(islice(self._waiting, LARGEST)):
            question, rest = _first_question(self._waiting.pop(identity))
            if rest:
                self._waiting[identity] = rest  # At the end: nobody is passed over.
            if question is not None:
                batch.append(question)
        return batch

    async def _answer_batch(self, batch: list[Question]) -> None:
        if not batch:
            return
        try:
            answers = await self._answer([ask for ask, _ in batch])
        except Exception as error:
            for _, futures in batch:
                for future in futures:
                    if not future.done():
                        future.set_exception(error)
            return
        for (_, futures), answer in zip(batch, answers, strict=True):
            _tell(futures, answer)


def _first_question(waiting: list[Waiting]) -> tuple[Question | None, list[Waiting]]:
    """Return the first question with all who ask the same, and who is left."""
    # A reader who has gone costs nothing: what she did not see is not counted.
    there = [each for each in waiting if not each[1].done()]
    if len(there) < 2:
        return (there[0][0], [there[0][1]]) if there else None, []
    first = there[0][0]
    alike = [_same(ask, first) for ask, _ in there]
    futures = [each[1] for each, same in zip(there, alike, strict=True) if same]
    rest = [each for each, same in zip(there, alike, strict=True) if not same]
    return (first, futures), rest


def _same(one: Ask, other: Ask) -> bool:
    """Test if two asks of one identity, waiting at one moment, get one answer."""
    return (one.story_id, one.limit, one.pool) == (
        other.story_id,
        other.limit,
        other.pool,
    )


def _tell(futures: list[asyncio.Future[Meter]], answer: Meter) -> None:
    """Give the answer to all who wait; it was opened, if it was, for the first."""
    first, *others = futures
    if not first.done():
        first.set_result(answer)
    if others and answer.standing is Standing.OPENED:
        answer = replace(answer, standing=Standing.READ)
    for future in others:
        if not future.done():
            future.set_result(answer)
