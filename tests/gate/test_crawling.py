"""Machines at the door of the whole application."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from ipaddress import ip_address, ip_network

import psycopg
import pytest

from broadsheet.gate.asgi import Doorman, SystemDns, dns, doorman
from broadsheet.gate.core import crawlers
from broadsheet.gate.core.vocabulary import Action, CrawlerRule, Kind, Policy, Proof
from broadsheet.gate.store import StoreDown
from broadsheet.gate.store.crawlers import RANGES, Document, PostgresBook, Visit
from broadsheet.gate.store.postgres import PostgresStore
from tests.gate.conftest import (
    AT,
    NEWS_BIT,
    Newspaper,
    device_cookie,
    facts,
    fetch,
    reader_pass,
)

GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
GPT = (
    "Mozilla/5.0 AppleWebKit/537.36; compatible; GPTBot/1.3; +https://openai.com/gptbot"
)
FROM_GOOGLE = "66.249.66.1"
FULL_SEARCH = CrawlerRule(Kind.SEARCH, Action.FULL)


class Notebook:
    """The gate's book, in the open."""

    def __init__(self, *documents: Document) -> None:
        self.kept: list[Visit] = []
        self.papers = list(documents)
        self.down = False

    async def documents(self):
        return self.papers

    async def write(self, visits):
        if self.down:
            raise StoreDown("for a test")
        self.kept.extend(visits)


@pytest.fixture
def book():
    return Notebook()


@pytest.fixture
async def machines(paper, book):
    """The paper again, with a doorman who writes down what he sees."""
    newspaper = Newspaper(
        paper.store, doorman=Doorman(book, trusted=(ip_network("127.0.0.0/8"),))
    )
    yield newspaper
    await newspaper.gate.close()


def obey(newspaper, *rules: CrawlerRule) -> None:
    orders = newspaper.store._orders
    policy = replace(orders.policy, crawlers=rules)
    newspaper.store.file_orders(replace(orders, policy=policy))


async def crawl(newspaper, story_id, agent=GOOGLE, *, came=FROM_GOOGLE, **options):
    headers = [("user-agent", agent), ("x-forwarded-for", came)]
    return await fetch(
        newspaper.gate,
        f"/business/a-story-{story_id}/",
        options.pop("cookies", None),
        headers=[*headers, *options.pop("headers", [])],
        client=("127.0.0.1", 4711),
        **options,
    )


async def test_a_machine_sees_the_cut_at_once_and_no_meter(machines):
    for story_id in range(1, 10):
        reply = await crawl(machines, story_id)
        assert (reply.status, reply.shows_all, reply.cookies) == (200, False, {})
    assert "<p>premium</p>" in reply.body
    assert machines.store._reads == {}
    assert machines.gate.tally.views == {"crawler": 9}


async def test_a_free_story_is_whole_and_a_crawler_that_trains_is_refused(machines):
    assert (await crawl(machines, 20)).shows_all
    reply = await crawl(machines, 20, GPT)
    assert (reply.status, reply.shows_all) == (403, False)
    assert reply["cache-control"] == "no-store"
    assert reply["link"] == '</license.xml>; rel="license"; type="application/rsl+xml"'
    assert "/robots.txt" in reply.body


@pytest.mark.parametrize(
    ("came", "whole"),
    [
        (FROM_GOOGLE, True),
        ("66.249.96.1", False),
        (f"{FROM_GOOGLE}, 203.0.113.9", False),  # The last word is our proxy's.
        ("", False),
    ],
)
async def test_only_who_proves_it_gets_what_the_rule_opens(machines, came, whole):
    obey(machines, FULL_SEARCH)
    for story_id in (1, 30, 40):
        reply = await crawl(machines, story_id, came=came)
        assert (reply.status, reply.shows_all) == (200, whole)
        assert reply["x-robots-tag"] == ("noarchive" if whole else None)
        assert reply["cache-control"] == "private, no-store"
    assert machines.store._reads == {}


async def test_x_forwarded_for_is_not_believed_from_a_stranger(paper, book):
    newspaper = Newspaper(paper.store, doorman=Doorman(book))
    obey(newspaper, FULL_SEARCH)
    assert not (await crawl(newspaper, 1)).shows_all
    await newspaper.gate.close()


async def test_a_price_is_named_for_machines(machines):
    price = Decimal("0.0125")
    obey(machines, CrawlerRule(Kind.TRAINING, Action.LICENCE, "", price, "USD"))

    reply = await crawl(machines, 30, GPT)

    assert (reply.status, reply["crawler-price"]) == (402, "USD 0.0125")
    assert reply["content-type"] == "application/json"
    assert json.loads(reply.body) == {
        "error": "licence-required",
        "crawler": "training",
        "price": {"amount": "0.0125", "currency": "USD"},
        "buys": "one story, once",
        "licence": "/license.xml",
    }
    head = await crawl(machines, 30, GPT, method="HEAD")
    assert (head.status, head.body) == (402, "")


async def test_a_subscriber_whose_browser_looks_like_a_machine_reads_on(machines):
    cookies = reader_pass(bits=NEWS_BIT)
    agent = "MyBrowserBot/1.0"
    assert (await crawl(machines, 30, agent, cookies=cookies)).shows_all
    assert not (await crawl(machines, 30, agent, cookies=device_cookie())).shows_all


async def test_a_crawlers_tag_is_answered_with_304(machines):
    first = await crawl(machines, 1)
    again = await crawl(machines, 1, headers=[("if-none-match", first["etag"])])
    assert again.status == 304


async def test_a_withdrawn_story_is_gone_for_machines_too(machines):
    machines.store.file_story(facts(1, withdrawn=True))
    assert (await crawl(machines, 1)).status == 410


