"""The meter in Valkey: what only a server apart can do, and what it must survive."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from broadsheet.gate.core.meter import Ask, period_end, period_start
from broadsheet.gate.core.vocabulary import Meter, Standing
from broadsheet.gate.store import StoreDown, scripts
from broadsheet.gate.store.blocking import BlockingMeter
from broadsheet.gate.store.valkey import ValkeyMeter
from broadsheet.plumbing.meter_address import MeterAddress
from tests.gate.valkeys import until

IST = ZoneInfo("Asia/Kolkata")
ANNE = UUID(int=0xA)
DEVICE = UUID(int=0xD)
DAY = timedelta(days=1)

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def meter(valkeys):
    opened = ValkeyMeter(valkeys.address)
    yield opened
    await opened.close()


def ask(story: int, at: datetime, *, identity=ANNE, limit=3, period="month") -> Ask:
    since, until_ = period_start(period, IST, at), period_end(period, IST, at)
    return Ask(identity, story, limit, since, at, until_)


def owner(valkeys, identity: UUID):
    """Return the server that has the identity's row."""
    key = scripts.key(identity)
    return valkeys.master_of(key) if hasattr(valkeys, "master_of") else valkeys


def left(valkeys, identity: UUID) -> float:
    """Return the seconds that the identity's row has left."""
    with owner(valkeys, identity).client() as client:
        return client.pttl(scripts.key(identity)) / 1000


async def stories(meter, at, identity) -> set[int]:
    found = set()
    for story in range(1, 21):
        seen = await meter.peek(ask(story, at, identity=identity, limit=99))
        if seen.standing is Standing.READ:
            found.add(story)
    return found


def apart(valkeys) -> tuple[UUID, UUID]:
    """Return two identities whose rows are on two servers, if there are two."""
    first = owner(valkeys, ANNE)
    others = (UUID(int=number) for number in range(100, 200))
    return ANNE, next(one for one in others if owner(valkeys, one) is not first)


# --- How long a row is kept -------------------------------------------------------


async def test_a_row_goes_a_day_after_its_period(meter, valkeys, at):
    month_end = datetime(2026, 8, 31, 18, 30, tzinfo=UTC)
    await meter.count(ask(1, at))
    await meter.count(ask(1, at, identity=DEVICE, period="rolling30"))

    assert left(valkeys, ANNE) == pytest.approx(
        (month_end + DAY - at).total_seconds(), abs=30
    )
    assert left(valkeys, DEVICE) == pytest.approx(31 * DAY.total_seconds(), abs=30)


async def test_reading_again_or_in_vain_keeps_no_row_longer(meter, valkeys, at):
    for story in (1, 2, 3):
        await meter.count(ask(story, at, period="rolling30"))

    for story in (1, 4):
        await meter.count(ask(story, at + 9 * DAY, period="rolling30"))
        await meter.peek(ask(story, at + 9 * DAY, period="rolling30"))

    assert left(valkeys, ANNE) == pytest.approx(31 * DAY.total_seconds(), abs=30)


async def test_a_clock_put_back_lets_no_row_go_earlier(meter, valkeys, at):
    await meter.count(ask(1, at))
    before = left(valkeys, ANNE)

    july = datetime(2026, 7, 31, 12, tzinfo=UTC)
    assert (await meter.count(ask(2, july))).standing is Standing.OPENED

    assert left(valkeys, ANNE) == pytest.approx(before, abs=30)


async def test_a_union_is_kept_as_long_as_either(meter, valkeys, at):
    await meter.count(ask(1, at, identity=DEVICE, period="rolling30"))
    await meter.count(ask(2, at + 25 * DAY))

    await meter.unite(DEVICE, ANNE)

    for identity in (DEVICE, ANNE):
        kept = left(valkeys, identity)
        assert kept == pytest.approx(31 * DAY.total_seconds(), abs=30)


async def test_what_is_erased_leaves_no_row(meter, valkeys, at):
    await meter.count(ask(1, at))
    await meter.count(ask(1, at, identity=DEVICE))

    await meter.erase(ANNE)

    assert list(valkeys.rows()) == [scripts.key(DEVICE)]


async def test_a_union_of_nothing_leaves_no_row(meter, valkeys):
    await meter.unite(DEVICE, ANNE)

    assert valkeys.rows() == {}


# --- Exactness --------------------------------------------------------------------


def test_exactly_the_limit_opens_for_64_threads(valkeys, at):
    meters = [BlockingMeter(valkeys.address) for _ in range(2)]
    asks = [
        (meters[story % 2], ask(story % 50, at, identity=UUID(int=who), limit=7))
        for story in range(100)
        for who in range(1, 9)
    ]

    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(lambda one: one[0].count(one[1]), asks))

    opened = Counter(
        (one.identity, one.story_id)
        for (_, one), answer in zip(asks, answers, strict=True)
        if answer.standing is Standing.OPENED
    )
    assert set(opened.values()) == {1}
    assert Counter(who for who, _ in opened) == {UUID(int=n): 7 for n in range(1, 9)}
    kept = {key: len(row) - 1 for key, row in valkeys.rows().items()}
    assert kept == {scripts.key(UUID(int=n)): 7 for n in range(1, 9)}


