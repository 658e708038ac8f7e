"""Pages that list stories: from memory, for everybody alike, and never a second old."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from broadsheet.gate.asgi import Gate, Room, Tally
from broadsheet.gate.asgi.listings import MOST_NOTED, Listings, listing_meant
from broadsheet.gate.core import passes
from broadsheet.gate.core.listings import (
    LIFE,
    PACE,
    PressedListing,
    good_until,
    seal_of,
)
from broadsheet.gate.core.vocabulary import Orders
from broadsheet.gate.store import StoreDown
from broadsheet.gate.store.memory import MemoryStore
from tests.gate.conftest import (
    AT,
    FURNITURE,
    RING,
    Browser,
    device_cookie,
    fetch,
    reader_pass,
)

MASTHEAD = seal_of("The Paper")
ORDERS = Orders(masthead=MASTHEAD)
PAGE = "<html><!--slot:account--><!--slot:ad:top--><h1>{}</h1></html>"
IST = ZoneInfo("Asia/Kolkata")


def listing(path: str, words: str = "News", **changes) -> PressedListing:
    values = {
        "html": PAGE.format(words).encode(),
        "masthead": MASTHEAD,
        "made_at": AT,
        "until": AT + LIFE,
    }
    return PressedListing(path, **(values | changes))


class Press:
    """What presses, in the place of Django: the headline of the moment, by path."""

    def __init__(self, store: MemoryStore) -> None:
        self.store, self.headline, self.at = store, "News", AT
        self.pressed: list[str] = []
        self.known = {"/", "/markets/", "/topics/rates/"}
        self.masthead = MASTHEAD
        self.meanwhile = lambda: None
        self.broken = False

    def __call__(self, path: str) -> None:
        if self.broken:
            raise RuntimeError("no ink")
        begun = self.store._steady()
        self.pressed.append(path)
        page = listing(path, self.headline, made_at=self.at, until=self.at + LIFE)
        self.meanwhile()
        if path in self.known:
            page = replace(page, masthead=self.masthead)
            self.store.press_listing(page, begun=begun)


# --- Which page is meant ------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        "/",
        "/?utm_source=mail&fbclid=1",
        "/?",
        "/markets/",
        "/markets/?x=before",
        "/authors/asha-rao/",
        "/topics/rates/",
        "/topics/%E0%A4%AD%E0%A4%BE/",
    ],
)
async def test_a_listing_is_meant_by_its_exact_address(raw):
    assert await meant(raw) is not None


@pytest.mark.parametrize(
    "raw",
    [
        "//",
        "/markets",
        "//markets/",
        "/./markets/",
        "/%6darkets/",
        "/topics/%e0%a4%ad%e0%a4%be/",  # Small letters: another spelling.
        "/topics/%E0%A4/",  # Half a letter.
        "/markets;x/",
        "/topics/",
        "/topics/rates/x/",
        "/authors//",
        "/account/",
        "/desk/",
        "/markets/a-story-1/",
        "/markets/?before=abc",
        "/markets/?utm=1&before",
        "/markets/?%62efore=abc",
        "/?p=12",
        "/?page_id=12",
        "/robots.txt",
        "/x" * 400,
    ],
)
async def test_every_other_address_is_the_applications(raw):
    assert await meant(raw) is None


async def meant(raw: str) -> str | None:
    found = []

    async def app(scope, receive, send):
        found.append(listing_meant(scope))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    await fetch(app, raw)
    return found[0]


# --- Through the gate ---------------------------------------------------------------


class Front:
    """A gate with its press, before an application that shows what Django would."""

    def __init__(self, **options) -> None:
        self.store = MemoryStore(ORDERS)
        self.store.file_furniture(FURNITURE)
        self.press = Press(self.store)
        self.passed_on: list[str] = []
        self.status = 200
        self.minted: list[str] = []
        given = {"lister": self.press, "wall": lambda: AT} | options
        self.gate = Gate(
            self._django,
            store=self.store,
            keyring=RING,
            presser=lambda _: None,
            minter=self._mint,
            **given,
        )

    async def _django(self, scope, receive, send) -> None:
        self.passed_on.append(scope["path"])
        headers = [(b"content-type", b"text/html")]
        await send(
            {"type": "http.response.start", "status": self.status, "headers": headers}
        )
        await send({"type": "http.response.body", "body": b"Django's page"})

    def _mint(self, cookies) -> str | None:
        self.minted.append(cookies["__Host-broadsheet-session"])
        return reader_pass()[passes.READER_COOKIE]

    async def get(self, raw: str, cookies=None, **options):
        return await fetch(self.gate, raw, cookies or device_cookie(), **options)


@pytest.fixture
async def front():
    made = Front()
    made.store.press_listing(listing("/"), begun=made.store._steady())
    yield made
    await made.gate.close()


async def test_the_page_has_the_slots_of_whoever_asks(front):
    nobody = await front.get("/")
    reader = await front.get("/", reader_pass() | device_cookie())
    subscriber = await front.get("/", reader_pass(bits=1) | device_cookie())
    adfree = await front.get("/", reader_pass(bits=2) | device_cookie())

    login = '<a href="/accounts/login/?next=/">Log in</a>'
    assert nobody.body == f"<html>{login}<ins>top</ins><h1>News</h1></html>"
    assert reader.body == "<html><a>Account</a><ins>top</ins><h1>News</h1></html>"
    assert subscriber.body == "<html><a>Account</a><h1>News</h1></html>"
    assert adfree.body == subscriber.body
    assert front.passed_on == []


async def test_the_headers_are_those_of_a_page_that_no_cache_shares(front):
    reply = await front.get("/")

    assert reply["cache-control"] == "private, no-cache"
    assert reply["vary"] == "cookie"
    assert reply["content-type"] == "text/html; charset=utf-8"
    assert reply["x-content-type-options"] == "nosniff"
    assert reply["content-length"] == str(len(reply.body))
    assert reply["set-cookie"] is None


async def test_each_variant_has_a_tag_of_its_own(front):
    cookies = [
        device_cookie(),
        reader_pass() | device_cookie(),
        reader_pass(bits=1) | device_cookie(),
    ]
    tags = [(await front.get("/", each))["etag"] for each in cookies]
    assert len(set(tags)) == 3

    for tag, each in zip(tags, cookies, strict=True):
        same = await front.get("/", each, headers=[("if-none-match", tag)])
        assert (same.status, same.body) == (304, "")
        assert same["etag"] == tag
    other = await front.get("/", cookies[1], headers=[("if-none-match", tags[0])])
    assert other.status == 200


async def test_a_new_furniture_changes_page_and_tag(front):
    before = await front.get("/")
    front.store.file_furniture({"ad:top": "<ins>new</ins>"})
    await asyncio.sleep(0.05)
    after = await front.get("/", headers=[("if-none-match", before["etag"])])

    assert after.status == 200
    assert "<ins>new</ins>" in after.body


async def test_a_head_has_the_headers_alone(front):
    get, head = await front.get("/"), await front.get("/", method="HEAD")

    assert head.body == ""
    assert head.headers == get.headers


async def test_questions_in_the_address_that_mean_nothing_are_the_same_page(front):
    plain = await front.get("/")
    for number in range(50):
        reply = await front.get(f"/?utm_campaign={number}")
        assert reply.body == plain.body
    assert front.passed_on == []
    assert front.gate.tally.listings == {"renewed": 1, "memory": 50}


async def test_who_has_no_cookie_is_given_one_and_sees_the_page(front):
    browser = Browser(front.gate)
    reply = await browser.get("/")

    assert reply.status == 200
    assert passes.name_device(RING, browser.cookies[passes.DEVICE_COOKIE])
    assert (await browser.get("/"))["set-cookie"] is None


async def test_a_session_without_a_pass_is_vouched_for(front):
    session = {"__Host-broadsheet-session": "abc"} | device_cookie()
    reply = await front.get("/", session)

    assert "<a>Account</a>" in reply.body
    assert passes.READER_COOKIE in reply.cookies
    assert front.minted == ["abc"]


async def test_who_owes_a_payment_gets_the_page_with_its_form(front):
    reply = await front.get("/", reader_pass(bits=1 | 16) | device_cookie())

    assert reply.body == "Django's page"
    assert front.passed_on == ["/"]


async def test_a_page_that_nobody_has_pressed_is_the_applications_once(front):
    first = await front.get("/markets/")
    await settled(front)
    second = await front.get("/markets/")

    assert (first.body, "News" in second.body) == ("Django's page", True)
    assert front.press.pressed == ["/markets/"]
    assert front.passed_on == ["/markets/"]


async def test_a_crawler_that_walks_through_the_topics_has_none_pressed(front):
    front.press.known |= {f"/topics/t{n}/" for n in range(100)}
    for number in range(100):
        await front.get(f"/topics/t{number}/")
    await settled(front)
    assert front.press.pressed == []

    await front.get("/topics/t7/")
    await settled(front)
    assert front.press.pressed == ["/topics/t7/"]
    assert "News" in (await front.get("/topics/t7/")).body


async def test_what_is_not_there_is_never_pressed(front):
    front.status = 404
    for _ in range(3):
        await front.get("/nowhere/")
    await settled(front)
    assert front.press.pressed == []


async def test_a_page_that_lists_nothing_is_tried_once(front):
    for _ in range(3):
        assert (await front.get("/about/")).body == "Django's page"
        await settled(front)
    assert front.press.pressed == ["/about/"]

    front.press.known.add("/about/")  # A section of that name is opened.
    front.store.listings_changed()
    await asyncio.sleep(0.05)
    await front.get("/about/")
    await settled(front)
    assert "News" in (await front.get("/about/")).body


async def test_without_a_press_the_application_answers_and_files(front):
    alone = Front(lister=None)
    alone.store.press_listing(listing("/"), begun=alone.store._steady())
    assert "News" in (await alone.get("/")).body

    alone.store.listings_changed("/")
    await asyncio.sleep(0.05)
    assert (await later(alone, PACE)).body == "Django's page"
    alone.store.press_listing(listing("/", "Newer"), begun=alone.store._steady())
    assert "Newer" in (await alone.get("/")).body
    await alone.gate.close()


async def later(front: Front, seconds: float):
    await asyncio.sleep(seconds)
    return await front.get("/")


async def test_memory_is_bounded_in_bytes():
    front = Front(room=Room(listing_bytes=5 * 3 * len(PAGE.format("News"))))
    front.press.known |= {f"/s{n}/" for n in range(10)}
    for number in range(10):
        await front.get(f"/s{number}/")
        await settled(front)
    held = front.gate._memory.listings._held
    assert list(held) == ["/s7/", "/s8/", "/s9/"]
    await front.gate.close()


async def settled(front: Front) -> None:
    """Wait until what was begun is pressed."""
    running = front.gate._memory.listings._renewals
    while running:
        await asyncio.gather(*(each.task for each in list(running.values())))


async def test_who_owes_a_payment_is_told_above_the_story_and_reads_on(paper):
    owing = await paper.browser(**reader_pass(bits=1 | 16)).read(30)
    paying = await paper.browser(**reader_pass(bits=1)).read(30)

    assert (owing.shows_all, "<p>owing</p>" in owing.body) == (True, True)
    assert (paying.shows_all, "<p>owing</p>" in paying.body) == (True, False)
    assert owing["etag"] != paying["etag"]


# --- Staying true, by a clock turned by hand --------------------------------------------


class Watch:
    """Listings whose steady clock and publication's time go on only as they are told."""

    def __init__(self, lister: bool = True) -> None:
        self.steady, self.now, self.masthead = 100.0, AT, MASTHEAD
        self.store = MemoryStore(ORDERS, steady=lambda: self.steady)
        self.press, self.tally = Press(self.store), Tally()
        self.threads = ThreadPoolExecutor(2)
        self.listings = Listings(
            self.store,
            self.press if lister else None,
            present=lambda: (self.masthead, self.now),
            threads=self.threads,
            tally=self.tally,
            room=1_000_000,
            steady=lambda: self.steady,
        )
        self.store.press_listing(listing("/"), begun=self.steady)

    def goes(self, seconds: float) -> None:
        self.steady += seconds
        self.now += timedelta(seconds=seconds)
        self.press.at = self.now

    def publish(self, headline: str) -> None:
        self.press.headline = headline
        self.store.listings_changed("/")
        self.listings.changed("/")

    async def shown(self, path: str = "/") -> str | None:
        held = await self.listings.find(path)
        if held is None:
            return None
        return held.listing.html.decode().partition("<h1>")[2].partition("</h1>")[0]


