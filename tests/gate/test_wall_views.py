"""Walls by audience, at the gate: other words, never another decision."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import psycopg
import pytest

from broadsheet.gate.asgi import walls
from broadsheet.gate.asgi.walls import Walls
from broadsheet.gate.core.audience import WallRule
from broadsheet.gate.house import actions, models
from broadsheet.gate.store import StoreDown
from broadsheet.gate.store.postgres import PostgresStore
from broadsheet.gate.store.walls import Hit, PostgresWallBook
from tests.gate.conftest import (
    AT,
    FURNITURE,
    NEWS_BIT,
    Newspaper,
    empty_gate,
    fetch,
    reader_pass,
)

PREMIUM = "/business/a-story-30/"
WORDS = {
    "wall:premium@search": "<p>from a search</p>",
    "wall:premium@lapsed": "<p>come back</p>",
    "wall:metered@search": "<p>searched {{limit}}</p>",
}
GOOGLE = (("referer", "https://www.google.com/"), ("host", "paper.example"))
TODAY = date(2026, 8, 3)


class Ledger:
    """Keeps what it is told; is down when told to be."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.down = False

    async def write(self, hits):
        if self.down:
            raise StoreDown("told to")
        self.hits += hits


@pytest.fixture
def ledger(monkeypatch) -> Ledger:
    monkeypatch.setattr(walls, "WRITE_EVERY", 0.01)
    return Ledger()


@pytest.fixture
async def paper(paper, ledger):
    """Lapsed readers first; who comes from a search; a dry rule for everybody."""
    paper.store.file_furniture(FURNITURE | WORDS)
    rules = (
        WallRule(1, "lapsed", segment="lapsed"),
        WallRule(2, "dry-one", device="phone", dry=True),
        WallRule(3, "search", source="search"),
        WallRule(4, "unfiled", source="mail"),
    )
    orders = await paper.store.orders()
    paper.store.file_orders(replace(orders, walls=rules))
    newspaper = Newspaper(paper.store, walls=Walls(ledger))
    yield newspaper
    await newspaper.gate.close()


async def see(paper, *, cookies=None, headers=(), **how):
    return await fetch(paper.gate, PREMIUM, cookies, headers=headers, **how)


async def test_a_referrer_chooses_words_and_opens_nothing(paper):
    usual, searched = await see(paper), await see(paper, headers=GOOGLE)

    assert "<p>premium</p>" in usual.body
    assert "from a search" in searched.body and "premium" not in searched.body
    assert not usual.shows_all and not searched.shows_all
    assert usual["etag"] != searched["etag"]


async def test_the_first_rule_wins_and_a_lapsed_reader_is_known_by_her_pass(paper):
    lapsed = reader_pass(entitled_until=int(AT.timestamp()) - 1)

    assert "come back" in (await see(paper, cookies=lapsed, headers=GOOGLE)).body
    assert (
        "from a search"
        in (await see(paper, cookies=reader_pass(), headers=GOOGLE)).body
    )


async def test_a_variant_that_is_not_filed_is_the_usual_wall(paper):
    mail = (("referer", "https://mail.google.com/"),)

    usual, unfiled = await see(paper), await see(paper, headers=mail)

    assert (unfiled.body, unfiled["etag"]) == (usual.body, usual["etag"])


async def test_the_numbers_on_a_variant_are_the_decisions(paper):
    browser = paper.browser()
    for story in (1, 2, 3):
        await browser.read(story)

    assert "searched 3" in (await browser.read(4, headers=GOOGLE)).body
    assert "limit of 3" in (await browser.read(4)).body


async def test_another_variants_tag_is_not_this_pages(paper):
    usual = await see(paper)
    tag = (("if-none-match", usual["etag"]),)

    assert (await see(paper, headers=tag)).status == 304
    assert (await see(paper, headers=(*GOOGLE, *tag))).status == 200


async def test_wins_are_tallied_dry_ones_apart_and_glances_not_at_all(paper, ledger):
    phone = (("user-agent", "A Mobile"),)
    await see(paper, headers=GOOGLE)
    await see(paper, headers=(*GOOGLE, *phone))
    await see(paper, headers=phone)
    await see(paper, headers=GOOGLE, method="HEAD")
    await see(paper, cookies=reader_pass(bits=NEWS_BIT), headers=GOOGLE)
    await fetch(paper.gate, "/business/a-story-20/", headers=GOOGLE)
    await paper.gate.close()

    totals: dict[tuple, int] = {}
    for hit in ledger.hits:
        key = (hit.rule_id, hit.day, hit.shown)
        totals[key] = totals.get(key, 0) + hit.times
    assert totals == {(3, TODAY, True): 2, (2, TODAY, False): 2}


async def test_a_tally_that_cannot_be_written_waits(paper, ledger):
    ledger.down = True
    await see(paper, headers=GOOGLE)
    await asyncio.sleep(0.05)
    assert ledger.hits == []
    ledger.down = False
    await see(paper, headers=GOOGLE)
    await paper.gate.close()

    assert sum(hit.times for hit in ledger.hits) == 2


async def test_the_rows_are_rules_in_their_order_and_hits_add_up(conninfo):
    from tests.gate.test_postgres import do

    variant = await do(models.WallVariant.objects.create, name="search")
    rows = (
        {"place": 9, "state": "live", "source": "search"},
        {"place": 5, "state": "dry", "segment": "lapsed", "device": "phone"},
        {"place": 1, "state": "off"},
        {"place": 5, "state": "live", "section": "markets", "language": "hi"},
    )
    made = [
        await do(models.WallRule.objects.create, variant=variant, **row) for row in rows
    ]
    store, book = PostgresStore(conninfo), PostgresWallBook(conninfo)
    await store.open()
    try:
        found = (await store.orders()).walls
        await book.write([Hit(7, TODAY, False, 2), Hit(7, TODAY, True, 1)])
        await asyncio.gather(*(book.write([Hit(7, TODAY, True, 1)]) for _ in range(8)))
        with psycopg.connect(conninfo) as direct:
            hits = direct.execute(
                "SELECT rule_id, day, shown, times FROM gate_wallhit ORDER BY shown"
            ).fetchall()
    finally:
        await store.close()
        empty_gate(conninfo)

    first, second, _, third = (row.pk for row in made)
    assert found == (
        WallRule(second, "search", segment="lapsed", device="phone", dry=True),
        WallRule(third, "search", section="markets", language="hi"),
        WallRule(first, "search", source="search"),
    )
    assert hits == [(7, TODAY, False, 2), (7, TODAY, True, 9)]


async def test_a_book_that_is_away_says_so():
    with pytest.raises(StoreDown):
        await PostgresWallBook("host=127.0.0.1 port=1").write([Hit(1, TODAY, True, 1)])


@pytest.mark.django_db
def test_hits_of_long_ago_are_swept():
    for day in (date(2025, 6, 1), TODAY):
        models.WallHit.objects.create(rule_id=1, day=day, shown=True, times=1)

    actions.sweep(at=AT)

    assert [hit.day for hit in models.WallHit.objects.all()] == [TODAY]
