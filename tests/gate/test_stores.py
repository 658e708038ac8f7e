"""One suite of behaviour, for every store."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from broadsheet.gate.core.meter import Ask, period_start
from broadsheet.gate.core.vocabulary import Meter, Standing
from broadsheet.gate.store.memory import MemoryStore
from broadsheet.gate.store.postgres import PostgresStore
from broadsheet.gate.store.valkey import ValkeyStore

IST = ZoneInfo("Asia/Kolkata")
ANNE = UUID(int=0xA)
DEVICE = UUID(int=0xD)


@pytest.fixture(params=["postgres", "valkey", "valkey_cluster"])
def kept(request, conninfo):
    """A store that outlives its process."""
    if request.param == "postgres":
        return PostgresStore(conninfo)
    return ValkeyStore(conninfo, request.getfixturevalue(request.param).address)


@pytest.fixture(params=["memory", "postgres", "valkey", "valkey_cluster"])
async def store(request, conninfo):
    match request.param:
        case "memory":
            opened = MemoryStore()
        case "postgres":
            opened = PostgresStore(conninfo)
        case servers:
            address = request.getfixturevalue(servers).address
            opened = ValkeyStore(conninfo, address)
    await opened.open()
    yield opened
    await opened.close()


def ask(
    story: int, at: datetime, *, identity=ANNE, limit=3, period="month", pool=""
) -> Ask:
    since = period_start(period, IST, at)
    return Ask(identity, story, limit, since, at, pool=pool)


async def read(store, stories, at, **options) -> list[tuple[str, int]]:
    meters = [await store.count(ask(story, at, **options)) for story in stories]
    return [(meter.standing.value, meter.count) for meter in meters]


async def test_the_wall_comes_at_one_more_than_the_limit_and_never_before(store, at):
    assert await read(store, (1, 2, 3, 4, 5), at) == [
        ("opened", 1),
        ("opened", 2),
        ("opened", 3),
        ("spent", 3),
        ("spent", 3),
    ]


async def test_a_story_read_again_costs_nothing_even_when_all_are_spent(store, at):
    await read(store, (1, 2, 3, 4), at)

    assert await read(store, (1, 3, 2, 4), at + timedelta(days=9)) == [
        ("read", 3),
        ("read", 3),
        ("read", 3),
        ("spent", 3),
    ]


async def test_the_month_is_the_publications_own(store):
    last_minute = datetime(2026, 8, 31, 18, 29, 59, tzinfo=UTC)  # 23:59:59 in Mumbai.
    assert await read(store, (1, 2, 3, 4), last_minute) == [
        ("opened", 1),
        ("opened", 2),
        ("opened", 3),
        ("spent", 3),
    ]

    september = last_minute + timedelta(seconds=1)

    assert await read(store, (4, 1), september) == [("opened", 1), ("opened", 2)]


async def test_thirty_days_roll(store, at):
    days = [timedelta(days=day) for day in (0, 10, 20)]
    for story, day in enumerate(days):
        await read(store, (story,), at + day, period="rolling30")

    just_before = at + timedelta(days=30)
    just_after = just_before + timedelta(seconds=1)

    assert await read(store, (9,), just_before, period="rolling30") == [("spent", 3)]
    assert await read(store, (9,), just_after, period="rolling30") == [("opened", 3)]
    assert await read(store, (0,), just_after, period="rolling30") == [("spent", 3)]


async def test_a_clock_put_back_opens_no_period_again(store):
    july = datetime(2026, 7, 31, 12, tzinfo=UTC)
    august = datetime(2026, 8, 1, 12, tzinfo=UTC)
    await read(store, (1, 2, 3), july)
    assert await read(store, (4, 5, 6, 7), august) == [
        ("opened", 1),
        ("opened", 2),
        ("opened", 3),
        ("spent", 3),
    ]

    assert await read(store, (4, 7, 1), july) == [
        ("read", 3),
        ("spent", 3),
        ("spent", 3),
    ]


async def test_what_is_read_under_a_clock_put_back_counts_in_the_period(store):
    august = datetime(2026, 8, 1, 12, tzinfo=UTC)
    july = datetime(2026, 7, 31, 12, tzinfo=UTC)
    await read(store, (1,), august)

    assert await read(store, (2, 3, 4), july) == [
        ("opened", 2),
        ("opened", 3),
        ("spent", 3),
    ]
    assert await read(store, (4, 2), august) == [("spent", 3), ("read", 3)]


async def test_looking_opens_nothing(store, at):
    for _ in range(5):
        assert await store.peek(ask(1, at)) == Meter(Standing.UNREAD, 0, 3)
    await read(store, (1, 2, 3), at)

    assert await store.peek(ask(1, at)) == Meter(Standing.READ, 3, 3)
    assert await store.peek(ask(4, at)) == Meter(Standing.SPENT, 3, 3)


async def test_a_limit_of_none_opens_nothing_and_keeps_what_was_open(store, at):
    assert await read(store, (1,), at, limit=0) == [("spent", 0)]
    assert await read(store, (1,), at, limit=1) == [("opened", 1)]
    assert await read(store, (1, 2), at, limit=0) == [("read", 1), ("spent", 1)]


async def test_identities_do_not_share(store, at):
    await read(store, (1, 2, 3), at)

    assert await read(store, (1,), at, identity=DEVICE) == [("opened", 1)]


async def test_the_two_sets_are_united_and_never_summed(store, at):
    await read(store, (1, 2, 3), at, identity=DEVICE)
    await read(store, (3, 4), at, identity=ANNE)

    await store.unite(DEVICE, ANNE)

    for identity, limit in ((ANNE, 5), (DEVICE, 4)):
        for story in (1, 2, 3, 4):
            meter = await store.peek(ask(story, at, identity=identity, limit=limit))
            assert meter == Meter(Standing.READ, 4, limit)
    assert await read(store, (5, 6), at, limit=5) == [("opened", 5), ("spent", 5)]
    assert await read(store, (5,), at, identity=DEVICE, limit=3) == [("spent", 4)]


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_uniting_again_changes_nothing(store, at, times):
    await read(store, (1, 2), at, identity=DEVICE)
    for _ in range(times):
        await store.unite(DEVICE, ANNE)

    assert await read(store, (1, 2, 3, 4), at) == [
        ("read", 2),
        ("read", 2),
        ("opened", 3),
        ("spent", 3),
    ]


async def test_a_union_of_nothing_leaves_everything_open(store, at):
    await store.unite(DEVICE, ANNE)

    assert await read(store, (1,), at) == [("opened", 1)]


async def test_a_union_drops_with_its_period(store):
    august, september = (datetime(2026, month, 20, tzinfo=UTC) for month in (8, 9))
    await read(store, (1, 2), august, identity=DEVICE)
    await read(store, (3,), september)

    await store.unite(DEVICE, ANNE)

    assert await read(store, (1,), september) == [("opened", 2)]


@pytest.mark.parametrize("period", ["month", "rolling30"])
@pytest.mark.parametrize("first", [DEVICE, ANNE])
async def test_a_union_lets_no_story_cost_twice(store, period, first):
    """Read here in a period that is over, and there in this one: it counts by this."""
    days = [
        datetime(2026, 8, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in (0, 20, 40)
    ]
    second = ANNE if first is DEVICE else DEVICE
    read_again = days[2] if period == "month" else days[1]
    await read(store, (3,), days[0], identity=first, period=period)
    await read(store, (3,), read_again, identity=second, period=period)

    await store.unite(DEVICE, ANNE)

    for identity in (DEVICE, ANNE):
        seen = await read(store, (3,), days[2], identity=identity, period=period)
        assert seen == [("read", 1)]


async def test_what_is_erased_is_gone(store, at):
    await read(store, (1, 2, 3), at)

    await store.erase(ANNE)

    assert await read(store, (4,), at) == [("opened", 1)]


async def test_exactly_the_limit_opens_of_many_asked_at_once(store, at):
    asks = [ask(story % 50, at, limit=7) for story in range(400)]

    meters = await asyncio.gather(*(store.count(one) for one in asks))

    answered = [(one.story_id, m.standing) for one, m in zip(asks, meters, strict=True)]
    opened = [story for story, standing in answered if standing is Standing.OPENED]
    again = {story for story, standing in answered if standing is Standing.READ}
    assert len(opened) == len(set(opened)) == 7
    assert again == set(opened)


async def test_many_identities_at_once_each_get_their_own_answer(store, at):
    asks = [
        ask(story, at, identity=UUID(int=who), limit=2)
        for story in (1, 2, 3)
        for who in range(300)
    ]

    meters = await asyncio.gather(*(store.count(one) for one in asks))

    standings = [meter.standing for meter in meters]
    assert standings == [Standing.OPENED] * 600 + [Standing.SPENT] * 300


async def test_a_lowered_limit_keeps_what_was_open(store, at):
    await read(store, (1, 2, 3), at)
    lower = replace(ask(2, at), limit=1)

    assert await store.count(lower) == Meter(Standing.READ, 3, 1)
    assert await store.count(replace(lower, story_id=4)) == Meter(Standing.SPENT, 3, 1)


async def test_each_pool_has_its_own_limit_and_they_do_not_share(store, at):
    assert await read(store, (1, 2, 3), at, limit=2, pool="opinion") == [
        ("opened", 1),
        ("opened", 2),
        ("spent", 2),
    ]
    assert await read(store, (11, 12, 13, 14), at) == [
        ("opened", 1),
        ("opened", 2),
        ("opened", 3),
        ("spent", 3),
    ]
    assert await read(store, (21, 22), at, limit=1, pool="games") == [
        ("opened", 1),
        ("spent", 1),
    ]
    assert await store.peek(ask(3, at, limit=3, pool="opinion")) == Meter(
        Standing.UNREAD, 2, 3
    )
    assert await store.peek(ask(14, at)) == Meter(Standing.SPENT, 3, 3)


async def test_what_was_paid_for_in_one_pool_is_paid_for_in_every_other(store, at):
    """A section moved to another pool in the middle of the month, and back."""
    await read(store, (1, 2, 3), at)

    moved = {"pool": "opinion", "limit": 1}
    assert await store.peek(ask(1, at, **moved)) == Meter(Standing.READ, 0, 1)
    assert await read(store, (1, 2, 3), at, **moved) == [("read", 0)] * 3
    assert await read(store, (4, 5), at, **moved) == [("opened", 1), ("spent", 1)]
    # Moved back, or its pool taken away: it costs the shared pool nothing.
    assert await read(store, (4, 5), at, limit=4) == [("read", 3), ("opened", 4)]


async def test_a_login_unites_all_pools(store, at):
    await read(store, (1, 2), at, identity=DEVICE, limit=2, pool="opinion")
    await read(store, (11,), at, identity=DEVICE)
    await read(store, (2, 3), at, limit=9, pool="opinion")
    await read(store, (11, 12), at)

    await store.unite(DEVICE, ANNE)

    for identity in (DEVICE, ANNE):
        for story, pool, drawn in ((1, "opinion", 3), (3, "opinion", 3), (12, "", 2)):
            one = ask(story, at, identity=identity, limit=5, pool=pool)
            assert await store.peek(one) == Meter(Standing.READ, drawn, 5)


async def test_a_story_read_in_two_pools_is_united_into_the_later(store, at):
    later = at + timedelta(hours=1)
    await read(store, (1,), later, identity=DEVICE, pool="a")
    await read(store, (1,), at, pool="b")
    await read(store, (2,), at, identity=DEVICE, pool="b")
    await read(store, (2,), at, pool="a")

    await store.unite(DEVICE, ANNE)

    for identity in (DEVICE, ANNE):
        for pool in ("a", "b"):
            one = ask(9, at, identity=identity, pool=pool)
            assert await store.peek(one) == Meter(Standing.UNREAD, 1, 3)


async def test_all_pools_are_erased_and_all_end_with_the_period(store):
    august, september = (datetime(2026, month, 20, tzinfo=UTC) for month in (8, 9))
    for pool in ("", "opinion"):
        await read(store, (1, 2, 3), august, identity=DEVICE, pool=pool)
        await read(store, (4, 5, 6), august, pool=pool)

    await store.erase(DEVICE)

    for pool in ("", "opinion"):
        one = ask(1, august, identity=DEVICE, pool=pool)
        assert await store.peek(one) == Meter(Standing.UNREAD, 0, 3)
    opened = await read(store, (4, 7), september, pool="opinion")
    assert opened == [("opened", 1), ("opened", 2)]
    assert await read(store, (7, 8, 4), august, pool="opinion") == [
        ("read", 2),  # A clock put back opens no pool's period again.
        ("opened", 3),
        ("read", 3),
    ]


async def test_exactly_each_pools_limit_opens_of_many_asked_at_once(store, at):
    limits = {"": 3, "opinion": 2, "games": 5}
    asks = [
        ask(story, at, limit=limits[pool], pool=pool)
        for _ in range(2)
        for story in range(1, 151)
        for pool in [("", "opinion", "games")[story % 3]]
    ]

    meters = await asyncio.gather(*(store.count(one) for one in asks))

    opened = [
        one.pool
        for one, meter in zip(asks, meters, strict=True)
        if meter.standing is Standing.OPENED
    ]
    assert {pool: opened.count(pool) for pool in limits} == limits


@pytest.mark.parametrize("seed", range(5))
async def test_each_store_says_what_memory_says_through_any_life(kept, seed, at):
    lot = random.Random(seed)
    memory = MemoryStore()
    await kept.open()
    said = []
    try:
        for _ in range(150):
            at += timedelta(hours=lot.randint(-30, 90))
            identity = UUID(int=lot.randint(1, 3))
            limit, period = lot.randint(0, 4), lot.choice(("month", "rolling30"))
            story, pool = lot.randint(1, 6), lot.choice(("", "", "opinion", "games"))
            one = ask(
                story, at, identity=identity, limit=limit, period=period, pool=pool
            )
            verb = lot.choice(("count", "count", "count", "peek", "unite", "erase"))
            if verb == "unite":
                others = (identity, UUID(int=lot.randint(4, 5)))
                await memory.unite(*others)
                await kept.unite(*others)
            elif verb == "erase" and lot.random() < 0.3:
                await memory.erase(identity)
                await kept.erase(identity)
            elif verb in ("count", "peek"):
                answers = [await getattr(store, verb)(one) for store in (memory, kept)]
                said.append(answers[0].standing)
                assert answers[0] == answers[1], (verb, one)
    finally:
        await kept.close()
    assert set(said) == {
        Standing.OPENED,
        Standing.READ,
        Standing.UNREAD,
        Standing.SPENT,
    }
