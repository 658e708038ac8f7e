"""The gate over PostgreSQL: what changes is seen, and what fails, fails as chosen."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import psycopg
import pytest

from broadsheet.gate.core.meter import Ask
from broadsheet.gate.core.vocabulary import Grant, Orders, Policy
from broadsheet.gate.house import actions, models
from broadsheet.gate.house.threads import in_gate_thread
from broadsheet.gate.store import Change, Kind, StoreDown
from broadsheet.gate.store.postgres import _DURABLE, PULSE, PostgresStore
from broadsheet.plumbing import publication
from tests.gate.conftest import (
    AT,
    DEVICE,
    FURNITURE,
    NEWS_BIT,
    READER,
    Newspaper,
    device_cookie,
    facts,
    pressed,
    reader_pass,
)


async def do(verb, *args, **kwargs):
    """Do a verb of the house, as Django would in another process, and commit."""
    return await asyncio.to_thread(in_gate_thread(verb), *args, **kwargs)


@pytest.fixture
async def filed(conninfo):
    for story_id, access in ((1, "metered"), (2, "metered"), (20, "free")):
        await do(actions.file_story, facts(story_id, access), at=AT)
        await do(actions.press, pressed(story_id), at=AT)
    await do(actions.file_story, facts(30, "premium"), at=AT)
    await do(actions.press, pressed(30), at=AT)
    await do(actions.file_furniture, FURNITURE, at=AT)
    return conninfo


@pytest.fixture
async def paper(filed):
    newspaper = Newspaper(PostgresStore(filed))
    yield newspaper
    await newspaper.gate.close()


async def becomes(question, wanted, within=1.0) -> float:
    """Ask until the answer is `wanted`; return the seconds that took."""
    began = time.monotonic()
    while (found := await question()) != wanted:
        assert time.monotonic() - began < within, f"still {found}, not {wanted}"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_what_the_house_files_the_store_reads(filed):
    await do(
        actions.admit,
        READER,
        feature="vertical:investor",
        starts=AT,
        ends=AT + timedelta(days=1),
        source="s",
        reference="r",
        at=AT,
    )
    store = PostgresStore(filed)
    await store.open()
    try:
        assert await store.story(30) == facts(30, "premium")
        assert await store.story(31) is None
        assert await store.page(30) == pressed(30)
        assert await store.page(31) is None
        assert await store.furniture() == FURNITURE
        assert await store.epochs(AT) == {READER: 1}
        assert await store.epochs(AT + timedelta(seconds=1)) == {}
        end = AT + timedelta(days=1)
        assert await store.grants(READER, AT) == [
            Grant(READER, "vertical:investor", AT, end, "s", "r")
        ]
        orders = await store.orders()
        assert orders.verticals == (("vertical:investor", 8),)
        assert (orders.policy, orders.zone.key) == (Policy(), "Asia/Kolkata")
    finally:
        await store.close()


async def test_the_policy_the_zone_and_the_clock_are_read_from_their_rows(filed):
    await do(models.Policy.objects.create, limit_anonymous=1, period="rolling30")
    await do(publication.move_clock, timedelta(days=400))
    store = PostgresStore(filed)
    await store.open()
    try:
        orders = await store.orders()
    finally:
        await store.close()

    assert orders.policy == Policy(limit_anonymous=1, period="rolling30")
    assert orders.clock_offset == timedelta(days=400)


async def test_a_view_is_counted_and_the_wall_comes(paper):
    await do(models.Policy.objects.create, limit_anonymous=1)
    browser = paper.browser()

    shown = [(await browser.read(story)).shows_all for story in (1, 2, 1, 20, 30)]

    assert shown == [True, False, True, True, False]


async def test_a_withdrawal_is_seen_within_a_second(paper):
    browser = paper.browser()
    assert (await browser.read(20)).shows_all

    await do(actions.withdraw_story, 20, at=AT)

    async def status():
        return (await browser.read(20)).status

    assert await becomes(status, 410) < 0.5


async def test_a_change_is_seen_without_any_notification(paper, filed):
    browser = paper.browser()
    assert (await browser.read(20)).shows_all
    with psycopg.connect(filed) as connection:
        connection.execute("UPDATE gate_storyfact SET access = 'premium'")
        connection.execute(
            "INSERT INTO gate_change (txid, kind, subject, number, at) VALUES "
            "(pg_current_xact_id()::text::bigint, 'story', '', 20, now())"
        )

    async def shows_all():
        return (await browser.read(20)).shows_all

    await becomes(shows_all, False)


async def test_a_refund_closes_the_door_within_a_second(paper):
    browser = paper.browser(**reader_pass(bits=NEWS_BIT))
    assert (await browser.read(30)).shows_all

    await do(actions.void_passes, READER, at=AT)

    async def shows_all():
        return (await browser.read(30)).shows_all

    await becomes(shows_all, False)


async def test_an_epoch_raised_before_the_gate_began_still_voids(filed):
    await do(actions.void_passes, READER, at=AT)
    newspaper = Newspaper(PostgresStore(filed))
    try:
        browser = newspaper.browser(**reader_pass(bits=NEWS_BIT))
        assert not (await browser.read(30)).shows_all
    finally:
        await newspaper.gate.close()


async def test_changes_are_told_once_even_when_they_commit_out_of_order(filed):
    store = PostgresStore(filed)
    await store.open()
    changes = store.changes()
    # While any transaction on the server is older than what was filed before we opened,
    # that may be told as well, once.
    await anext(changes)
    heard: list[Change] = []
    tell = (
        "INSERT INTO gate_change (txid, kind, subject, number, at) VALUES "
        "(pg_current_xact_id()::text::bigint, 'story', '', %s, now())"
    )
    try:
        early = await psycopg.AsyncConnection.connect(filed)
        late = await psycopg.AsyncConnection.connect(filed)
        async with early, late:
            await early.execute(tell, (1,))
            await late.execute(tell, (2,))
            await late.commit()
            heard += await anext(changes)
            heard += await anext(changes)
            assert heard == [Change(Kind.STORY, "", 2)]
            await early.commit()
        for _ in range(3):
            heard += await anext(changes)
    finally:
        await changes.aclose()
        await store.close()

    assert heard == [Change(Kind.STORY, "", 2), Change(Kind.STORY, "", 1)]


# --- A store that is down ---------------------------------------------------------


@pytest.fixture
def cut_off(filed):
    """Return a function that lets no connection live, old or new."""
    name = psycopg.conninfo.conninfo_to_dict(filed)["dbname"]
    admin = psycopg.connect(filed, dbname="postgres", autocommit=True)

    def cut() -> None:
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = %s AND backend_type = 'client backend' "
            "AND application_name = 'gate under test'",
            (name,),
        )

    yield cut
    admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    admin.close()


@pytest.mark.parametrize("down", ["open", "closed"])
async def test_a_meter_out_of_reach_is_as_the_policy_says(filed, cut_off, down):
    await do(models.Policy.objects.create, store_down=down)
    newspaper = Newspaper(PostgresStore(f"{filed} application_name='gate under test'"))
    stranger = newspaper.browser(**device_cookie())
    subscriber = newspaper.browser(**reader_pass(bits=NEWS_BIT))
    try:
        for _ in range(2):  # What was filed before we opened may be heard of once more.
            for story in (1, 20, 30):
                await subscriber.read(story)
            await asyncio.sleep(PULSE)

        cut_off()
        replies = [await stranger.read(story) for story in (1, 20, 30)]
        entitled = [await subscriber.read(story) for story in (1, 20, 30)]
        unknown = await stranger.read(2)

        assert [reply.status for reply in replies] == [200, 200, 200]
        assert [reply.shows_all for reply in replies] == [down == "open", True, False]
        assert [reply.shows_all for reply in entitled] == [True, True, True]
        assert (unknown.status, unknown.shows_all) == (503, False)
        assert newspaper.gate.tally.views[f"down-{down}"] == 1
        assert newspaper.gate.tally.faults["store"] == 2
    finally:
        await newspaper.gate.close()


async def test_a_server_that_restarts_costs_no_reader_her_page(filed):
    newspaper = Newspaper(PostgresStore(f"{filed} application_name='gate under test'"))
    browser = newspaper.browser(**device_cookie())
    try:
        await browser.read(1)
        await asyncio.gather(*(browser.read(story) for story in (1, 2, 20, 30) * 3))
        with psycopg.connect(filed, autocommit=True) as connection:
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'gate under test'"
            ).fetchall()
        shown = [(await browser.read(story)).shows_all for story in (1, 2, 20, 30)]

        assert len(ended) >= 2
        assert shown == [True, True, True, False]
        assert newspaper.gate.tally.faults["store"] == 0
        await do(actions.withdraw_story, 20, at=AT)

        async def status():
            return (await browser.read(20)).status

        await becomes(status, 410, within=2.0)
    finally:
        await newspaper.gate.close()


async def test_after_a_failure_nobody_waits_for_the_next():
    newspaper = Newspaper(PostgresStore("host=127.0.0.1 port=8119 dbname=none"))
    try:
        await newspaper.browser().read(1)
        began = time.monotonic()
        replies = [await newspaper.browser().read(story) for story in range(1, 21)]
        assert {reply.status for reply in replies} == {503}
        assert time.monotonic() - began < 0.5
    finally:
        await newspaper.gate.close()


async def test_a_store_that_was_never_there_is_a_fault_and_not_a_crash():
    newspaper = Newspaper(PostgresStore("host=127.0.0.1 port=8119 dbname=none"))
    try:
        reply = await newspaper.browser().read(1)
        assert (reply.status, reply["retry-after"]) == (503, "5")
    finally:
        await newspaper.gate.close()


async def test_who_waits_is_told_that_the_store_is_down():
    store = PostgresStore("host=127.0.0.1 port=8119 dbname=none")
    ask = Ask(DEVICE, 1, 3, AT, AT)

    with pytest.raises(StoreDown):
        await store.count(ask)
    with pytest.raises(StoreDown):
        await store.orders()
    assert Orders() == Orders(Policy())


async def test_a_count_does_not_wait_for_the_disk_and_an_erasure_does(conninfo):
    store = PostgresStore(conninfo)
    await store.open()

    assert await store._rows("SHOW synchronous_commit") == [("off",)]
    async with store._connection() as connection, connection.transaction():
        await connection.execute(_DURABLE)
        shown = await connection.execute("SHOW synchronous_commit")
        assert await shown.fetchall() == [("on",)]
    await store.close()
