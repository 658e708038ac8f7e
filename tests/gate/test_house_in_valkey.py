"""Django and the gate in front count in one Valkey; and what happens when it is gone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings

from broadsheet.gate.core import passes
from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import Orders, Policy, Standing
from broadsheet.gate.house import actions, explaining, minting, models, queries
from broadsheet.gate.house.threads import in_gate_thread
from broadsheet.gate.store import StoreDown, scripts
from broadsheet.gate.store.valkey import ValkeyStore
from broadsheet.main import doctor, wiring
from broadsheet.plumbing import outbox, publication
from broadsheet.plumbing.meter_address import MeterAddress
from broadsheet.plumbing.models import Delivery
from tests.gate.conftest import (
    AT,
    DEVICE,
    NEWS_BIT,
    READER,
    Newspaper,
    device_cookie,
    empty_gate,
    facts,
    pressed,
    reader_pass,
)

NOWHERE = MeterAddress((("127.0.0.1", 8229),))


@pytest.fixture
def counts_in(monkeypatch):
    """Return a function that moves Django's meter to an address."""

    def move(address: MeterAddress | None) -> None:
        given = replace(settings.BROADSHEET, meter_url=address)
        monkeypatch.setattr(settings, "BROADSHEET", given)

    return move


@pytest.fixture
def filed(db):
    for story_id in range(1, 5):
        actions.file_story(facts(story_id), at=AT)


def cookies(device: UUID = DEVICE) -> dict[str, str]:
    text = passes.device_cookie(minting.keyring(), device, AT)
    return {passes.DEVICE_COOKIE: text}


def view(story_id: int, *, count=True, device=DEVICE) -> tuple[str, int]:
    found = queries.decide(story_id, cookies=cookies(device), at=AT, count=count)
    return found.reason.value, found.count


def rows(valkeys) -> dict[bytes, list[int]]:
    return {
        key: sorted(int(story) for story in row if story != b"since")
        for key, row in valkeys.rows().items()
    }


def test_django_counts_where_the_gate_in_front_counts(
    conninfo, filed, valkeys, counts_in
):
    counts_in(valkeys.address)
    assert view(1, count=False) == ("unread", 0)
    assert [view(story) for story in (1, 2)] == [("counted", 1), ("counted", 2)]

    orders = Orders(Policy(), publication.current().zone)
    asks = [
        Visitor(DEVICE).ask(story, orders.policy.shared, orders, AT)
        for story in (2, 3, 4)
    ]

    async def gate_in_front() -> list[Standing]:
        store = ValkeyStore(conninfo, valkeys.address)
        try:
            return [(await store.count(ask)).standing for ask in asks]
        finally:
            await store.close()

    assert asyncio.run(gate_in_front()) == [
        Standing.READ,
        Standing.OPENED,
        Standing.SPENT,
    ]
    assert [view(story) for story in (3, 4)] == [("reread", 3), ("spent", 3)]
    assert view(4, count=False) == ("spent", 3)
    assert rows(valkeys) == {scripts.key(DEVICE): [1, 2, 3]}
    assert not models.MeterRow.objects.exists()


def test_a_login_unites_and_a_letter_erases_in_valkey(filed, valkeys, counts_in):
    counts_in(valkeys.address)
    view(1)
    view(2, device=READER)

    actions.unite(DEVICE, READER, at=AT)

    assert rows(valkeys) == {
        scripts.key(DEVICE): [1, 2],
        scripts.key(READER): [1, 2],
    }
    actions.erase(READER, at=AT)
    assert rows(valkeys) == {scripts.key(DEVICE): [1, 2]}
    assert not Delivery.objects.exists()


def test_an_erasure_reaches_rows_from_before_the_move(filed, valkey, counts_in):
    counts_in(None)
    view(1)
    counts_in(valkey.address)
    view(2)

    actions.erase(DEVICE, at=AT)

    assert (rows(valkey), models.MeterRow.objects.count()) == ({}, 0)


def test_the_nightly_sweep_still_deletes_rows_from_before_the_move(
    filed, valkey, counts_in, at
):
    counts_in(None)
    view(1)
    counts_in(valkey.address)
    view(2)

    september = at.replace(month=9)

    assert actions.sweep(at=september) == 1
    assert not models.MeterRow.objects.exists()
    assert rows(valkey) == {scripts.key(DEVICE): [2]}  # Its own clock lets it go.


@pytest.mark.parametrize("down", ["open", "closed"])
def test_django_answers_as_the_policy_says_when_valkey_is_gone(filed, counts_in, down):
    models.Policy.objects.create(store_down=down)
    actions.file_story(facts(30, "premium"), at=AT)
    counts_in(NOWHERE)

    assert view(1) == (f"down-{down}", 0)
    assert view(30) == ("premium", 0)


