"""What readers try who would rather not pay, over HTTP against a whole site."""

from __future__ import annotations

import time
from urllib.parse import quote
from uuid import uuid4

import pytest

from broadsheet.gate.asgi.address import with_welcome
from broadsheet.main.leakcheck.wire import Request, Wire
from tests.browser.client import (
    DEVICE,
    PASS,
    SESSION,
    Client,
    in_the_house,
    metered,
    whole,
)
from tests.site import RunningSite

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
LIMIT, REGISTERED_LIMIT = 3, 5


@pytest.fixture
def stranger(site: RunningSite) -> Client:
    return Client(site.origin)


def spend(client: Client, limit: int = LIMIT) -> list[str]:
    """Use the free stories up; return the paths of some that were not read."""
    paths = metered(client, limit + 4)
    assert [whole(client.read(path)) for path in paths] == [
        *[True] * limit,
        *[False] * 4,
    ]
    return paths[limit:]


def new_address() -> str:
    return f"thrifty-{uuid4().hex[:10]}@example.com"


# --- Cookies --------------------------------------------------------------------------


def test_an_old_cookie_replayed_changes_nothing(stranger: Client):
    paths = metered(stranger, LIMIT + 1)
    stranger.read(paths[0])
    old = dict(stranger.cookies)
    unread = spend(stranger)

    again = Client(stranger.origin, old)

    assert [whole(again.read(path)) for path in unread] == [False] * len(unread)
    assert whole(again.read(paths[0]))  # What was read stays open.


def test_a_cookie_twice_or_spoilt_opens_nothing(stranger: Client):
    [path, *_] = spend(stranger)
    device = stranger.cookies[DEVICE]
    fresh = Client(stranger.origin)
    fresh.get("/")
    other = fresh.cookies[DEVICE]
    # With the marker of a round trip, so that the answer is a page.
    mark = with_welcome(path.encode(), b"", int(time.time())).decode()
    for text in (
        f"{DEVICE}={device}; {DEVICE}={other}",
        f"{DEVICE}={other}; {DEVICE}={device}",
        f"{DEVICE}={other}x",
        f"{DEVICE}={other[:-1]}",
        f"{DEVICE}={other}; x={'x' * 9000}",
        f'{DEVICE}="{other}"',
        f"{PASS}={device}; {DEVICE}={device}",
    ):
        reply = Client(stranger.origin).get(mark, Cookie=text)
        assert (reply.status_code, whole(reply)) == (200, False), text


# --- Logins ---------------------------------------------------------------------------


def test_neither_login_nor_logout_nor_new_names_shed_a_count(
    stranger: Client, site: RunningSite
):
    spend(stranger)
    stranger.log_in(site, new_address())
    # United: three are read already, two more are open to a registered reader.
    unread = spend(stranger, REGISTERED_LIMIT)
    stranger.log_out()
    assert [whole(stranger.read(path)) for path in unread] == [False] * len(unread)
    # A second throw-away name is united with the device, and begins with five.
    stranger.log_in(site, new_address())
    assert [whole(stranger.read(path)) for path in unread] == [False] * len(unread)
    # A third, without logging out in between.
    stranger.log_in(site, new_address())
    assert [whole(stranger.read(path)) for path in unread] == [False] * len(unread)


def test_what_a_login_has_read_stays_read_for_the_next_login_over_it(
    stranger: Client, site: RunningSite
):
    stranger.log_in(site, new_address())
    unread = spend(stranger, REGISTERED_LIMIT)

    stranger.log_in(site, new_address())  # The device itself has read nothing.

    assert [whole(stranger.read(path)) for path in unread] == [False] * len(unread)


def test_a_right_that_is_taken_back_ends_within_a_second(
    stranger: Client, site: RunningSite
):
    email = new_address()
    stranger.log_in(site, email)
    listed = stranger.get("/api/v1/stories?limit=50").json()["stories"]
    premium = next(one["path"] for one in listed if one["access"] == "premium")
    code = """
from datetime import timedelta
from broadsheet.gate.house import actions
from broadsheet.plumbing import publication
from broadsheet.readers import queries
at = publication.now()
reader = queries.reader_of({email!r}).public_id
{verb}
"""
    days = "starts=at - timedelta(days=1), ends=at + timedelta(days=1)"
    admit = f"actions.admit(reader, feature='news', {days}, source='t', reference={email!r}, at=at)"
    in_the_house(site, code.format(email=email, verb=admit))
    assert _within_a_second(lambda: whole(stranger.read(premium)))
    good = dict(stranger.cookies)

    dismiss = f"actions.dismiss(source='t', reference={email!r}, ends=at, at=at)"
    in_the_house(site, code.format(email=email, verb=dismiss))

    assert _within_a_second(lambda: not whole(stranger.read(premium)))
    # Neither the pass alone nor pass and session, kept from the day before.
    for names in ((PASS,), (PASS, DEVICE), (PASS, SESSION), (SESSION,)):
        kept = Client(stranger.origin, {name: good[name] for name in names})
        assert not whole(kept.read(premium))
    api = Client(stranger.origin, good).get(f"/api/v1/stories/{_number(premium)}")
    assert api.json()["decision"]["reason"] == "premium"


