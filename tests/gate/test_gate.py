"""One view after another, through the whole application."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from broadsheet.gate.core.passes import DEVICE_COOKIE, READER_COOKIE
from broadsheet.gate.core.vocabulary import Policy
from tests.gate.conftest import (
    AT,
    DEVICE,
    NEWS_BIT,
    READER,
    Newspaper,
    device_cookie,
    facts,
    fetch,
    pressed,
    reader_pass,
)

ONE = "/business/a-story-1/"


async def read_all(browser, stories) -> list[bool]:
    return [(await browser.read(story)).shows_all for story in stories]


async def test_a_new_browser_makes_one_round_trip_and_reads(paper):
    first = await fetch(paper.gate, ONE)

    assert first.status == 302
    assert first["location"] == ONE + "?welcome=" + _base36(int(AT.timestamp()))
    assert list(first.cookies) == [DEVICE_COOKIE]
    assert first["cache-control"] == "private, no-store"
    assert not first.shows_all

    second = await fetch(paper.gate, first["location"], first.cookies)

    assert (second.status, second.cookies) == (200, {})
    assert second.body == (
        '<html><a href="/accounts/login/?next=/business/a-story-1/">Log in</a>'
        "<ins>top</ins><h1>Story 1</h1><p>1 of 3, 2 left</p><p>canary1</p></html>"
    )


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


async def test_the_device_cookie_is_a_host_cookie_no_script_can_read(paper):
    reply = await fetch(paper.gate, ONE)

    _, _, attributes = reply["set-cookie"].partition("; ")
    assert attributes == "Path=/; Max-Age=7776000; Secure; HttpOnly; SameSite=Lax"


async def test_n_stories_then_the_wall_and_a_story_read_again_is_free(paper):
    browser = paper.browser()

    assert await read_all(browser, (1, 2, 3, 4, 5)) == [True, True, True, False, False]
    assert await read_all(browser, (2, 1, 4, 3)) == [True, True, False, True]

    wall = await browser.read(4)
    assert wall.status == 200
    assert wall.body == (
        '<html><a href="/accounts/login/?next=/business/a-story-4/">Log in</a>'
        "<ins>top</ins><h1>Story 4</h1><p>lead-in</p>"
        "<p>limit of 3 in Business</p></html>"
    )


async def test_a_browser_without_cookies_sees_the_cut_page_and_says_why(paper):
    browser = paper.browser()
    browser.keeps = False

    reply = await browser.read(1)

    assert reply.status == 200
    assert not reply.shows_all
    assert "<p>cookies</p>" in reply.body


async def test_a_marker_that_is_stale_or_from_tomorrow_is_as_none(paper):
    first = await fetch(paper.gate, ONE)
    statuses = []
    for seconds in (60, 1, -62):
        paper.later(seconds=seconds)
        statuses.append((await fetch(paper.gate, first["location"])).status)

    assert statuses == [200, 302, 302]


async def test_a_round_trip_keeps_the_rest_of_the_query_and_one_marker(paper):
    paper.at = AT.replace(year=1970, month=1, day=1, hour=0, minute=0)
    raw = f"{ONE}?utm_source=mail&welcome=zzz&a=1"

    reply = await fetch(paper.gate, raw)

    assert reply["location"] == f"{ONE}?utm_source=mail&a=1&welcome=0"


async def test_an_old_cookie_replayed_changes_nothing(paper):
    browser = paper.browser()
    await browser.read(1)
    kept = dict(browser.cookies)
    await read_all(browser, (2, 3, 4))

    old = paper.browser(**kept)

    assert await read_all(old, (5, 1, 2, 3, 4)) == [False, True, True, True, False]


async def test_a_free_story_needs_no_cookie_and_costs_nothing(paper):
    reply = await fetch(paper.gate, "/business/a-story-20/")

    assert (reply.status, reply.shows_all, reply.cookies) == (200, True, {})
    assert reply["cache-control"] == "private, no-cache"
    browser = paper.browser(**device_cookie())
    assert await read_all(browser, (20, 1, 2, 20, 3, 4)) == [
        True,
        True,
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("cookies", [{}, device_cookie(), reader_pass(bits=0b1110)])
async def test_premium_is_closed_without_news(paper, cookies):
    reply = await fetch(paper.gate, "/business/a-story-30/", cookies)

    assert (reply.status, reply.shows_all) == (200, False)
    assert "<p>premium</p>" in reply.body
    assert reply["cache-control"] == "private, no-store"


async def test_a_subscriber_reads_all_without_meter_and_without_advertisements(paper):
    browser = paper.browser(**reader_pass(bits=NEWS_BIT))

    replies = [await browser.read(story) for story in (1, 2, 3, 4, 5, 6, 7, 30, 20)]

    assert [reply.shows_all for reply in replies] == [True] * 9
    assert replies[0].body == (
        "<html><a>Account</a><h1>Story 1</h1><p>canary1</p></html>"
    )
    assert not any("<ins>" in reply.body for reply in replies)
    assert not (await browser.read(40)).shows_all


async def test_a_vertical_opens_by_its_own_feature_only(paper):
    orders = await paper.store.orders()
    paper.store.file_orders(replace(orders, verticals=(("vertical:investor", 8),)))
    browser = paper.browser(**reader_pass(bits=1 << 8))

    assert (await browser.read(40)).shows_all
    assert not (await browser.read(30)).shows_all


async def test_a_registered_reader_has_more_and_her_own_count(paper):
    browser = paper.browser(**device_cookie(), **reader_pass())

    shown = await read_all(browser, (1, 2, 3, 4, 5, 6))

    assert shown == [True] * 5 + [False]
    assert "<p>limit of 5 in Business</p>" in (await browser.read(6)).body
    anonymous = paper.browser(**device_cookie())
    assert await read_all(anonymous, (6,)) == [True]


async def test_login_unites_and_logout_sheds_nothing(paper):
    device = device_cookie()
    assert await read_all(paper.browser(**device), (1, 2)) == [True, True]
    await paper.store.unite(DEVICE, READER)
    logged_in = paper.browser(**device, **reader_pass())
    assert await read_all(logged_in, (1, 3, 4, 5, 6)) == [True] * 4 + [False]

    await paper.store.unite(DEVICE, READER)

    assert await read_all(paper.browser(**device), (6, 5, 3)) == [False, True, True]


# --- Not counted ------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        [("sec-purpose", "prefetch")],
        [("sec-purpose", "prefetch;prerender")],
        [("purpose", "prefetch")],
        [("x-moz", "prefetch")],
    ],
)
async def test_what_is_fetched_ahead_is_neither_counted_nor_shown(paper, headers):
    browser = paper.browser(**device_cookie())
    for story in (1, 2, 3, 4, 5):
        reply = await browser.read(story, headers=headers)
        assert (reply.status, reply.body) == (503, "")
        assert reply["cache-control"] == "no-store"

    assert await read_all(browser, (6, 7, 8, 9)) == [True, True, True, False]
    again = await browser.read(6, headers=headers)
    assert (again.status, again.shows_all) == (200, True)


async def test_a_prefetch_without_a_cookie_gets_none(paper):
    reply = await fetch(paper.gate, ONE, headers=[("sec-purpose", "prefetch")])

    assert (reply.status, reply.cookies) == (503, {})


async def test_head_is_never_counted_and_has_no_body(paper):
    browser = paper.browser(**device_cookie())
    for story in (1, 2, 3, 4, 5):
        reply = await browser.read(story, method="HEAD")
        assert (reply.status, reply.body) == (200, "")
        assert int(reply["content-length"]) > 0

    assert await read_all(browser, (6, 7, 8, 9)) == [True, True, True, False]


async def test_a_story_already_read_is_not_modified_and_not_counted(paper):
    browser = paper.browser(**device_cookie())
    etag = (await browser.read(1))["etag"]

    again = await browser.read(1, headers=[("if-none-match", f'"other", {etag}')])

    assert (again.status, again.body, again["etag"]) == (304, "", etag)
    assert await read_all(browser, (2, 3, 4)) == [True, True, False]


async def test_a_view_that_costs_a_story_is_sent_whatever_the_client_holds(paper):
    etag = (await paper.browser(**device_cookie()).read(1))["etag"]
    other = paper.browser(**device_cookie(UUID(int=2)))

    reply = await other.read(1, headers=[("if-none-match", etag)])

    assert (reply.status, reply.shows_all, reply["etag"]) == (200, True, etag)


async def test_no_tag_finds_out_about_a_page_that_was_not_decided(paper):
    subscriber = paper.browser(**reader_pass(bits=NEWS_BIT))
    full = (await subscriber.read(30))["etag"]
    stranger = paper.browser(**device_cookie())
    cut = await stranger.read(30)

    asked = await stranger.read(30, headers=[("if-none-match", full)])
    for match in (full, full.removeprefix("W/"), "*", f"{full}, *"):
        reply = await stranger.read(30, headers=[("if-none-match", match)])
        assert (reply.status, reply.body, reply["etag"]) == (200, cut.body, cut["etag"])

    assert asked["etag"] != full
    held = await stranger.read(30, headers=[("if-none-match", cut["etag"])])
    assert held.status == 304


async def test_a_cut_pages_tag_says_nothing_of_what_is_withheld(paper):
    stranger = paper.browser(**device_cookie())
    before = await stranger.read(30)
    changed = replace(pressed(30), full=b"<html>canary, other words</html>")

    paper.store.press(changed)
    await asyncio.sleep(0.05)
    after = await stranger.read(30)

    assert after.headers == before.headers
    assert (await paper.browser(**reader_pass(bits=NEWS_BIT)).read(30)).body == (
        "<html>canary, other words</html>"
    )


async def test_a_range_gets_the_whole_of_what_was_decided(paper):
    stranger = paper.browser(**device_cookie())
    whole = (await stranger.read(30)).body

    reply = await stranger.read(30, headers=[("range", "bytes=0-9")])

    assert (reply.status, reply.body) == (200, whole)


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "PUT", "TRACE", "get"])
async def test_other_methods_are_not_the_gates_business(paper, method):
    reply = await fetch(
        paper.gate, ONE, device_cookie(), method=method, headers=[("x-variant", "full")]
    )

    assert (reply.status, reply.body) == (404, "Django's page")
    assert paper.passed_on == [ONE]


# --- Passes -----------------------------------------------------------------------


async def test_a_voided_pass_is_minted_anew_once(paper):
    stale, fresh = reader_pass(bits=NEWS_BIT), reader_pass(bits=0, epoch=1)
    paper.sessions["anne"] = fresh
    browser = paper.browser(**stale, **{"__Host-broadsheet-session": "anne"})
    assert (await browser.read(30)).shows_all
    assert paper.minted == []

    paper.store.void_passes(READER, AT)
    await asyncio.sleep(0.05)
    reply = await browser.read(30)

    assert not reply.shows_all
    assert reply.cookies == fresh
    assert "<a>Account</a>" in reply.body
    await browser.read(30)
    assert len(paper.minted) == 1


async def test_a_pass_that_ran_out_is_minted_anew(paper):
    browser = paper.browser(
        **reader_pass(bits=NEWS_BIT), **{"__Host-broadsheet-session": "anne"}
    )
    paper.later(minutes=10)
    later = int((AT + timedelta(minutes=20)).timestamp())
    paper.sessions["anne"] = reader_pass(
        bits=NEWS_BIT, expires=later, entitled_until=later
    )

    reply = await browser.read(30)

    assert reply.shows_all
    assert reply.cookies == paper.sessions["anne"]


async def test_a_right_ends_on_its_second(paper):
    ends = int(AT.timestamp()) + 60
    browser = paper.browser(**reader_pass(bits=NEWS_BIT, entitled_until=ends))
    shown = []
    for seconds in (59, 1):
        paper.later(seconds=seconds)
        shown.append((await browser.read(30)).shows_all)

    assert shown == [True, False]


async def test_a_session_of_nobody_is_asked_once(paper):
    browser = paper.browser(
        **device_cookie(), **{"__Host-broadsheet-session": "stranger"}
    )
    assert await read_all(browser, (1, 2, 3, 4)) == [True, True, True, False]
    assert len(paper.minted) == 1


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda text: text + "A",
        lambda text: text[:-1],
        lambda text: text + "=",
        lambda text: f'"{text}"',
        lambda text: text.swapcase(),
        lambda text: "é" + text,
        lambda text: "A" * 100_000,
        lambda text: "",
    ],
)
async def test_a_spoilt_pass_is_no_pass(paper, spoilt):
    (text,) = reader_pass(bits=NEWS_BIT).values()
    cookies = {READER_COOKIE: spoilt(text)}

    reply = await fetch(paper.gate, "/business/a-story-30/", cookies)

    assert (reply.status, reply.shows_all) == (200, False)


async def test_a_cookie_that_comes_twice_is_absent(paper):
    (good,) = reader_pass(bits=NEWS_BIT).values()
    for second in (good, "other"):
        cookie = f"{READER_COOKIE}={good}; {READER_COOKIE}={second}"
        reply = await fetch(
            paper.gate, "/business/a-story-30/", headers=[("cookie", cookie)]
        )
        assert not reply.shows_all


async def test_a_device_cookie_is_no_pass_and_a_pass_no_device_cookie(paper):
    (device,), (carried,) = device_cookie().values(), reader_pass(bits=1).values()
    swapped = {READER_COOKIE: device, DEVICE_COOKIE: carried}

    reply = await fetch(paper.gate, ONE, swapped)

    assert reply.status == 302


async def test_a_device_cookie_lives_ninety_days(paper):
    cookies = device_cookie()
    statuses = []
    for days, seconds in ((90, -1), (0, 1)):
        paper.later(days=days, seconds=seconds)
        statuses.append((await fetch(paper.gate, ONE, cookies)).status)

    assert statuses == [200, 302]


# --- Addresses --------------------------------------------------------------------


@pytest.mark.parametrize(
    "alias",
    [
        "/Business/A-Story-1/",
        "/business/a-story-1",
        "//business/a-story-1/",
        "/business//a-story-1/",
        "/business/a-story-1//",
        "/business/./a-story-1/",
        "/x/../business/a-story-1/",
        "/business/a-story-1;p/",
        "/business;p=1/a-story-1/",
        "/business/%2e/a-story-1/",
        "/business/a-story-%31/",
        "/business%2fa-story-1/",
        "/b%75siness/a-story-1/",
        "/politics/another-slug-1/",
        "/business/a-story-0001/",
        "/business/-1/",
        "/business/1/?welcome=zzz",
        "/business/a-story-1?next=//evil.example",
    ],
)
async def test_an_alias_moves_to_the_one_address(paper, alias):
    for cookies in ({}, device_cookie(), reader_pass(bits=NEWS_BIT)):
        reply = await fetch(paper.gate, alias, cookies)
        assert (reply.status, reply["location"], reply.body) == (301, ONE, "")

    browser = paper.browser(**device_cookie())
    assert await read_all(browser, (2, 3, 4, 5)) == [True, True, True, False]


@pytest.mark.parametrize(
    "other",
    [
        "/",
        "/business/",
        "/business/a-story/",
        "/business/a-story-1/print/",
        "/business/a-story-1/index.html",
        "/business/%252e/a-story-1/",
        "/business/a-story-%2531/",
        "/business/a-story-999/",
        "/business/a-story-١/",
        "/business/a-story-1e0/",
        "/business/a-story-9999999999999999999999/",
        "/topics/covid-1/",
        "/authors/jo-1/",
        "/accounts/x-1/",
        "/desk/x-1/",
    ],
)
async def test_what_means_no_story_is_djangos(paper, other):
    reply = await fetch(paper.gate, other, reader_pass(bits=NEWS_BIT))

    assert (reply.status, reply.body) == (404, "Django's page")


# --- Changes and faults -----------------------------------------------------------


async def test_a_story_withdrawn_is_gone_for_everybody(paper):
    browser = paper.browser(**reader_pass(bits=NEWS_BIT))
    assert (await browser.read(1)).shows_all

    paper.store.file_story(facts(1, withdrawn=True))
    await asyncio.sleep(0.05)
    reply = await browser.read(1)

    assert (reply.status, reply.body) == (410, "Django's page")


async def test_a_new_revision_and_a_new_class_are_seen(paper):
    browser = paper.browser(**device_cookie())
    before = await browser.read(20)

    paper.store.file_story(facts(20, "premium", revision=2))
    paper.store.press(pressed(20, revision=2))
    await asyncio.sleep(0.05)
    after = await browser.read(20)

    assert (before.shows_all, after.shows_all) == (True, False)
    assert before["etag"] != after["etag"]


async def test_a_missing_page_is_pressed_once_for_all_who_wait(paper):
    paper.store.file_story(facts(50, "free"))

    replies = await asyncio.gather(
        *(fetch(paper.gate, "/business/a-story-50/") for _ in range(20))
    )

    assert {reply.body for reply in replies} == {replies[0].body}
    assert replies[0].shows_all
    assert paper.pressed == [50]


async def test_a_story_that_cannot_be_pressed_is_djangos_and_not_counted(paper):
    paper.store.file_story(facts(50))
    paper.unpressable.add(50)
    browser = paper.browser(**device_cookie())

    assert (await browser.read(50)).body == "Django's page"
    assert paper.pressed == [50]
    assert await read_all(browser, (1, 2, 3, 4)) == [True, True, True, False]


async def test_every_page_carries_the_security_headers(paper):
    for raw in ("/business/a-story-20/", ONE, "/business/a-story-1"):
        reply = await fetch(paper.gate, raw)
        assert reply["content-security-policy"].startswith("default-src 'none'; ")
        assert "'unsafe" not in reply["content-security-policy"]
        assert reply["x-content-type-options"] == "nosniff"
    assert (await fetch(paper.gate, "/business/a-story-20/"))["vary"] == "cookie"


async def test_the_policy_is_followed_as_it_changes(paper):
    browser = paper.browser(**device_cookie())
    await browser.read(1)
    orders = await paper.store.orders()

    paper.store.file_orders(replace(orders, policy=Policy(limit_anonymous=1)))
    await asyncio.sleep(0.7)

    assert await read_all(browser, (1, 2)) == [True, False]


async def test_the_publications_own_clock_turns_the_month(paper):
    browser = paper.browser(**device_cookie())
    assert await read_all(browser, (1, 2, 3, 4)) == [True, True, True, False]
    orders = await paper.store.orders()

    paper.store.file_orders(replace(orders, clock_offset=timedelta(days=29)))
    await asyncio.sleep(0.7)

    assert await read_all(browser, (4, 5, 6, 7)) == [True, True, True, False]


async def test_views_are_tallied_by_reason(paper):
    browser = paper.browser(**device_cookie())
    await read_all(browser, (1, 1, 2, 3, 4, 20, 30))

    assert dict(paper.gate.tally.views) == {
        "counted": 3,
        "reread": 1,
        "spent": 1,
        "free": 1,
        "premium": 1,
    }
    assert dict(paper.gate.tally.faults) == {}


async def test_an_address_of_another_system_is_no_alias_of_the_story_it_ends_in(
    paper,
):
    claimed = []

    def claim(path):
        claimed.append(path)
        return path == "/news/title-1/"

    paper = Newspaper(paper.store, claimed=claim)
    await fetch(paper.gate, "/news/title-1/")
    assert paper.passed_on == ["/news/title-1/"]
    reply = await fetch(paper.gate, "/news/titel-1/")
    assert (reply.status, reply["location"]) == (301, ONE)
    await fetch(paper.gate, ONE)  # The story's own address asks nobody.
    assert claimed == ["/news/title-1/", "/news/titel-1/"]
    await paper.gate.close()


async def test_a_month_of_another_systems_archive_is_no_story(paper):
    await fetch(paper.gate, "/2019/01/")
    assert paper.passed_on == ["/2019/01/"]