def test_what_is_owed_is_done_when_valkey_is_back(filed, valkey, counts_in):
    wiring.connect()
    counts_in(valkey.address)
    view(1)
    view(2, device=READER)
    erased = UUID(int=0xE)
    view(3, device=erased)
    counts_in(NOWHERE)

    actions.unite(DEVICE, READER, at=AT)
    actions.erase(erased, at=AT)

    owed = list(Delivery.objects.order_by("pk"))
    assert [one.announcement.topic.rpartition(".")[2] for one in owed] == [
        "UnionOwed",
        "ErasureOwed",
    ]
    for one in owed:
        with pytest.raises(StoreDown):
            outbox.deliver(one.pk, at=AT)
    assert rows(valkey)[scripts.key(erased)] == [3]
    counts_in(valkey.address)
    for one in owed:
        outbox.deliver(one.pk, at=AT)
    assert rows(valkey) == {
        scripts.key(DEVICE): [1, 2],
        scripts.key(READER): [1, 2],
    }


# --- The gate in front ------------------------------------------------------------


@pytest.mark.parametrize("down", ["open", "closed"])
async def test_the_gate_answers_as_the_policy_says_when_valkey_is_gone(
    valkey, paper_in, down
):
    newspaper = await paper_in(down)
    stranger = newspaper.browser(**device_cookie())
    subscriber = newspaper.browser(**reader_pass(bits=NEWS_BIT))
    try:
        before = [(await stranger.read(story)).shows_all for story in (1, 20, 30)]
        valkey.kill()
        after = [await stranger.read(story) for story in (2, 20, 30)]
        entitled = [(await subscriber.read(story)).shows_all for story in (1, 20, 30)]
    finally:
        valkey.start()
        await newspaper.gate.close()

    assert before == [True, True, False]
    assert [reply.status for reply in after] == [200, 200, 200]
    assert [reply.shows_all for reply in after] == [down == "open", True, False]
    assert entitled == [True, True, True]
    assert newspaper.gate.tally.views[f"down-{down}"] == 1
    assert newspaper.gate.tally.faults["store"] == 1


@pytest.fixture
def paper_in(conninfo, valkey):
    """Return a function that opens a newspaper which counts in Valkey."""

    def file(down: str) -> None:
        models.Policy.objects.create(store_down=down)
        for story_id, access in (
            *((story_id, "metered") for story_id in (1, 2)),
            *((20, "free"), (30, "premium")),
        ):
            actions.file_story(facts(story_id, access), at=AT)
            actions.press(pressed(story_id), at=AT)

    async def opened(down: str) -> Newspaper:
        await asyncio.to_thread(in_gate_thread(file), down)
        return Newspaper(ValkeyStore(conninfo, valkey.address))

    yield opened
    empty_gate(conninfo)  # Other tests must not find what was committed here.


# --- The doctor -------------------------------------------------------------------


def test_the_doctor_says_where_the_meter_counts(valkey, valkey_cluster, counts_in):
    counts_in(None)
    assert doctor.look_at_meter() == ("ok", "counts in PostgreSQL")
    counts_in(valkey.address)
    shown = valkey.address.shown
    assert doctor.look_at_meter() == ("ok", f"counts in Valkey or Redis at {shown}")
    counts_in(NOWHERE)
    level, said = doctor.look_at_meter()
    assert (level, said.startswith("127.0.0.1:8229: ")) == ("fail", True)
    assert said.endswith("; see BROADSHEET_METER_URL.")


def test_the_doctor_warns_of_a_meter_that_may_forget(valkey, valkey_cluster, counts_in):
    shown = valkey.address.shown
    counts_in(valkey.address)
    with valkey.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        evicts = doctor.look_at_meter()
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("appendonly", "no")
        restarts = doctor.look_at_meter()
        client.config_set("appendonly", "yes")
    counts_in(replace(valkey_cluster.address, cluster=False))
    one_of_six = doctor.look_at_meter()

    assert evicts == (
        "warn",
        f"{shown} may evict counts; set its maxmemory-policy to noeviction.",
    )
    assert restarts == (
        "warn",
        f"{shown} loses counts when it restarts; set its appendonly to yes.",
    )
    host, port = valkey_cluster.address.nodes[0]
    assert one_of_six == (
        "warn",
        f"{host}:{port} is of a cluster; write valkey+cluster:// in "
        "BROADSHEET_METER_URL.",
    )


def test_an_explanation_reads_the_meter_where_it_is(
    conninfo, filed, valkeys, counts_in
):
    counts_in(valkeys.address)
    assert [view(story) for story in (1, 2)] == [("counted", 1), ("counted", 2)]
    models.RecordedDecision.objects.all().delete()  # So that only the meter knows.

    question = explaining.Question(2, explaining.Who.DEVICE, DEVICE, None)
    told = explaining.explain(question, now=AT + timedelta(minutes=1))

    assert (told.decision.reason.value, told.decision.count) == ("reread", 2)
    assert [(each.story_id, each.at) for each in told.counted] == [(1, AT), (2, AT)]
    assert not told.scene.meter_down