async def test_what_came_is_written_down_and_nobody_who_reads_is(machines, book):
    await crawl(machines, 1)
    await crawl(machines, 20, GPT, came="203.0.113.9")
    await machines.browser().read(2)
    await machines.gate.close()

    assert book.kept == [
        Visit("search", "Googlebot", "address", 1, "cut", AT),
        Visit("training", "GPTBot", "none", 20, "refuse", AT),
    ]


async def test_notes_wait_for_a_store_that_is_away_and_never_grow_without_end(
    machines, book, monkeypatch
):
    monkeypatch.setattr(doorman, "MOST_NOTES", 3)
    monkeypatch.setattr(doorman, "WRITE_EVERY", 0.01)
    book.down = True
    for story_id in (1, 2, 3, 4, 5):
        await crawl(machines, story_id)
    await asyncio.sleep(0.05)
    assert (book.kept, machines.gate._doorman.lost) == ([], 2)

    book.down = False
    await asyncio.sleep(0.05)
    assert [visit.story_id for visit in book.kept] == [1, 2, 3]


async def test_newer_lists_replace_the_shipped_ones(paper):
    text = '{"prefixes": [{"ipv4Prefix": "203.0.113.0/24"}]}'
    book = Notebook(Document(RANGES, "googlebot", text), Document(RANGES, "x", "{}"))
    newspaper = Newspaper(
        paper.store, doorman=Doorman(book, trusted=(ip_network("127.0.0.1"),))
    )
    obey(newspaper, FULL_SEARCH)
    assert (await crawl(newspaper, 1, came="203.0.113.9")).shows_all
    assert not (await crawl(newspaper, 1)).shows_all
    await newspaper.gate.close()


# --- DNS --------------------------------------------------------------------------


class SlowZone:
    def __init__(self) -> None:
        self.asked = 0

    async def names(self, address):
        self.asked += 1
        await asyncio.sleep(0.01)
        return ["a.googlebot.com"]

    async def addresses(self, name):
        return [ip_address("66.249.79.9")]


async def test_dns_is_asked_once_for_many_and_its_answer_is_remembered():
    zone = SlowZone()
    porter = Doorman(resolver=zone)
    scope = {"headers": [], "client": ("66.249.79.9", 1)}
    googlebot = crawlers.named("Googlebot")

    found = await asyncio.gather(
        *(porter.identify(googlebot, scope, AT) for _ in range(50))
    )
    found.append(await porter.identify(googlebot, scope, AT))

    assert {one.proof for one in found} == {Proof.DNS}
    assert zone.asked == 1


async def test_what_is_remembered_of_addresses_has_an_end(monkeypatch):
    monkeypatch.setattr(doorman, "MOST_REMEMBERED", 10)
    porter = Doorman(resolver=SlowZone())
    googlebot = crawlers.named("Googlebot")
    for last in range(30):
        await porter.identify(
            googlebot, {"headers": [], "client": (f"66.249.79.{last}", 1)}, AT
        )
    assert len(porter._proofs.held) == 10


async def test_a_lack_of_proof_is_forgotten_sooner_than_a_proof(monkeypatch):
    zone = SlowZone()
    porter = Doorman(resolver=zone)
    monkeypatch.setattr(doorman, "UNPROVED_FOR", 0.0)
    scope = {"headers": [], "client": ("66.249.79.8", 1)}
    for _ in range(3):
        found = await porter.identify(crawlers.named("Googlebot"), scope, AT)
        assert found.proof is Proof.NONE
    assert zone.asked == 3


async def test_the_machines_own_resolver_knows_loopback_and_loses_patience(monkeypatch):
    system = SystemDns(patience=5)
    assert ip_address("127.0.0.1") in await system.addresses("localhost")
    assert await system.addresses("x" * 300 + ".invalid") == []

    hasty = SystemDns(patience=0.0)
    assert await hasty.addresses("localhost") == []

    monkeypatch.setattr(dns, "MOST_WAITING", 0)
    assert await system.addresses("localhost") == []


# --- In PostgreSQL ----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_rules_come_with_the_orders_and_visits_are_kept(conninfo):
    with psycopg.connect(conninfo) as direct:
        direct.execute(
            """
            INSERT INTO gate_crawlerrule (kind, name, action, price, currency)
            VALUES ('training', '', 'licence', 10.0000, 'USD'),
                   ('training', 'GPTBot', 'full', NULL, '')
            """
        )
    store, book = PostgresStore(conninfo), PostgresBook(conninfo)
    await store.open()
    try:
        assert (await store.orders()).policy == Policy(
            crawlers=(
                CrawlerRule(Kind.TRAINING, Action.LICENCE, "", Decimal(10), "USD"),
                CrawlerRule(Kind.TRAINING, Action.FULL, "GPTBot"),
            )
        )
        assert str((await store.orders()).policy.crawlers[0].price) == "10"
    finally:
        await store.close()

    visit = Visit("training", "GPTBot", "none", 7, "licence", AT)
    await book.write([visit, visit])
    with psycopg.connect(conninfo) as direct:
        kept = direct.execute(
            "SELECT kind, name, proof, story_id, verdict, at FROM gate_crawlervisit"
        ).fetchall()
        direct.execute("INSERT INTO gate_crawlerdocument (what, name, document, filed_at)"
                       " VALUES ('ranges', 'gptbot', '{}', now())")  # fmt: skip
    assert [Visit(*row) for row in kept] == [visit, visit]
    assert await book.documents() == [Document("ranges", "gptbot", "{}")]


async def test_a_book_out_of_reach_says_so():
    book = PostgresBook("postgresql://127.0.0.1:1/none")
    with pytest.raises(StoreDown):
        await book.documents()
    with pytest.raises(StoreDown):
        await book.write([])
