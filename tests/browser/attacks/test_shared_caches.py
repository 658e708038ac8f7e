"""
Shared caches: one reader's page shown to another, keys poisoned, suffixes that look like
files, the program reached around nginx, the back button after logout.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Page

from broadsheet.main.leakcheck.wire import Request, Wire
from tests.browser.attacks.conftest import SUBSCRIBER
from tests.browser.attacks.edge import Edge
from tests.browser.client import Client, metered, whole
from tests.site import EDGE_KEY, RunningSite

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
LIMIT = 3


@pytest.fixture
def premium(stranger: Client) -> str:
    listed = stranger.get("/api/v1/stories?limit=50").json()["stories"]
    return str(next(one["path"] for one in listed if one["access"] == "premium"))


def test_a_subscribers_page_is_shown_to_nobody_else(
    stranger: Client, premium: str, subscriber: dict[str, str]
):
    reader = Client(stranger.origin, subscriber)
    for _ in range(3):  # Fetched, kept, from the cache.
        assert whole(reader.read(premium))
        assert not whole(stranger.read(premium))
        assert not whole(Client(stranger.origin).read(premium))
    for reply in (reader.get(premium), stranger.get(premium)):
        assert reply.headers["cache-control"] == "private, no-store"
        assert "age" not in reply.headers


def test_no_page_that_is_kept_holds_a_cookie(
    edge: Edge, stranger: Client, premium: str, subscriber: dict[str, str]
):
    Client(edge.origin, subscriber).read(premium)
    Client(edge.origin).read(premium)
    kept = edge.kept()
    assert len(kept) >= 2
    for file in kept:
        head = file.partition(b"\r\n\r\n")[0].lower()
        assert b"set-cookie" not in head
        assert not any(value.encode() in file for value in subscriber.values())
        assert EDGE_KEY.encode() not in file


def test_readers_side_by_side_each_get_their_own(
    stranger: Client, premium: str, subscriber: dict[str, str]
):
    paths = metered(stranger, LIMIT + 1)
    spent = Client(stranger.origin)
    assert [whole(spent.read(path)) for path in paths] == [*[True] * LIMIT, False]
    wire = Wire(stranger.origin)
    path = paths[LIMIT]

    def read(turn: int) -> tuple[bool, bool]:
        pays = turn % 2 == 0
        cookies = subscriber if pays else spent.cookies
        line = "; ".join(f"{name}={value}" for name, value in cookies.items())
        body = wire.ask(Request("", path), [line]).body
        return pays, b"<article" in body and b'class="wall' not in body

    with ThreadPoolExecutor(16) as hands:
        seen = list(hands.map(read, range(200)))

    assert [pays for pays, shown in seen if pays != shown] == []


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-Host",
        "X-Forwarded-Server",
        "X-Forwarded-Prefix",
        "X-Forwarded-Scheme",
        "X-Host",
        "X-Original-URL",
        "X-Rewrite-URL",
        "Forwarded",
    ],
)
def test_what_one_writes_in_a_header_reaches_nobody(
    stranger: Client, premium: str, header: str
):
    stranger.get("/")
    word = "attacker.example"
    value = f"host={word}" if header == "Forwarded" else f"/{word}"
    for path in (premium, "/", "/feeds/"):
        for seen in (
            stranger.send("GET", path, headers={header: value}),
            Client(stranger.origin, stranger.cookies).get(path),
        ):
            assert word not in seen.text
            assert not any(word in one for one in seen.headers.values())


@pytest.mark.parametrize(
    "suffix",
    ["x.css", "x-1/", "..%2fx.css", "%3bx.css", "%00.css", "?x.css", "x.js?x-1/"],
)
def test_an_account_that_looks_like_a_file_is_not_kept(
    origin: str, subscriber: dict[str, str], suffix: str
):
    wire = Wire(origin)
    line = "; ".join(f"{name}={value}" for name, value in subscriber.items())
    for page in ("/account/", "/account/security/", "/api/v1/"):
        own = wire.ask(Request("", page + suffix), [line])
        other = wire.ask(Request("", page + suffix))
        assert SUBSCRIBER.encode() not in other.body
        assert "public" not in own.header("cache-control")
        assert other.status in (301, 302, 400, 403, 404)


def test_a_story_that_looks_like_a_file_is_not_one(
    stranger: Client, premium: str, subscriber: dict[str, str]
):
    reader = Client(stranger.origin, subscriber)
    for suffix in ("x.css", ";x.css", "x.jpg?x", "%2fx.css"):
        for client in (reader, stranger):
            assert not whole(client.get(premium + suffix))


def test_around_nginx_a_reader_is_metered_all_the_same(edge: Edge, site: RunningSite):
    reader = Client(edge.origin)
    paths = metered(reader, LIMIT + 1)
    assert [whole(reader.read(path)) for path in paths] == [*[True] * LIMIT, False]

    around = Client(site.origin, reader.cookies)

    assert not whole(around.read(paths[LIMIT]))
    for headers in ({"X-Gate-Key": ""}, {"X-Gate-Key": "x" * 40}):
        reply = around.send("GET", "/gate/v1/authorise", headers=headers)
        assert (reply.status_code, "x-gate-answer" in reply.headers) == (404, False)


@pytest.mark.browser
def test_the_back_button_after_logout_shows_no_story(
    stranger_with_a_browser: Callable[[str], Page],
    origin: str,
    premium: str,
    subscriber: dict[str, str],
):
    page = stranger_with_a_browser(origin)
    line = page.context.new_cdp_session(page)
    for name, value in subscriber.items():  # Playwright's own way knows no __Host-.
        given = {"name": name, "value": value, "path": "/", "url": "https://127.0.0.1/"}
        line.send("Network.setCookie", {**given, "secure": True, "httpOnly": True})
    page.goto(origin + premium)
    assert page.locator(".wall").count() == 0
    words = page.locator("article p").all_inner_texts()
    longest = max(words[len(words) // 2 :], key=len)
    assert len(longest) > 100  # Far behind where the story is cut.

    page.goto(origin + "/")
    page.context.clear_cookies()  # What a logout does to her browser.
    page.go_back()

    assert page.url == origin + premium
    assert page.locator(".wall").count() == 1
    assert longest not in page.inner_text("body")