def _within_a_second(holds) -> bool:
    deadline = time.monotonic() + 1.5
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _number(path: str) -> int:
    return int(path.strip("/").rpartition("-")[2])


# --- Addresses ------------------------------------------------------------------------


def test_a_story_under_many_addresses_is_one_story(stranger: Client):
    path, *others = metered(stranger, LIMIT + 1)
    section, slug = path.strip("/").split("/")
    wire = Wire(stranger.origin)  # Which does not tidy an address on its way.
    for alias in (
        f"//{section}/{slug}/",
        f"/{section.upper()}/{slug.upper()}/",
        f"/{section}/{slug};v=2/",
        f"/x/../{section}/{slug}/",
        f"/{section}/another-{_number(path)}/",
        f"/{section}/%2e/{slug}/",
    ):
        moved = wire.ask(Request("", alias))
        assert (moved.status, moved.header("location")) == (301, path), alias
    for query in ("utm_source=x", "page=2", "outputType=amp", "%F0%9F%97%9E"):
        assert "1 of 3" in stranger.read(f"{path}?{query}").text
    # Two more are open, so all of that was one.
    opened = [whole(stranger.read(other)) for other in others]
    assert opened == [True, True, False]


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
    stranger: Client, site: RunningSite, elsewhere: str
):
    asked = quote(elsewhere, safe="")
    for page in ("/accounts/login/", "/accounts/signup/", "/subscribe/"):
        text = stranger.get(f"{page}?next={asked}").text
        hidden = [line for line in text.splitlines() if 'name="next"' in line]
        assert not any("attacker" in line or "alert" in line for line in hidden)
    # One who is logged in is sent on at once.
    reader = Client(site.origin, _reader_of_the_demo(site))
    for page in ("/accounts/login/", "/accounts/signup/", "/accounts/logout/"):
        reply = reader.get(f"{page}?next={asked}")
        location = reply.headers.get("location", "/")
        assert location.startswith("/") and not location.startswith(("//", "/\\"))
        assert "attacker" not in location
        assert "x-injected" not in reply.headers


_DEMO: dict[str, dict[str, str]] = {}


def _reader_of_the_demo(site: RunningSite) -> dict[str, str]:
    """Log in once for the whole file: there is a limit on tries."""
    if site.origin not in _DEMO:
        client = Client(site.origin)
        fields = {"email": "reader@demo.example", "password": "reader"}
        assert client.post("/accounts/password/", **fields).status_code == 302
        _DEMO[site.origin] = client.cookies
    return dict(_DEMO[site.origin])


# --- Caches ---------------------------------------------------------------------------


def test_a_tag_of_the_whole_page_tells_a_stranger_nothing(stranger: Client):
    path = metered(stranger, 1)[0]
    tag = stranger.read(path).headers["etag"]
    assert stranger.get(path, If_None_Match=tag).status_code == 304  # It is her own.

    other = Client(stranger.origin)
    spent = spend(other)
    target = path if path in spent else spent[0]
    for claim in (tag, "*", f'{tag}, "x"', tag.removeprefix("W/")):
        reply = other.get(target, If_None_Match=claim)
        assert (reply.status_code, whole(reply)) == (200, False)


def test_nothing_that_is_one_readers_may_be_kept_for_another(
    stranger: Client, site: RunningSite
):
    path = metered(stranger, 1)[0]
    story = f"/api/v1/stories/{_number(path)}"
    reader = Client(site.origin, _reader_of_the_demo(site))
    for client in (stranger, reader):
        client.read(path)
        for page in (path, story, f"{story}/decision", "/account/", "/search/?q=a"):
            kept = client.get(page).headers["cache-control"]
            assert "private" in kept or "no-store" in kept, page
        for page in (path, story, f"{story}/decision"):
            reply = client.get(page)
            assert reply.headers["cache-control"] == "private, no-store", page
            assert "cookie" in reply.headers["vary"].lower()
    # A page that goes into the back-forward cache would show a logged-out account.
    assert "no-store" in reader.get("/account/").headers["cache-control"]


def test_a_feed_that_caches_keep_carries_nobodys_pass(site: RunningSite):
    cookies = _reader_of_the_demo(site)
    del cookies[PASS]  # So that a new one would be minted for her.
    reply = Client(site.origin, cookies).get("/feeds/front.rss")

    assert "public" in reply.headers["cache-control"]
    assert "set-cookie" not in reply.headers


# --- The clock ------------------------------------------------------------------------


def test_a_clock_that_is_put_back_reopens_nothing(stranger: Client, site: RunningSite):
    site.cli("clock", "move", "2d")
    try:
        time.sleep(1.2)  # Every process looks at the clock each second.
        unread = spend(stranger)
        for span in ("-1h", "-40d"):
            site.cli("clock", "move", span)
            time.sleep(1.2)
            opened = [whole(stranger.read(path)) for path in unread]
            assert opened == [False] * len(unread), span
    finally:
        site.cli("clock", "reset")
        time.sleep(1.2)