@pytest.fixture
def watch():
    made = Watch()
    yield made
    made.threads.shutdown()


async def test_the_first_who_asks_after_a_change_sees_it(watch):
    assert await watch.shown() == "News"
    watch.goes(1)
    watch.publish("Newer")
    assert await watch.shown() == "Newer"
    assert watch.press.pressed == ["/"]


async def test_two_hundred_publishes_in_five_seconds_press_seven_times(watch):
    assert await watch.shown() == "News"
    published_at: list[float] = []
    latest = 0.0
    for number in range(200):
        watch.goes(0.025)
        watch.publish(f"{number}")
        published_at.append(watch.steady)
        shown = await watch.shown()
        missing = published_at[0 if shown == "News" else int(shown) + 1 :]
        latest = max(latest, watch.steady - min(missing, default=watch.steady))
    assert len(watch.press.pressed) == 6  # At most one in 0.8 seconds of the five.
    assert latest < 0.8

    watch.goes(1)
    assert [await watch.shown() for _ in range(50)] == ["199"] * 50
    assert len(watch.press.pressed) == 7


async def test_a_thousand_who_ask_at_once_have_it_pressed_once(watch):
    await watch.shown()
    watch.goes(60)
    watch.publish("Newer")
    watch.goes(60)  # Nobody has asked for a minute: nobody may see the old page.
    shown = await asyncio.gather(*(watch.shown() for _ in range(1000)))
    assert set(shown) == {"Newer"}
    assert watch.press.pressed == ["/"]


