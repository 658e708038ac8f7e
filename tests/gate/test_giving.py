"""Giving, against the real database: the allowance, the link, and who may open it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from broadsheet.gate.core import gifts
from broadsheet.gate.core.gifts import GiftAsk, GiftLink
from broadsheet.gate.core.vocabulary import GiftStanding
from broadsheet.gate.house import actions, giving, models
from broadsheet.gate.house.giving import Giving
from broadsheet.gate.house.minting import keyring
from broadsheet.gate.house.threads import in_gate_thread
from broadsheet.gate.store.postgres import PostgresStore
from tests.gate.conftest import AT, empty_gate, facts

ANNE, BERT = UUID(int=0xA), UUID(int=0xB)
DAY = timedelta(days=1)
MONTH = date(2026, 8, 1)


def admit(reader=ANNE, feature="news", *, until=AT + 400 * DAY) -> None:
    actions.admit(
        reader,
        feature=feature,
        starts=AT - DAY,
        ends=until,
        source="s",
        reference=f"{reader} {feature}",
        at=AT,
    )


@pytest.fixture
def stories(db) -> None:
    """Stories 1 to 12 are metered, 20 is free, 40 a vertical's."""
    for story_id in range(1, 13):
        actions.file_story(facts(story_id), at=AT)
    actions.file_story(facts(20, "free"), at=AT)
    actions.file_story(facts(40, "vertical:investor"), at=AT)
    admit()


def given(reader=ANNE) -> int:
    rows = models.GiftMonth.objects.filter(giver=reader, month=MONTH)
    return sum(row.given for row in rows)


def test_a_gift_says_its_terms_and_its_address_holds(stories):
    gift = actions.give(ANNE, 7, at=AT)

    row = models.GiftLink.objects.get()
    assert (gift.story_id, gift.opens, gift.opened) == (7, 5, 0)
    assert gift.expires_at == AT + 14 * DAY
    assert (row.giver, row.month, row.nonce) == (ANNE, MONTH, gift.nonce)
    claim = gifts.read(gift.path.split("/")[2])
    link = GiftLink(gift.nonce, 7, ANNE, int(gift.expires_at.timestamp()), 5)
    assert gifts.proves(keyring(), claim, link)
    assert given() == 1


def test_the_same_story_in_the_same_month_is_the_same_link_and_costs_no_more(stories):
    first = actions.give(ANNE, 7, at=AT)
    again = actions.give(ANNE, 7, at=AT + 3 * DAY)

    assert (again.path, again.expires_at) == (first.path, first.expires_at)
    assert (given(), models.GiftLink.objects.count()) == (1, 1)


def test_each_month_has_its_allowance_and_no_story_more(stories):
    for story_id in range(1, 11):
        actions.give(ANNE, story_id, at=AT)

    with pytest.raises(actions.AllowanceSpent):
        actions.give(ANNE, 11, at=AT)

    assert (given(), models.GiftLink.objects.count()) == (10, 10)
    assert actions.give(ANNE, 3, at=AT).story_id == 3
    # September begins in the publication's zone, which is ahead of UTC.
    september = AT.replace(day=31, hour=18, minute=30)
    assert actions.give(ANNE, 11, at=september).story_id == 11


@pytest.mark.parametrize(
    ("reader", "story_id", "refusal"),
    [
        (ANNE, 20, actions.FreeToAll),
        (BERT, 20, actions.FreeToAll),
        (BERT, 7, actions.NotHersToGive),
        (ANNE, 40, actions.NotHersToGive),
    ],
)
def test_what_is_not_hers_is_not_given(stories, reader, story_id, refusal):
    with pytest.raises(refusal):
        actions.give(reader, story_id, at=AT)

    assert models.GiftLink.objects.count() == models.GiftMonth.objects.count() == 0


def test_a_right_that_has_ended_gives_nothing(stories):
    admit(BERT, until=AT)

    with pytest.raises(actions.NotHersToGive):
        actions.give(BERT, 7, at=AT)


