"""
Meter and identity: what readers try with cookies, logins and addresses who would rather
not pay. Each is tried at the program, and through nginx with its cache.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from uuid import uuid4

import pytest

from broadsheet.gate.asgi.address import with_welcome
from broadsheet.gate.core import passes
from broadsheet.gate.core.passes import Keyring
from broadsheet.kit import clock
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
        # nginx refuses a header of more than 8 kB by itself.
        assert reply.status_code == 200 or len(text) > 8192, text
        assert not whole(reply)


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


def test_what_a_login_has_read_stays_read_for_the_next_login_over_it(site: RunningSite):
    # Not through nginx too: there is a limit on mails, and others need theirs.
    stranger = Client(site.origin)
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


# --- Ways of asking -------------------------------------------------------------------


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PROPFIND"])
def test_other_methods_send_nothing_and_cost_nothing(stranger: Client, method: str):
    stranger.get("/")
    paths = metered(stranger, LIMIT + 1)
    for path in paths:
        reply = stranger.send(method, path)
        assert reply.status_code in (200, 403, 404, 405)
        assert not whole(reply)
    shown = [whole(stranger.read(path)) for path in paths]
    assert shown == [True, True, True, False]


@pytest.mark.parametrize("purpose", ["Sec-Purpose", "Purpose", "X-Moz"])
def test_a_prefetch_sends_no_story_and_costs_nothing(stranger: Client, purpose: str):
    stranger.get("/")
    paths = metered(stranger, LIMIT + 1)
    for path in paths:
        reply = stranger.send("GET", path, headers={purpose: "prefetch"})
        assert (reply.status_code, reply.content) == (503, b"")
    shown = [whole(stranger.read(path)) for path in paths]
    assert shown == [True, True, True, False]


def test_no_tag_range_or_override_opens_what_is_shut(stranger: Client):
    [path, *_] = spend(stranger)
    reply = stranger.get(path)
    assert not whole(reply)
    shut = reply.content
    full = reply.headers["etag"].replace("wall:metered", "full")
    for headers in (
        {"Range": "bytes=0-"},
        {"Range": "bytes=-4000"},
        {"Range": "bytes=100-200,400-"},
        {"If-None-Match": full},
        {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"X-HTTP-Method-Override": "GET"},
        {"X-Variant": "full"},
        {"X_Variant": "full"},
        {"X-Gate-Variant": "full"},
        {"X_Gate_Variant": "full"},
        {"X-Gate-Page": path},
        {"X-Gate-Verdict": "full"},
        {"X-Gate-Answer": "page"},
        {"X-Gate-Uri": "/"},
        {"X-Gate-Method": "HEAD"},
        {"X-Accel-Redirect": path},
    ):
        reply = stranger.send("GET", path, headers=headers)
        assert (reply.status_code, reply.content) == (200, shut), headers
    # nginx says of itself that a tag is not the page's; it compares the shut page's.
    for tag in (full, "*", '"x"'):
        assert not whole(stranger.send("GET", path, headers={"If-Match": tag}))
    # The tag of the page that she is shown, and it alone, is not sent again.
    own = stranger.get(path).headers["etag"]
    assert stranger.send("GET", path, headers={"If-None-Match": own}).status_code == 304


def test_a_view_that_costs_is_counted_whatever_the_client_says_it_holds(
    stranger: Client,
):
    stranger.get("/")
    paths = metered(stranger, LIMIT + 1)
    for path in paths[:LIMIT]:
        stranger.send("GET", path, headers={"If-None-Match": "*", "Range": "bytes=0-1"})

    assert not whole(stranger.read(paths[LIMIT]))


# --- Bytes that nobody signed ---------------------------------------------------------


def test_random_bytes_for_a_pass_open_nothing_and_break_nothing(stranger: Client):
    listed = stranger.get("/api/v1/stories?limit=50").json()["stories"]
    premium = next(one["path"] for one in listed if one["access"] == "premium")
    chance = Random(20260803)
    good = passes.device_cookie(Keyring.of("an attacker's own"), uuid4(), clock.wall())
    wire = Wire(stranger.origin)
    for turn in range(120):
        noise = bytes(chance.choices(_SENDABLE, k=chance.choice((1, 51, 67, 300))))
        spoilt = bytearray(good.encode())
        spoilt[chance.randrange(len(spoilt))] = chance.choice(_SENDABLE)
        value = (noise if turn % 2 else bytes(spoilt)).decode("latin-1")
        for name in (PASS, DEVICE):
            answer = wire.ask(Request("", premium), [f"{name}={value}"])
            assert answer.status in (200, 302, 400), (answer.status, value)
            assert answer.status != 200 or b'class="wall' in answer.body


# What a Cookie header can hold, whole bytes above ASCII among it.
_SENDABLE = [byte for byte in range(0x21, 0x100) if byte != 0x7F]


# --- Many at once ---------------------------------------------------------------------


PLANT = """
from broadsheet.main.leakcheck import planting
from broadsheet.news.newsroom import queries
from broadsheet.plumbing import publication
for number in planting.fillers(50, publication.now()):
    print(queries.canonical(number))
"""


@pytest.fixture(scope="module")
def fifty(site: RunningSite) -> Iterator[list[str]]:
    yield in_the_house(site, PLANT).split()
    site.cli("leakcheck", "--weed")


def test_64_tabs_on_50_stories_get_exactly_the_limit(
    stranger: Client, fifty: list[str]
):
    """With two server processes: `tests/browser/test_counting.py`."""
    stranger.get("/")
    cookies = ["; ".join(f"{k}={v}" for k, v in stranger.cookies.items())]
    wire = Wire(stranger.origin)

    def read(path: str) -> str | None:
        body = wire.ask(Request("", path), cookies).body
        return path if b"<article" in body and b'class="wall' not in body else None

    with ThreadPoolExecutor(64) as tabs:
        shown = set(tabs.map(read, [*fifty, *reversed(fifty)])) - {None}

    assert (len(fifty), len(shown)) == (50, LIMIT)
    assert {path for path in fifty if read(path)} == shown
