"""
Claims: to be a crawler, to come from an address, from a search engine, to be on the way
to a page. None is worth anything until it is proved.
"""

from __future__ import annotations

import time
from urllib.parse import quote

import httpx
import pytest

from tests.browser.client import Client, in_the_house
from tests.site import EDGE_ADDRESS, RunningSite

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
GOOGLES_OWN = "66.249.66.1"


@pytest.fixture(scope="module")
def premium(site: RunningSite) -> str:
    listed = Client(site.origin).get("/api/v1/stories?limit=50").json()["stories"]
    return str(next(one["path"] for one in listed if one["access"] == "premium"))


@pytest.mark.parametrize("agent", ["Googlebot", "bingbot/2.0", "Twitterbot/1.0"])
def test_a_crawlers_name_alone_opens_nothing(
    stranger: Client, premium: str, agent: str
):
    reply = stranger.send("GET", premium, headers={"User-Agent": agent})
    assert (reply.status_code, 'class="wall' in reply.text) == (200, True)


@pytest.mark.parametrize("agent", ["GPTBot/1.2", "CCBot/2.0"])
def test_who_trains_is_refused_and_told_the_licence(
    stranger: Client, premium: str, agent: str
):
    reply = stranger.send("GET", premium, headers={"User-Agent": agent})
    assert reply.status_code == 403
    assert "license.xml" in reply.headers["link"]


RULE = """
from broadsheet.gate.house import models
models.CrawlerRule.objects.filter(kind="search", name="").delete()
if {action!r}:
    models.CrawlerRule.objects.create(kind="search", action={action!r})
"""


@pytest.fixture(scope="module")
def open_to_search(site: RunningSite):
    """The desk lets search engines read everything, if they prove to be some."""
    in_the_house(site, RULE.format(action="full"))
    time.sleep(1.0)
    yield
    in_the_house(site, RULE.format(action=""))


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "X-Gate-Client"]
)
def test_nobody_comes_from_where_she_says_she_does(
    open_to_search: None, stranger: Client, premium: str, header: str
):
    for value in (
        GOOGLES_OWN,
        f"{GOOGLES_OWN}, 127.0.0.2",
        f"127.0.0.2, {GOOGLES_OWN}",
    ):
        sent = {"User-Agent": GOOGLEBOT, header: value}
        reply = stranger.send("GET", premium, headers=sent)
        assert (reply.status_code, 'class="wall' in reply.text) == (200, True), value
    forwarded = {"User-Agent": GOOGLEBOT, "Forwarded": f"for={GOOGLES_OWN}"}
    assert 'class="wall' in stranger.send("GET", premium, headers=forwarded).text


def test_a_trusted_proxys_word_is_taken(
    open_to_search: None, site: RunningSite, premium: str
):
    """What the tests above refuse is what this one allows: or they would say nothing."""
    transport = httpx.HTTPTransport(local_address=EDGE_ADDRESS)
    with httpx.Client(transport=transport, base_url=site.origin) as proxy:
        sent = {"User-Agent": GOOGLEBOT, "X-Forwarded-For": GOOGLES_OWN}
        reply = proxy.get(premium, headers=sent)
    assert (reply.status_code, 'class="wall' in reply.text) == (200, False)


@pytest.mark.parametrize(
    "referrer",
    ["https://www.google.com/", "https://t.co/x", "https://news.google.com/"],
)
def test_no_referrer_opens_anything(stranger: Client, premium: str, referrer: str):
    stranger.get("/")
    with_it = stranger.send("GET", premium, headers={"Referer": referrer})
    assert with_it.text == stranger.get(premium).text
    assert 'class="wall' in with_it.text


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//attacker.example",
        "///attacker.example",
        "/\\attacker.example",
        "\\\\attacker.example",
        "/\t/attacker.example",
        "/\n/attacker.example",
        "https://attacker.example/",
        "https:attacker.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "http:///attacker.example",
        "/%09/attacker.example\r\nX-Injected: 1",
    ],
)
def test_no_next_leads_to_another_site(
    stranger: Client, subscriber: dict[str, str], elsewhere: str
):
    asked = quote(elsewhere, safe="")
    for page in ("/accounts/login/", "/accounts/signup/", "/subscribe/"):
        text = stranger.get(f"{page}?next={asked}").text
        hidden = [line for line in text.splitlines() if 'name="next"' in line]
        assert not any("attacker" in line or "alert" in line for line in hidden)
    # One who is logged in is sent on at once.
    reader = Client(stranger.origin, subscriber)
    for page in ("/accounts/login/", "/accounts/signup/", "/accounts/logout/"):
        reply = reader.get(f"{page}?next={asked}")
        location = reply.headers.get("location", "/")
        assert location.startswith("/") and not location.startswith(("//", "/\\"))
        assert "attacker" not in location
        assert "x-injected" not in reply.headers