async def test_who_asks_while_it_is_pressed_sees_the_old_page_for_a_second(watch):
    await watch.shown()
    watch.goes(60)
    watch.publish("Newer")
    first = asyncio.create_task(watch.shown())
    await asyncio.sleep(0)
    assert await watch.shown() == "News"
    assert await first == "Newer"
    assert watch.tally.listings == {"renewed": 2, "old": 1}


async def test_what_changes_during_a_press_is_not_missed(watch):
    await watch.shown()
    watch.goes(60)
    watch.publish("Newer")
    loop = asyncio.get_running_loop()

    def meanwhile() -> None:
        watch.press.meanwhile = lambda: None
        told = asyncio.run_coroutine_threadsafe(published(), loop)
        told.result(5)

    async def published() -> None:
        watch.goes(0.01)
        watch.publish("Newest")

    watch.press.meanwhile = meanwhile
    assert await watch.shown() == "Newer"
    watch.goes(1)
    assert await watch.shown() == "Newest"


async def test_another_process_has_pressed_it(watch):
    await watch.shown()
    watch.goes(5)
    watch.publish("Newer")
    watch.goes(0.01)
    watch.store.press_listing(
        listing("/", "Newer", made_at=watch.now, until=watch.now + LIFE),
        begun=watch.steady,
    )
    assert await watch.shown() == "Newer"
    assert watch.press.pressed == []