def test_a_verticals_story_is_given_by_who_has_the_vertical(stories):
    admit(BERT, "vertical:investor")

    assert actions.give(BERT, 40, at=AT).story_id == 40


def test_a_reader_is_told_the_cost_before_and_the_rest_after(stories):
    before = giving.prospect(ANNE, 7, AT)
    gift = actions.give(ANNE, 7, at=AT)
    after = giving.prospect(ANNE, 7, AT)

    assert (before.giving, before.left, before.allowance) == (Giving.OPEN, 10, 10)
    assert (after.giving, after.left, after.gift) == (Giving.GIVEN, 9, gift)
    assert giving.prospect(ANNE, 20, AT).giving is Giving.FREE
    assert giving.prospect(ANNE, 40, AT).giving is Giving.CLOSED
    assert giving.prospect(BERT, 7, AT).giving is Giving.CLOSED


def test_the_desk_sets_the_terms_and_old_links_keep_theirs(stories):
    old = actions.give(ANNE, 7, at=AT)
    models.GiftTerms.objects.create(allowance=2, opens=1, days=3, per_device=4)
    new = actions.give(ANNE, 8, at=AT)

    assert (new.opens, new.expires_at) == (1, AT + 3 * DAY)
    assert actions.give(ANNE, 7, at=AT) == old
    assert giving.prospect(ANNE, 9, AT).giving is Giving.SPENT
    models.GiftTerms.objects.update(allowance=0)
    assert giving.prospect(ANNE, 9, AT).giving is Giving.CLOSED
    assert giving.prospect(ANNE, 7, AT).giving is Giving.GIVEN


def test_a_gift_taken_back_is_gone_from_the_list_and_stays_counted(stories):
    gift, other = (actions.give(ANNE, story, at=AT) for story in (7, 8))

    assert not actions.take_back(BERT, gift.nonce, at=AT)
    assert actions.take_back(ANNE, gift.nonce, at=AT)
    assert not actions.take_back(ANNE, gift.nonce, at=AT)

    assert giving.gifts_of(ANNE, AT) == [other]
    assert giving.gifts_of(BERT, AT) == []
    assert given() == 2
    assert actions.give(ANNE, 7, at=AT).path != gift.path
    assert given() == 3


def test_who_is_erased_leaves_no_gift_and_no_opening(stories):
    mine, theirs = actions.give(ANNE, 7, at=AT), uuid4()
    models.GiftOpening.objects.create(link_id=mine.nonce, device=theirs, opened_at=AT)

    actions.erase(theirs, at=AT)
    assert models.GiftOpening.objects.count() == 0
    actions.erase(ANNE, at=AT)

    assert models.GiftLink.objects.count() == models.GiftMonth.objects.count() == 0


def test_gifts_of_long_ago_are_swept(stories):
    gift = actions.give(ANNE, 7, at=AT)
    models.GiftOpening.objects.create(link_id=gift.nonce, device=BERT, opened_at=AT)

    actions.sweep(at=AT + (14 + 62) * DAY)
    assert models.GiftLink.objects.count() == 1
    actions.sweep(at=AT + (14 + 63) * DAY)

    assert models.GiftLink.objects.count() == models.GiftOpening.objects.count() == 0
    assert models.GiftMonth.objects.count() == 0


def test_the_database_itself_lets_in_no_more_than_a_gift_may(stories):
    gift = actions.give(ANNE, 7, at=AT)

    with pytest.raises(IntegrityError), transaction.atomic():
        models.GiftLink.objects.filter(nonce=gift.nonce).update(opened=6)


# --- Many at once ---------------------------------------------------------------------


async def do(verb, *args, **kwargs):
    return await asyncio.to_thread(in_gate_thread(verb), *args, **kwargs)


@pytest.fixture
async def open_to_all(conninfo):
    """The stories again, committed, for connections that are not Django's."""
    for story_id in range(1, 13):
        await do(actions.file_story, facts(story_id), at=AT)
    await do(admit)
    yield conninfo
    empty_gate(conninfo)


