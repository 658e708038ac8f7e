"""The connection that counts: what breaks it, and that nothing is lost or double."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from broadsheet.gate.core.meter import Ask
from broadsheet.gate.core.vocabulary import Meter, Standing
from broadsheet.gate.store import StoreDown
from broadsheet.gate.store.coalesce import LARGEST
from broadsheet.gate.store.postgres import PostgresStore
from tests.gate.conftest import AT, DEVICE

SINCE = AT - timedelta(days=2)
# The counting connection is the one whose last words were our statement.
KILL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE pid <> pg_backend_pid() AND query LIKE '%INSERT INTO gate_meterrow%'
   AND application_name = 'counting-tests'
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE application_name = 'counting-tests' AND wait_event_type = 'Lock'
"""


def ask(identity: UUID = DEVICE, story: int = 1, limit: int = 3) -> Ask:
    return Ask(identity, story, limit, SINCE, AT)


@pytest.fixture
async def store(conninfo):
    named = psycopg.conninfo.make_conninfo(conninfo, application_name="counting-tests")
    opened = PostgresStore(named)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def other(conninfo):
    """Somebody else's connection to the same database."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


def opened(count: int) -> Meter:
    return Meter(Standing.OPENED, count, 3)


def read(count: int) -> Meter:
    return Meter(Standing.READ, count, 3)


async def until_waiting(other) -> None:
    async with asyncio.timeout(5):
        while other.execute(WAITING).fetchone()[0] == 0:
            await asyncio.sleep(0.02)


async def test_a_connection_killed_at_rest_is_replaced(store, other):
    assert await store.count(ask(story=1)) == opened(1)
    assert other.execute(KILL).fetchall() == [(True,)]
    await asyncio.sleep(0.1)

    assert await store.count(ask(story=2)) == opened(2)
    assert await store.count(ask(story=1)) == read(2)


async def test_a_connection_killed_while_it_counts_counts_once(store, other):
    assert await store.count(ask(story=1)) == opened(1)
    with other.transaction():
        other.execute("SELECT FROM gate_meterrow FOR UPDATE")
        waiting = asyncio.create_task(store.count(ask(story=2)))
        await until_waiting(other)
        assert other.execute(KILL).fetchall() == [(True,)]
        await asyncio.sleep(0.1)

    assert await waiting == opened(2)
    assert await store.count(ask(story=2)) == read(2)


async def test_one_that_waits_too_long_is_down_and_then_exact(store, other):
    assert await store.count(ask(story=1)) == opened(1)
    with other.transaction():
        other.execute("SELECT FROM gate_meterrow FOR UPDATE")
        with pytest.raises(StoreDown):
            await store.count(ask(story=2))
        with pytest.raises(StoreDown, match="a moment ago"):
            await store.count(ask(story=2))
    await asyncio.sleep(1.1)

    assert (await store.count(ask(story=2))).count == 2
    assert await store.count(ask(story=3)) == opened(3)
    assert (await store.count(ask(story=4))).standing is Standing.SPENT


async def test_a_refusal_of_the_database_is_the_stores_fault(store, other):
    assert await store.count(ask(story=1)) == opened(1)
    other.execute("ALTER TABLE gate_meterrow RENAME TO gate_meterrow_gone")
    try:
        with pytest.raises(psycopg.errors.UndefinedTable):
            await store.count(ask(story=2))
    finally:
        other.execute("ALTER TABLE gate_meterrow_gone RENAME TO gate_meterrow")
    assert await store.count(ask(story=2)) == opened(2)


async def test_more_than_one_statement_holds_each_answer_to_its_identity(store):
    people = [uuid4() for _ in range(LARGEST * 2 + 7)]
    for limit, turn in ((3, 1), (3, 2)):
        asks = [ask(one, story=turn, limit=limit) for one in people]
        answers = await asyncio.gather(*map(store.count, asks))
        assert answers == [opened(turn)] * len(people)
    asks = [ask(one, story=1 if place % 2 else 3) for place, one in enumerate(people)]
    answers = await asyncio.gather(*map(store.count, asks))
    assert answers == [
        read(2) if place % 2 else opened(3) for place in range(len(asks))
    ]