async def test_a_page_whose_time_is_over_is_pressed_anew(watch):
    await watch.shown()
    watch.goes(LIFE.total_seconds() - 1)
    assert (await watch.shown(), watch.press.pressed) == ("News", [])
    watch.press.headline = "Tomorrow"
    watch.goes(1)
    assert await watch.shown() == "Tomorrow"


async def test_another_name_of_the_publication_is_on_every_page(watch):
    await watch.shown()
    watch.goes(5)
    watch.masthead = watch.press.masthead = seal_of("The New Paper")
    watch.press.headline = "Renamed"
    assert await watch.shown() == "Renamed"


async def test_a_publications_clock_that_goes_back_shows_no_future(watch):
    await watch.shown()
    watch.goes(5)
    watch.now -= timedelta(days=1)
    watch.press.at, watch.press.headline = watch.now, "Yesterday"
    assert await watch.shown() == "Yesterday"


async def test_the_old_page_is_shown_while_the_store_is_down(watch):
    await watch.shown()
    watch.publish("Newer")
    watch.goes(600)

    async def down(path):
        raise StoreDown("away")

    watch.store.listing = down
    assert await watch.shown() == "News"
    assert watch.tally.faults == {"store": 1}
    with pytest.raises(StoreDown):
        await watch.shown("/markets/")


async def test_a_page_that_cannot_be_pressed_is_the_applications(watch):
    await watch.shown()
    watch.publish("Newer")
    watch.goes(60)
    watch.press.broken = True
    assert await watch.shown() is None
    assert watch.tally.faults == {"press": 1}
    watch.press.broken = False
    assert await watch.shown() == "Newer"


async def test_a_section_that_was_closed_is_forgotten(watch):
    watch.press.known.add("/old/")
    watch.store.press_listing(listing("/old/"), begun=watch.steady)
    assert await watch.shown("/old/") == "News"
    del watch.store._listings["/old/"]
    watch.goes(5)
    watch.listings.changed("")
    assert await watch.shown("/old/") is None


async def test_addresses_asked_for_once_do_not_grow_without_end(watch):
    for number in range(MOST_NOTED + 100):
        watch.listings.answered(f"/topics/t{number}/", 200)
    assert len(list(watch.listings._asked)) == MOST_NOTED


# --- How long a page is good ----------------------------------------------------------


def test_a_page_is_good_for_ten_minutes_at_most():
    assert good_until(AT, IST, None) == AT + LIFE


def test_at_midnight_the_date_and_the_hours_read_otherwise():
    late = AT.astimezone(IST).replace(hour=23, minute=55)
    assert good_until(late, IST, None) == late + timedelta(minutes=5)


def test_a_lead_that_has_led_for_long_enough_ends_the_page():
    soon = AT + timedelta(minutes=3)
    assert good_until(AT, IST, soon) == soon
    assert good_until(AT, IST, AT - timedelta(minutes=3)) == AT + LIFE