def ask(nonce: UUID, device: UUID) -> GiftAsk:
    since = AT.replace(day=1)
    return GiftAsk(nonce, device, "news", since, AT)


async def test_64_openers_on_two_workers_are_five(open_to_all):
    gift = await do(actions.give, ANNE, 7, at=AT)
    workers = [PostgresStore(open_to_all) for _ in range(2)]
    devices = [uuid4() for _ in range(32)] * 2  # Each comes to both workers at once.
    try:
        for worker in workers:
            await worker.open()
        standings = await asyncio.gather(
            *(
                workers[number % 2].open_gift(ask(gift.nonce, device))
                for number, device in enumerate(devices)
            )
        )
    finally:
        for worker in workers:
            await worker.close()

    let_in = {
        device
        for device, standing in zip(devices, standings, strict=True)
        if standing is not GiftStanding.DEAD
    }
    assert standings.count(GiftStanding.OPENED) == len(let_in) == 5
    with psycopg.connect(open_to_all) as direct:
        rows = direct.execute("SELECT device FROM gate_giftopening").fetchall()
        opened = direct.execute("SELECT opened FROM gate_giftlink").fetchall()
    assert {device for (device,) in rows} == let_in
    assert (len(rows), opened) == (5, [(5,)])


async def test_one_device_opens_no_more_gifts_than_it_may_however_fast(open_to_all):
    nonces = [(await do(actions.give, ANNE, s, at=AT)).nonce for s in range(1, 11)]
    await do(models.GiftTerms.objects.create, per_device=4)
    store, device = PostgresStore(open_to_all), uuid4()
    await store.open()
    try:
        standings = await asyncio.gather(
            *(store.open_gift(ask(nonce, device)) for nonce in nonces)
        )
    finally:
        await store.close()

    assert standings.count(GiftStanding.OPENED) == 4
    assert standings.count(GiftStanding.DEAD) == 6


async def test_the_store_tells_of_a_gift_what_its_rows_say(open_to_all):
    gift = await do(actions.give, ANNE, 7, at=AT)
    store, device, other = PostgresStore(open_to_all), uuid4(), uuid4()
    await store.open()
    try:
        assert await store.gift(ask(uuid4(), device)) is None
        first = await store.gift(ask(gift.nonce, device))
        await store.open_gift(ask(gift.nonce, device))
        await do(models.GiftTerms.objects.create, outlives=False)
        then = [await store.gift(ask(gift.nonce, one)) for one in (device, other)]
        await do(actions.dismiss, source="s", reference=f"{ANNE} news", ends=AT, at=AT)
        ended = await store.gift(ask(gift.nonce, device))
        await do(actions.take_back, ANNE, gift.nonce, at=AT)
        gone = await store.gift(ask(gift.nonce, device))
        unknown = await store.open_gift(ask(uuid4(), device))
    finally:
        await store.close()

    expires = int((AT + 14 * DAY).timestamp())
    assert first.link == GiftLink(gift.nonce, 7, ANNE, expires, 5)
    seen = (first, *then, ended, gone)
    told = [(f.opened, f.held, f.received, f.backed, f.revoked) for f in seen]
    assert told == [
        (0, False, 0, True, False),
        (1, True, 1, True, False),
        (1, False, 0, True, False),
        (1, True, 1, False, False),
        (1, True, 1, False, True),
    ]
    assert unknown is GiftStanding.DEAD


@pytest.mark.django_db(transaction=True)
def test_ten_hands_at_once_give_no_eleventh_story():
    for story_id in range(1, 13):
        actions.file_story(facts(story_id), at=AT)
    admit()

    def give(story_id: int) -> bool:
        try:
            actions.give(ANNE, story_id, at=AT)
        except actions.AllowanceSpent:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as hands:
        done = list(hands.map(give, [*range(1, 13), *range(1, 13)]))

    links = models.GiftLink.objects.values_list("story_id", flat=True)
    assert (given(), len(links), len(set(links))) == (10, 10, 10)
    assert done.count(True) == 20
