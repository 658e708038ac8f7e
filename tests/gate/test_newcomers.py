"""The new-identity budget: who meets the registration wall, and who never does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from uuid import UUID, uuid4

import psycopg
import pytest

from broadsheet.gate.asgi import Doorman, Tally
from broadsheet.gate.asgi.newcomers import Newcomers
from broadsheet.gate.core import budget as budgets
from broadsheet.gate.core import gifts, passes
from broadsheet.gate.core.budget import Window, networks
from broadsheet.gate.core.gifts import GiftLink
from broadsheet.gate.core.listings import PressedListing
from broadsheet.gate.core.meter import kept_for
from broadsheet.gate.core.vocabulary import Budget, Orders, Policy, Standing
from broadsheet.gate.house import actions, models, queries
from broadsheet.gate.house.minting import keyring
from broadsheet.gate.store import StoreDown
from broadsheet.gate.store.memory import MemoryStore
from broadsheet.gate.store.postgres import PostgresStore
from broadsheet.gate.store.valkey import ValkeyMeter
from tests.gate.conftest import (
    AT,
    FURNITURE,
    RING,
    Newspaper,
    device_cookie,
    facts,
    fetch,
    pressed,
    reader_pass,
)
from tests.gate.test_stores import store as store

HOME = ("8.8.4.4", 5000)
NEXT_DOOR = ("8.8.4.99", 5000)
FAR = ("9.9.9.9", 5000)
ONE = Budget(narrow=2, wide=3, per_known=0)


def chosen(budget: Budget) -> Orders:
    return Orders(Policy(3, 2, budget=budget))


@pytest.fixture
async def paper(request):
    """Two new devices of an address a day, three of its neighbourhood."""
    store = MemoryStore(chosen(getattr(request, "param", ONE)))
    for story_id in range(1, 10):
        store.file_story(facts(story_id))
        store.press(pressed(story_id))
    store.file_story(facts(20, "free"))
    store.press(pressed(20))
    store.file_furniture(FURNITURE)
    newspaper = Newspaper(store, doorman=Doorman())
    yield newspaper
    await newspaper.gate.close()


async def newcomer(paper: Newspaper, client=HOME, story=1):
    browser = paper.browser()
    return browser, await browser.read(story, client=client)


async def shown(paper: Newspaper, *clients) -> list[bool]:
    return [(await newcomer(paper, client))[1].shows_all for client in clients]


async def test_one_new_device_too_many_is_asked_to_sign_up(paper):
    assert await shown(paper, HOME, HOME) == [True, True]

    _, walled = await newcomer(paper)

    assert walled.status == 200 and not walled.shows_all
    assert "<p>sign up for 5</p>" in walled.body
    assert walled["cache-control"] == "private, no-store"
    assert paper.gate.tally.views["register"] == 1


async def test_a_full_address_costs_its_neighbours_nothing_but_they_share_a_limit(
    paper,
):
    assert await shown(paper, *[HOME] * 8) == [True, True] + [False] * 6
    assert await shown(paper, NEXT_DOOR, NEXT_DOOR, FAR) == [True, False, True]


async def test_a_device_that_was_let_in_reads_on_and_its_cookie_says_so(paper):
    browser, _ = await newcomer(paper)
    await shown(paper, *[HOME] * 4)

    replies = [await browser.read(story, client=HOME) for story in (2, 3, 1, 4)]

    assert [reply.shows_all for reply in replies] == [True, True, True, False]
    assert "<p>limit of 3" in replies[-1].body
    assert [reply.cookies for reply in replies] == [{}, {}, {}, {}]
    carried = passes.read_device(RING, browser.cookies[passes.DEVICE_COOKIE], AT)
    assert carried is not None and carried.bits == 0


async def test_the_cookie_from_before_it_was_let_in_changes_nothing(paper):
    browser = paper.browser()
    first = await fetch(paper.gate, "/business/a-story-1/", client=HOME)
    old = dict(first.cookies)
    browser.cookies |= old
    for story in (1, 2, 3):
        assert (await browser.read(story, client=HOME)).shows_all

    replayed = paper.browser(**old)
    assert not (await replayed.read(4, client=HOME)).shows_all
    # Nor has the replay been charged to its network.
    assert await shown(paper, HOME, HOME) == [True, False]


@pytest.mark.parametrize("first", ["/", "a gift", "/business/a-story-20/"])
async def test_no_page_that_gives_a_cookie_is_a_way_past_it(paper, first):
    begun = paper.store._steady()
    listing = PressedListing("/", b"News", "", AT, AT + timedelta(minutes=9))
    paper.store.press_listing(listing, begun=begun)
    link = GiftLink(UUID(int=0x61F7), 9, UUID(int=0x61), int(AT.timestamp()) + 900, 9)
    paper.store.gifts.file(link)
    address = f"/gift/{gifts.token(RING, link)}/" if first == "a gift" else first
    seen = []
    for _ in range(3):
        browser = paper.browser()
        assert (await browser.get(address)).status == 200
        seen.append((await browser.read(1, client=HOME)).shows_all)

    assert seen == [True, True, False]


async def test_it_is_let_in_when_the_window_is_over(paper):
    await shown(paper, HOME, HOME)
    browser, walled = await newcomer(paper)
    assert not walled.shows_all

    paper.at = datetime(2026, 8, 4, tzinfo=UTC)

    assert (await browser.read(1, client=HOME)).shows_all
    assert passes.read_device(RING, browser.cookies[passes.DEVICE_COOKIE], AT).bits == 0


async def test_whoever_is_no_newcomer_is_never_touched(paper):
    await shown(paper, *[HOME] * 3)
    old = paper.browser(**device_cookie())
    reader = paper.browser(**reader_pass(), **device_cookie(UUID(int=77)))
    subscriber = paper.browser(**reader_pass(bits=1))
    full = [(await one.read(1, client=HOME)).shows_all for one in (old, reader)]
    assert full == [True, True]
    assert (await subscriber.read(1, client=HOME)).shows_all
    new, walled = await newcomer(paper)
    assert not walled.shows_all
    assert (await new.read(20, client=HOME)).shows_all
    # She signs up, and reads.
    new.cookies |= reader_pass(UUID(int=78))
    assert (await new.read(1, client=HOME)).shows_all


async def test_browsers_without_cookies_looks_ahead_and_crawlers_use_nothing_up(paper):
    refuser = paper.browser()
    refuser.keeps = False
    for _ in range(5):
        assert "<p>cookies</p>" in (await refuser.read(1, client=HOME)).body
    ahead = [("sec-purpose", "prefetch")]
    first = await fetch(paper.gate, "/business/a-story-1/", client=HOME)
    for method, headers in (("HEAD", []), ("GET", ahead)):
        for _ in range(5):
            reply = await fetch(
                paper.gate,
                "/business/a-story-1/",
                first.cookies,
                method=method,
                headers=headers,
                client=HOME,
            )
            assert not reply.shows_all
    for agent in ("Googlebot/2.1", "GPTBot/1.0"):
        for _ in range(5):
            headers = [("user-agent", agent)]
            await fetch(
                paper.gate, "/business/a-story-1/", headers=headers, client=HOME
            )

    assert await shown(paper, HOME, HOME, HOME) == [True, True, False]


@pytest.mark.parametrize(
    "client", [None, ("127.0.0.1", 1), ("10.1.2.3", 1), ("fd00::1", 1), ("odd", 1)]
)
async def test_an_address_that_is_nobodys_has_no_limit(paper, client):
    """So a proxy that we were not told of does not turn all its readers into one."""
    assert await shown(paper, *[client] * 6) == [True] * 6


async def test_the_proxys_word_is_taken_only_from_a_trusted_proxy(paper):
    for address in ("8.8.4.4", "8.8.4.4", "8.8.4.4"):
        browser = paper.browser()
        headers = [("x-forwarded-for", address)]
        reply = await browser.read(1, client=FAR, headers=headers)
    assert not reply.shows_all  # It was FAR that came, thrice.
    assert await shown(paper, HOME) == [True]


@pytest.mark.parametrize(
    "paper", [Budget(narrow=1, wide=0, per_known=2)], indirect=True
)
async def test_known_readers_and_devices_make_room_for_new_ones(paper):
    assert await shown(paper, HOME, HOME) == [True, False]
    yesterday = device_cookie(UUID(int=5), AT - timedelta(days=2))
    fresh = device_cookie(UUID(int=6), AT)
    for cookies in (yesterday, fresh, yesterday, reader_pass()):
        assert (await paper.browser(**cookies).read(1, client=HOME)).shows_all
    await paper.gate._newcomers.settle()

    assert await shown(paper, *[HOME] * 5) == [True] * 4 + [False]


@pytest.mark.parametrize("paper", [Budget()], indirect=True)
async def test_off_is_the_default_and_asks_nobody(paper):
    assert Policy().budget == Budget() and not Budget().on

    assert await shown(paper, *[HOME] * 6) == [True] * 6

    assert paper.store._salts == {}
    first = await fetch(paper.gate, "/business/a-story-1/", client=HOME)
    device = passes.read_device(RING, first.cookies[passes.DEVICE_COOKIE], AT)
    assert device.bits == 0


async def test_a_newcomer_is_let_in_when_the_budget_is_put_out(paper):
    await shown(paper, HOME, HOME)
    browser, walled = await newcomer(paper)
    assert not walled.shows_all
    for budget, expected in ((Budget(), True), (ONE, True)):
        paper.store.file_orders(chosen(budget))
        paper.gate._memory.orders = await paper.store.orders()
        assert (await browser.read(2, client=HOME)).shows_all is expected


async def test_a_store_that_is_down_lets_everybody_in_and_is_counted(paper):
    await shown(paper, HOME, HOME)
    real = paper.store.newcomer

    async def down(ask):
        raise StoreDown("gone")

    paper.store.newcomer = down
    assert await shown(paper, HOME, HOME) == [True, True]
    assert paper.gate.tally.faults["budget"] == 2
    paper.store.newcomer = real
    assert await shown(paper, HOME) == [False]


# --- Every store ----------------------------------------------------------------------


async def test_all_gates_of_a_store_share_one_budget_and_one_secret(store, at):
    gates = [Newcomers(store, Tally()) for _ in range(2)]
    address = ip_address("8.8.4.4")
    devices = [uuid4() for _ in range(4)]
    budget = Budget(narrow=3, per_known=1)

    async def admitted(one: Newcomers, *some: UUID) -> list[bool]:
        return [await one.admit(each, address, budget, at) for each in some]

    assert await admitted(gates[0], *devices[:2]) == [True, True]
    assert await admitted(gates[1], *devices[1:]) == [True, True, False]
    assert await admitted(gates[0], devices[0], devices[3]) == [True, False]
    tomorrow = at + timedelta(days=1)
    assert await gates[1].admit(devices[3], address, budget, tomorrow)
    secrets = {await store.salt(Window.at(tomorrow, 24).begins) for _ in range(3)}
    assert len(secrets) == 1 and len(secrets.pop()) == 32


async def test_nothing_of_a_window_outlives_it_in_postgresql(conninfo, at):
    kept = PostgresStore(conninfo)
    await kept.open()
    try:
        gate, address = Newcomers(kept, Tally()), ip_address("2001:4860::8888")
        budget, device = Budget(narrow=3, wide=9), uuid4()
        await gate.admit(device, address, budget, at)
        with psycopg.connect(conninfo) as direct:
            rows = direct.execute("SELECT * FROM gate_newcomerrow").fetchall()
            first = direct.execute("SELECT * FROM gate_newcomersalt").fetchall()
        await gate.admit(uuid4(), address, budget, at + timedelta(days=1))
        with psycopg.connect(conninfo) as direct:
            later = direct.execute("SELECT since FROM gate_newcomerrow").fetchall()
            second = direct.execute("SELECT * FROM gate_newcomersalt").fetchall()
            meter = direct.execute("SELECT FROM gate_meterrow").fetchall()
    finally:
        await kept.close()
    assert len(rows) == 2 and len(first) == len(second) == 1
    assert first[0][0] < second[0][0] and bytes(first[0][1]) != bytes(second[0][1])
    assert [since for (since,) in later] == [second[0][0]] * 2
    assert meter == []
    written = repr(rows)  # Neither address nor device is in it.
    assert "2001" not in written and str(device) not in written


async def test_a_window_is_kept_in_valkey_no_longer_than_it_lasts(valkeys, at):
    window = Window.at(at, 6)
    (network,) = networks(ip_address("8.8.4.4"), Budget(narrow=3, hours=6), b"s" * 32)
    ask = budgets.ask_to_admit(
        network, 0, uuid4(), Budget(narrow=3, hours=6), b"s" * 32, at
    )
    meter = ValkeyMeter(valkeys.address)
    try:
        assert (await meter.count(ask)).standing is Standing.OPENED
    finally:
        await meter.close()
    assert timedelta(0) < kept_for(ask) <= window.ends - at + timedelta(seconds=1)


# --- The arithmetic -------------------------------------------------------------------


@pytest.mark.parametrize("hours", [1, 6, 24])
def test_a_window_holds_its_moment_and_is_as_long_as_it_says(hours):
    for minutes in range(0, 3000, 17):
        at = AT + timedelta(minutes=minutes)
        window = Window.at(at, hours)
        assert window.begins <= at < window.ends
        assert window.ends - window.begins == timedelta(hours=hours)
        assert Window.at(window.ends, hours).begins == window.ends


def test_a_network_is_as_wide_as_it_says_and_is_named_by_its_hash():
    budget, salt = Budget(narrow=1, wide=2), b"s" * 32

    def rows(text: str, salt=salt) -> list[UUID]:
        return [one.row for one in networks(ip_address(text), budget, salt)]

    home, near, far = (rows(a) for a in ("8.8.4.4", "8.8.4.200", "8.8.5.4"))
    assert home[0] != near[0] and home[1] == near[1] != far[1]
    house = rows("2001:4860:1:2300::1")
    assert house == rows("2001:4860:1:2300:ffff::9")
    assert house[1] == rows("2001:4860:1:23ff::1")[1] != rows("2001:4860:1:2400::1")[1]
    assert set(home).isdisjoint(rows("8.8.4.4", b"t" * 32))
    (only,) = networks(ip_address("8.8.4.4"), Budget(wide=5), salt)
    assert (only.row, only.allowance) == (home[1], 5)


@pytest.mark.parametrize(("known", "limit"), [(0, 5), (10, 25), (9999, 1000)])
def test_each_known_one_makes_room_up_to_an_end(known, limit):
    budget, salt = Budget(narrow=5, per_known=2), b"s" * 32
    (network,) = networks(ip_address("8.8.4.4"), budget, salt)
    ask = budgets.ask_to_admit(network, known, uuid4(), budget, salt, AT)
    assert ask.limit == limit
    assert 0 <= ask.story_id < 2**63


# --- Django's side --------------------------------------------------------------------


def test_the_nightly_sweep_leaves_nothing_of_a_window_that_is_over(conninfo):
    for days in (0, 1, 2):
        begins = Window.at(AT - timedelta(days=days), 24).begins
        models.NewcomerSalt.objects.create(begins=begins, secret=b"s" * 32)
        models.NewcomerRow.objects.create(
            identity=uuid4(),
            allowance=3,
            since=begins,
            stories=[1],
            read_at=[begins],
            opened=True,
            pools=["new"],
            drawn=1,
        )

    actions.sweep(at=AT)

    today = Window.at(AT, 24).begins
    assert [row.begins for row in models.NewcomerSalt.objects.all()] == [today]
    assert [row.since for row in models.NewcomerRow.objects.all()] == [today]


@pytest.mark.django_db
def test_django_lets_no_new_device_in_and_hands_out_new_ones_while_it_is_on():
    from django.http import HttpRequest, HttpResponse

    from broadsheet.gate.house.middleware import PassMiddleware

    def minted() -> str:
        class Session(dict):
            modified = False

        request = HttpRequest()
        request.session = Session()
        response = PassMiddleware(lambda _: HttpResponse("<p>front</p>"))(request)
        return response.cookies[passes.DEVICE_COOKIE].value

    def bits(value: str) -> int:
        return passes.name_device(keyring(), value).bits

    models.StoryFact.objects.create(
        story_id=1,
        path="/opinion/a-1/",
        access="metered",
        section="opinion",
        published_at=AT,
        revision=1,
    )
    old = minted()
    row = models.Policy.objects.create(new_devices=4)
    new = minted()
    assert (bits(old), bits(new)) == (0, 1)
    assert queries.policy().budget == Budget(4, 0, 24, 1)

    def view(value: str) -> tuple[str, int]:
        cookies = {passes.DEVICE_COOKIE: value}
        decision = queries.decide(1, cookies=cookies, at=AT, count=True)
        return decision.reason.value, decision.limit

    assert view(new) == ("register", 5)
    assert view(old) == ("counted", 3)
    row.delete()
    assert view(new) == ("counted", 3)