async def test_unions_and_views_at_once_lose_no_story(meter, valkeys, at):
    reader, device = apart(valkeys) if hasattr(valkeys, "nodes") else (ANNE, DEVICE)
    views = [
        ask(story, at, identity=who, limit=20)
        for story in range(1, 11)
        for who in (reader, device)
        if story % 2 == (who == reader)
    ]
    unions = [meter.unite(device, reader) for _ in range(8)]

    await asyncio.gather(*unions, *(meter.count(one) for one in views))
    await meter.unite(device, reader)

    for identity in (reader, device):
        assert await stories(meter, at, identity) == set(range(1, 11))


async def test_a_union_broken_off_is_completed_by_doing_it_again(valkey_cluster, at):
    reader, device = apart(valkey_cluster)
    meter = ValkeyMeter(valkey_cluster.address)
    for story in (1, 2):
        await meter.count(ask(story, at, identity=device))
    await meter.count(ask(3, at, identity=reader))

    stopped = owner(valkey_cluster, reader)
    stopped.signal(signal.SIGSTOP)
    try:
        with pytest.raises(StoreDown):
            await meter.unite(device, reader)
        assert await stories(meter, at, device) == {1, 2}
    finally:
        stopped.signal(signal.SIGCONT)
        await asyncio.to_thread(valkey_cluster.settle)
    await asyncio.sleep(1.1)  # It is not asked again for a second.
    await meter.unite(device, reader)

    assert await stories(meter, at, device) == {1, 2, 3}
    assert await stories(meter, at, reader) == {1, 2, 3}
    await meter.close()


# --- Servers that stop, start and die ---------------------------------------------


async def test_a_server_that_forgot_the_scripts_is_given_them_again(meter, valkeys, at):
    assert (await meter.count(ask(1, at))).count == 1
    for identity in (ANNE, DEVICE):
        with owner(valkeys, identity).client() as client:
            client.script_flush()

    assert await meter.count(ask(2, at)) == Meter(Standing.OPENED, 2, 3)
    await meter.unite(DEVICE, ANNE)
    assert await meter.count(ask(3, at, identity=DEVICE)) == Meter(
        Standing.OPENED, 3, 3
    )


def test_a_server_killed_while_counting_loses_nothing_and_doubles_nothing(valkey, at):
    people = [UUID(int=number) for number in range(1, 65)]
    opened: Counter[tuple[UUID, int]] = Counter()
    down: Counter[UUID] = Counter()
    meter, lock = BlockingMeter(valkey.address), threading.Lock()

    def read(identity: UUID) -> None:
        story = 0
        while True:
            story += 1
            try:
                answer = meter.count(ask(story % 50, at, identity=identity, limit=40))
            except StoreDown:
                down[identity] += 1
                time.sleep(0.05)
                continue
            if answer.standing is Standing.OPENED:
                with lock:
                    opened[identity, story % 50] += 1
            elif answer.standing is Standing.SPENT:
                return

    with ThreadPoolExecutor(64) as threads:
        reading = [threads.submit(read, identity) for identity in people]
        until(lambda: sum(opened.values()) > 200)
        valkey.kill()
        time.sleep(0.3)
        valkey.start()
        for one in reading:
            one.result(60)

    kept = {
        (identity, int(story))
        for identity in people
        for story in valkey.rows()[scripts.key(identity)]
        if story != b"since"
    }
    assert down, "nobody noticed that the server was gone"
    assert set(opened.values()) == {1}  # Nothing was paid for twice,
    assert set(opened) <= kept  # nothing that was answered is forgotten,
    assert set(Counter(who for who, _ in kept).values()) == {40}  # and nobody got more.


async def test_a_server_that_is_not_there_is_down_and_soon_so(at):
    for cluster in (False, True):
        meter = ValkeyMeter(MeterAddress((("127.0.0.1", 8229),), cluster=cluster))
        began = time.monotonic()
        for verb in (meter.count, meter.peek):
            with pytest.raises(StoreDown):
                await verb(ask(1, at))
        with pytest.raises(StoreDown):
            await meter.unite(DEVICE, ANNE)
        with pytest.raises(StoreDown):
            await meter.erase(ANNE)
        assert time.monotonic() - began < 1
        await meter.close()


async def test_a_server_that_hangs_is_down_after_two_seconds(valkey, at):
    meter = ValkeyMeter(valkey.address)
    await meter.count(ask(1, at))
    valkey.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        answers = await asyncio.gather(
            *(meter.count(ask(story, at)) for story in range(2, 9)),
            return_exceptions=True,
        )
        waited = time.monotonic() - began
        with pytest.raises(StoreDown):  # At once: nobody waits for what just failed.
            await meter.count(ask(9, at))
    finally:
        valkey.signal(signal.SIGCONT)
    assert [type(answer) for answer in answers] == [StoreDown] * 7
    assert 1.5 < waited < 3.5
    await asyncio.sleep(1.1)

    # What hung was done after all, and each answer now is to its own question.
    assert await meter.count(ask(2, at)) == Meter(Standing.READ, 3, 3)
    assert await meter.count(ask(9, at)) == Meter(Standing.SPENT, 3, 3)
    await meter.close()


