"""Which questions go into one statement, and who is told what."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from broadsheet.gate.core import meter
from broadsheet.gate.core.meter import Ask, Reads
from broadsheet.gate.core.vocabulary import Meter
from broadsheet.gate.store.coalesce import Coalescer
from tests.gate.conftest import AT

ANNE, BERT = UUID(int=0xA), UUID(int=0xB)


class Counter:
    """Answers batches by the arithmetic, and remembers what it was asked."""

    def __init__(self) -> None:
        self.reads: dict[UUID, Reads | None] = {}
        self.batches: list[list[tuple[UUID, int]]] = []

    async def answer(self, asks: list[Ask]) -> list[Meter]:
        self.batches.append([(ask.identity, ask.story_id) for ask in asks])
        await asyncio.sleep(0)
        return [self._one(ask) for ask in asks]

    def _one(self, ask: Ask) -> Meter:
        after, found = meter.count(self.reads.get(ask.identity), ask)
        self.reads[ask.identity] = after
        return found


def ask(identity: UUID, story: int, limit: int = 2) -> Ask:
    return Ask(identity, story, limit, AT.replace(day=1), AT)


async def told(counter: Counter, *asks: Ask) -> list[tuple[str, int]]:
    together = Coalescer(counter.answer)
    meters = await asyncio.gather(*(together.ask(each) for each in asks))
    return [(each.standing.value, each.count) for each in meters]


async def test_one_reader_who_asks_for_one_story_many_times_asks_once():
    counter = Counter()

    answers = await told(counter, *[ask(ANNE, 1)] * 40, ask(BERT, 1))

    assert answers == [("opened", 1), *[("read", 1)] * 39, ("opened", 1)]
    assert counter.batches == [[(ANNE, 1), (BERT, 1)]]


async def test_another_story_or_another_limit_waits_for_its_own_answer():
    counter = Counter()

    answers = await told(
        counter, ask(ANNE, 1), ask(ANNE, 2), ask(ANNE, 3), ask(ANNE, 3, limit=3)
    )

    assert answers == [("opened", 1), ("opened", 2), ("spent", 2), ("opened", 3)]
    assert counter.batches == [[(ANNE, story)] for story in (1, 2, 3, 3)]


async def test_a_spent_answer_is_shared_as_it_is():
    counter = Counter()
    await told(counter, ask(ANNE, 1), ask(ANNE, 2))

    assert await told(counter, *[ask(ANNE, 3)] * 3) == [("spent", 2)] * 3


async def test_the_first_who_is_still_there_opens_and_nobody_asks_for_who_has_gone():
    counter = Counter()
    together = Coalescer(counter.answer)
    busy = asyncio.create_task(together.ask(ask(BERT, 1)))
    await asyncio.sleep(0)
    gone, stays, other = (
        asyncio.create_task(together.ask(ask(ANNE, story))) for story in (1, 1, 2)
    )
    await asyncio.sleep(0)
    gone.cancel()
    other.cancel()

    assert (await stays).standing.value == "opened"
    assert (await busy).standing.value == "opened"
    await together.close()
    assert counter.batches == [[(BERT, 1)], [(ANNE, 1)]]


async def test_an_error_is_told_to_all_who_share_the_question():
    async def fails(asks: list[Ask]) -> list[Meter]:
        raise OSError("gone")

    together = Coalescer(fails)
    asked = [asyncio.create_task(together.ask(ask(ANNE, 1))) for _ in range(3)]

    for each in asked:
        with pytest.raises(OSError, match="gone"):
            await each