async def test_a_node_that_hangs_holds_up_nobody_elsewhere(valkey_cluster, at):
    here, there = apart(valkey_cluster)
    meter = ValkeyMeter(valkey_cluster.address)
    await meter.count(ask(1, at, identity=here))
    stopped = owner(valkey_cluster, there)
    stopped.signal(signal.SIGSTOP)
    try:
        waiting = asyncio.create_task(meter.count(ask(1, at, identity=there)))
        await asyncio.sleep(0)
        began = time.monotonic()
        answers = [await meter.count(ask(story, at, identity=here)) for story in (2, 3)]
        took = time.monotonic() - began
        with pytest.raises(StoreDown):
            await waiting
    finally:
        stopped.signal(signal.SIGCONT)
        await asyncio.to_thread(valkey_cluster.settle)
    assert [answer.count for answer in answers] == [2, 3]
    assert took < 1
    await meter.close()


async def test_a_master_killed_is_followed_by_its_replica(valkey_cluster, at):
    """Killed while 60 others are counting, on all three masters."""
    meter = ValkeyMeter(valkey_cluster.address)
    here, there = apart(valkey_cluster)
    for story in (1, 2):
        for identity in (here, there):
            await meter.count(ask(story, at, identity=identity))
    killed = owner(valkey_cluster, here)
    with killed.client() as client:
        assert client.wait(1, 5000) == 1  # The replica has what was counted.
    crowd = [UUID(int=number) for number in range(1000, 1060)]
    safe = [who for who in crowd if owner(valkey_cluster, who) is not killed]
    opened: Counter[tuple[UUID, int]] = Counter()
    reading = [
        asyncio.create_task(read_to_the_wall(meter, who, at, opened)) for who in crowd
    ]
    await asyncio.sleep(0.2)
    killed.kill()
    try:
        with pytest.raises(StoreDown):
            await meter.count(ask(3, at, identity=here))
        assert (await meter.count(ask(3, at, identity=there))).count == 3

        answer = await counted_at_last(meter, ask(1, at, identity=here))

        assert answer == Meter(Standing.READ, 2, 3)
        rest = [await meter.count(ask(story, at, identity=here)) for story in (3, 4)]
        assert rest == [Meter(Standing.OPENED, 3, 3), Meter(Standing.SPENT, 3, 3)]
        await asyncio.gather(*reading)
        kept = {key: len(row) - 1 for key, row in valkey_cluster.rows().items()}
    finally:
        killed.start()
        await asyncio.to_thread(valkey_cluster.settle)
        await meter.close()

    assert 0 < len(safe) < len(crowd)
    for who in safe:  # Exactly: each of the thirty once.
        assert [opened[who, story] for story in range(1, 31)] == [1] * 30
    assert {kept[scripts.key(who)] for who in crowd} == {30}


async def read_to_the_wall(meter, who, at, opened) -> None:
    """Read until thirty stories are open, again and again while the meter is down."""
    story = 1
    while True:
        try:
            answer = await meter.count(ask(story, at, identity=who, limit=30))
        except StoreDown:
            await asyncio.sleep(0.1)
            continue
        opened[who, story] += answer.standing is Standing.OPENED
        if answer.standing is Standing.SPENT:
            return
        story += 1
        await asyncio.sleep(0.02)


async def test_a_slot_that_moves_is_followed(valkey_cluster, at):
    """First asked for while it is moving, and then where it has gone."""
    meter = ValkeyMeter(valkey_cluster.address)
    identity, elsewhere = apart(valkey_cluster)
    await meter.count(ask(1, at, identity=elsewhere))
    source, target = (owner(valkey_cluster, one) for one in (identity, elsewhere))
    key = scripts.key(identity)
    with source.client() as old, target.client() as new:
        names = [one.execute_command("CLUSTER", "MYID") for one in (old, new)]
        slot = old.execute_command("CLUSTER", "KEYSLOT", key)
        new.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", names[0])
        old.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", names[1])
        # The row does not exist at the source, so that it is made at the target.
        moving = [
            await meter.count(ask(story, at, identity=identity)) for story in (1, 2)
        ]
        rows = (source.rows().get(key), len(new.execute_command("KEYS", "*")))
        for node in (new, old):
            node.execute_command("CLUSTER", "SETSLOT", slot, "NODE", names[1])
    moved = [
        await meter.count(ask(story, at, identity=identity)) for story in (2, 3, 4)
    ]
    await meter.close()

    assert [(one.standing.value, one.count) for one in (*moving, *moved)] == [
        ("opened", 1),
        ("opened", 2),
        ("read", 2),
        ("opened", 3),
        ("spent", 3),
    ]
    assert rows == (None, 2)


async def counted_at_last(meter, one: Ask) -> Meter:
    """Ask until a replica has taken over; fail after 30 seconds."""
    for _ in range(300):
        try:
            return await meter.count(one)
        except StoreDown:
            await asyncio.sleep(0.1)
    raise AssertionError("no replica has taken over")
