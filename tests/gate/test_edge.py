"""The gate's decisions over HTTP: what an edge is told, and that nobody else is."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadsheet.gate.asgi import Terms
from broadsheet.gate.asgi.questions import (
    MOST_BODY,
    BadQuestion,
    body_of,
    fields_of,
    in_json,
    story_of,
)
from broadsheet.gate.core.passes import DEVICE_COOKIE, READER_COOKIE
from broadsheet.gate.core.vocabulary import Action, CrawlerRule, Kind, Orders, Policy
from broadsheet.gate.store import StoreDown
from broadsheet.gate.store.memory import MemoryStore
from tests.gate.conftest import (
    FURNITURE,
    NEWS_BIT,
    Newspaper,
    Reply,
    device_cookie,
    facts,
    fetch,
    pressed,
    reader_pass,
)

KEY, OTHER_KEY = "k" * 40, "another key of forty letters and so on.."
ONE = "/business/a-story-1/"
PREMIUM = "/business/a-story-30/"


@pytest.fixture
async def paper():
    """Stories 1 to 9 are metered, 20 is free, 30 premium, 40 a vertical's."""
    store = MemoryStore(Orders(Policy(limit_anonymous=3, extra_registered=2)))
    for story_id in range(1, 10):
        store.file_story(facts(story_id))
        store.press(pressed(story_id))
    for story_id, access in ((20, "free"), (30, "premium"), (40, "vertical:investor")):
        store.file_story(facts(story_id, access))
        store.press(pressed(story_id))
    store.file_furniture(FURNITURE)
    newspaper = Newspaper(store, edge=Terms(keys=(KEY, OTHER_KEY)))
    yield newspaper
    await newspaper.gate.close()


def pairs(cookies) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


async def post(app, body, *, key=KEY, chunk=4096) -> Reply:
    """Send a question as it comes over a line: in pieces."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    pieces = [raw[start : start + chunk] for start in range(0, len(raw), chunk)] or [
        b""
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/gate/v1/decide",
        "raw_path": b"/gate/v1/decide",
        "query_string": b"",
        "headers": [(b"x-gate-key", key.encode())] if key else [],
    }
    messages = []

    async def receive():
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message):
        messages.append(message)

    await app(scope, receive, send)
    start, *bodies = messages
    return Reply(
        start["status"],
        [(name.decode(), value.decode()) for name, value in start["headers"]],
        b"".join(part["body"] for part in bodies).decode(),
    )


async def decide(app, address=None, cookies=None, **fields) -> dict:
    asked = {} if address is None else {"address": address}
    if cookies is not None:
        fields["cookies"] = pairs(cookies)
    reply = await post(app, {**asked, **fields})
    assert reply.status == 200, reply.body
    assert reply["cache-control"] == "no-store"
    return json.loads(reply.body)


async def authorise(app, address, cookies=None, *, method="GET", key=KEY, headers=()):
    told = [("x-gate-uri", address), ("x-gate-method", method), *headers]
    if key:
        told.append(("x-gate-key", key))
    return await fetch(app, "/gate/v1/authorise", cookies, headers=told)


async def page(app, address, *, method="GET") -> Reply:
    return await fetch(app, address, method=method, headers=[("x-gate-key", KEY)])


# --- Who may ask ------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("x-gate-key", "")],
        [("x-gate-key", KEY[:-1])],
        [("x-gate-key", KEY + "k")],
        [("x-gate-key", KEY), ("x-gate-key", KEY)],
        [("x-gate-key", f"{KEY},{OTHER_KEY}")],
        [("x_gate_key", KEY)],
        [("x-gate-key", "\xff" * 40)],
        [("authorization", f"Bearer {KEY}")],
    ],
)
async def test_without_the_key_there_is_nothing_here(paper, headers):
    told = await decide(paper.gate, PREMIUM, reader_pass(bits=NEWS_BIT))
    good = [("x-gate-uri", ONE)]
    for path in ("/gate/v1/authorise", "/gate/v1/decide", told["page"]):
        reply = await fetch(
            paper.gate, path, device_cookie(), headers=[*headers, *good]
        )
        assert (reply.status, reply.body) == (404, "Django's page")
        assert not [name for name, _ in reply.headers if name.startswith("x-gate")]
    # And nothing was counted.
    assert (await decide(paper.gate, ONE, device_cookie()))["decision"]["count"] == 1


async def test_without_any_key_in_the_settings_nobody_is_an_edge(paper):
    shut = Newspaper(paper.store)

    for key in ("", KEY):
        reply = await authorise(shut.gate, ONE, key=key)
        assert (reply.status, reply.body) == (404, "Django's page")


async def test_each_of_the_keys_opens(paper):
    for key in (KEY, OTHER_KEY):
        assert (await authorise(paper.gate, ONE, key=key)).status == 200


# --- What is told -----------------------------------------------------------------


async def test_a_counted_view_is_told_with_everything_about_it(paper):
    told = await decide(paper.gate, ONE, device_cookie())

    variant, named = told.pop("variant"), told.pop("page")
    assert variant.startswith("1.full.1of3.a+.1.")
    assert named.startswith("/gate/v1/pages/") and len(named) == 15 + 54
    etag = told["headers"].pop("etag")
    assert etag == f'W/"{variant.removeprefix("1.")}"'
    assert told["headers"].pop("cache-control") == "private, no-store"
    assert told["headers"].pop("content-type") == "text/html; charset=utf-8"
    assert told["headers"].pop("vary") == "cookie"
    assert "content-security-policy" in told.pop("headers")
    assert told == {
        "version": 1,
        "answer": "page",
        "status": 200,
        "location": None,
        "cookies": [],
        "decision": {
            "story": 1,
            "verdict": "full",
            "reason": "counted",
            "count": 1,
            "limit": 3,
            "remaining": 2,
            "counts": True,
            "ads": True,
        },
    }


async def test_a_view_is_counted_once_whoever_asks_how_often(paper):
    cookies = device_cookie()
    reasons = []
    for _ in range(3):
        told = await decide(paper.gate, ONE, cookies)
        reasons.append((told["decision"]["reason"], told["decision"]["count"]))
        headers = await authorise(paper.gate, ONE, cookies)
        reasons.append((headers["x-gate-reason"], int(headers["x-gate-count"])))
        await page(paper.gate, told["page"])
    assert reasons == [("counted", 1), *[("reread", 1)] * 5]

    browser = paper.browser(**cookies)
    assert [(await browser.read(story)).shows_all for story in (1, 2, 3, 4)] == [
        True,
        True,
        True,
        False,
    ]
    assert (await decide(paper.gate, "/business/a-story-5/", cookies))["decision"] == {
        "story": 5,
        "verdict": "wall",
        "reason": "spent",
        "count": 3,
        "limit": 3,
        "remaining": 0,
        "counts": False,
        "ads": True,
    }


@pytest.mark.parametrize("purpose", ["glance", "ahead"])
async def test_a_view_that_does_not_read_costs_nothing(paper, purpose):
    cookies = device_cookie()

    told = await decide(paper.gate, ONE, cookies, purpose=purpose)

    assert told["decision"]["reason"] == "unread"
    assert told["answer"] == ("page" if purpose == "glance" else "refuse")
    assert told["status"] == (200 if purpose == "glance" else 503)
    assert (await decide(paper.gate, ONE, cookies))["decision"]["count"] == 1


async def test_the_story_may_be_asked_for_by_its_number(paper):
    told = await decide(paper.gate, story=30, cookies=reader_pass(bits=NEWS_BIT))

    assert (told["answer"], told["decision"]["reason"]) == ("page", "entitled")
    unknown = await decide(paper.gate, story=999)
    assert (unknown["answer"], unknown["decision"]) == ("origin", None)


async def test_a_first_visit_is_told_to_make_its_round_trip(paper):
    told = await decide(paper.gate, ONE + "?utm_source=x")

    [cookie] = told["cookies"]
    assert cookie.startswith(DEVICE_COOKIE + "=")
    assert (told["answer"], told["status"], told["page"]) == ("redirect", 302, None)
    assert told["location"].startswith(f"{ONE}?utm_source=x&welcome=")
    headers = await authorise(paper.gate, ONE)
    assert (headers.status, headers["x-gate-answer"]) == (200, "redirect")
    assert headers["x-gate-status"] == "302"
    assert headers["x-gate-location"].startswith(f"{ONE}?welcome=")
    assert list(headers.cookies) == [DEVICE_COOKIE]
    # Who comes back without a cookie is shown the wall that says so.
    back = await authorise(paper.gate, headers["x-gate-location"])
    assert (back["x-gate-answer"], back["x-gate-reason"]) == ("page", "cookies")


@pytest.mark.parametrize(
    ("address", "method"),
    [
        ("/", "GET"),
        ("/business/", "GET"),
        ("/business/a-story-999/", "GET"),
        ("/gate/v1/decide", "GET"),
        ("/desk/a-story-1/", "GET"),
        (ONE, "POST"),
        (ONE, "OPTIONS"),
    ],
)
async def test_what_is_no_page_of_the_gates_is_for_the_origin(paper, address, method):
    cookies = device_cookie()

    told = await decide(paper.gate, address, cookies, method=method)
    headers = await authorise(paper.gate, address, cookies, method=method)

    assert (told["answer"], told["decision"], told["page"]) == ("origin", None, None)
    assert headers["x-gate-answer"] == "origin"
    assert headers["x-gate-page"] is None
    assert paper.passed_on == []  # A question is never the application's to answer.


async def test_another_spelling_is_redirected_and_a_withdrawn_story_left(paper):
    told = await decide(paper.gate, "/x/y-1/", device_cookie())
    assert (told["answer"], told["status"], told["location"]) == ("redirect", 301, ONE)

    paper.store.file_story(facts(1, withdrawn=True))
    await asyncio.sleep(0.1)  # Until the gate has heard of it.
    told = await decide(paper.gate, ONE, device_cookie())
    assert (told["answer"], told["decision"]) == ("origin", None)


async def test_a_machine_is_told_of_in_json_and_left_to_the_gate_by_nginx(paper):
    rule = CrawlerRule(Kind.TRAINING, Action.REFUSE)
    orders = await paper.store.orders()
    paper.store.file_orders(
        replace(orders, policy=replace(orders.policy, crawlers=(rule,)))
    )
    told = await decide(paper.gate, ONE, user_agent="GPTBot/1.2", client="192.0.2.1")
    assert (told["answer"], told["status"]) == ("refuse", 403)
    assert told["decision"]["reason"] == "crawler"

    told = await decide(paper.gate, ONE, user_agent="Googlebot/2.1")
    assert (told["answer"], told["page"]) == ("origin", None)
    assert told["decision"]["verdict"] == "cut"

    headers = await authorise(
        paper.gate, ONE, headers=[("user-agent", "Googlebot/2.1")]
    )
    assert (headers["x-gate-answer"], headers["x-gate-reason"]) == ("origin", None)


async def test_a_session_is_vouched_for_and_its_pass_is_told(paper):
    session = {"__Host-broadsheet-session": "s" * 32}
    paper.sessions["s" * 32] = reader_pass(bits=NEWS_BIT)

    told = await decide(paper.gate, PREMIUM, session)
    headers = await authorise(paper.gate, PREMIUM, session)

    assert told["decision"]["reason"] == headers["x-gate-reason"] == "entitled"
    assert told["cookies"][0].startswith(READER_COOKIE + "=")
    assert list(headers.cookies) == [READER_COOKIE]


async def test_a_store_that_is_down_is_said_so(paper):
    class Down(MemoryStore):
        async def story(self, story_id):
            raise StoreDown("away")

    down = Newspaper(Down(Orders(Policy(limit_anonymous=3))), edge=Terms(keys=(KEY,)))
    told = await decide(down.gate, ONE, device_cookie())
    assert (told["answer"], told["status"], told["decision"]) == ("refuse", 503, None)
    by_number = await post(down.gate, {"story": 1})
    assert by_number.status == 503
    await down.gate.close()


# --- Variants ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "cookies"),
    [
        (ONE, device_cookie()),
        (ONE, {**device_cookie(), **reader_pass()}),
        (ONE, reader_pass(bits=NEWS_BIT)),
        (ONE, reader_pass(bits=0b10)),
        (PREMIUM, device_cookie()),
        (PREMIUM, reader_pass(bits=NEWS_BIT)),
        ("/business/a-story-20/", {}),
        ("/business/a-story-40/", reader_pass(bits=1 << 8)),
        ("/business/a-story-40/", device_cookie()),
    ],
)
async def test_the_variant_is_the_very_page_that_the_gate_would_send(
    paper, address, cookies
):
    orders = await paper.store.orders()
    paper.store.file_orders(replace(orders, verticals=(("vertical:investor", 8),)))
    told = await decide(paper.gate, address, cookies)

    fetched = await page(paper.gate, told["page"])
    direct = await fetch(paper.gate, address, cookies)

    assert fetched.body == direct.body
    assert fetched["x-accel-expires"] == "3600"
    own = {"x-accel-expires", "content-length"}
    assert [pair for pair in fetched.headers if pair[0] not in own] == [
        pair for pair in direct.headers if pair[0] not in own
    ]
    assert fetched["content-length"] == str(len(fetched.body))
    assert fetched["etag"] == told["headers"]["etag"]
    head = await page(paper.gate, told["page"], method="HEAD")
    assert (head.status, head.body) == (200, "")


async def test_readers_who_are_shown_one_page_share_one_variant(paper):
    subscribers = [
        await authorise(paper.gate, ONE, reader_pass(UUID(int=number), bits=NEWS_BIT))
        for number in (1, 2)
    ]
    assert len({each["x-gate-variant"] for each in subscribers}) == 1
    # And who are shown different pages do not.
    others = [
        await authorise(paper.gate, ONE, cookies)
        for cookies in (device_cookie(), {**device_cookie(), **reader_pass()})
    ]
    assert len({each["x-gate-variant"] for each in (*subscribers, *others)}) == 3


@pytest.mark.parametrize("change", ["page", "class", "furniture", "withdrawn", "gone"])
async def test_a_variant_is_void_as_soon_as_its_page_has_changed(paper, change):
    told = await decide(paper.gate, ONE, device_cookie())
    assert (await page(paper.gate, told["page"])).status == 200

    if change == "page":
        paper.store.file_story(facts(1, revision=2))
        paper.store.press(pressed(1, revision=2))
    elif change == "class":
        paper.store.file_story(facts(1, "premium"))
    elif change == "furniture":
        paper.store.file_furniture({**FURNITURE, "meter": "<p>new</p>"})
    elif change == "withdrawn":
        paper.store.file_story(facts(1, withdrawn=True))
    else:
        told["page"] = told["page"][:-1]
    for _ in range(100):
        fetched = await page(paper.gate, told["page"])
        if fetched.status != 200:
            break
        await asyncio.sleep(0.01)

    assert (fetched.status, fetched.body) == (421, "")
    assert fetched["x-accel-expires"] == "0"


# --- Questions --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "A question is an object in JSON."),
        (b"[]", 400, "A question is an object in JSON."),
        (b'{"address": "/", "x": 1}', 400, "'x' is no field of a question"),
        (b'{"address": "/", "story": 1}', 400, "either the address or the story"),
        (b"{}", 400, "either the address or the story"),
        (b'{"story": true}', 400, "whole number"),
        (b'{"story": 0}', 400, "whole number"),
        (b'{"story": "1"}', 400, "whole number"),
        (b'{"story": 1e3}', 400, "whole number"),
        (b'{"story": 1' + b"0" * 30 + b"}", 400, "whole number"),
        (b'{"address": 7}', 400, "The address is a text."),
        (b'{"address": "x"}', 400, "as the reader spelled it"),
        (b'{"address": "https://a/"}', 400, "as the reader spelled it"),
        (b'{"address": "/ x"}', 400, "as the reader spelled it"),
        (b'{"address": "/", "purpose": "spy"}', 400, "read, glance, ahead"),
        (b'{"address": "/", "cookies": {}}', 400, "The field cookies is a text"),
        (b'{"address": "/", "method": "get"}', 400, "capital letters"),
        (b'{"address": "/", "headers": []}', 400, "at most 32"),
        (b'{"address": "/", "headers": {"X": "1"}}', 400, "small letters"),
        (b'{"address": "/", "headers": {"x": 1}}', 400, "small letters"),
        (b'{"address": "/", "headers": {"x": "\\n"}}', 400, "what no header can"),
        (b'{"address": "/", "cookies": "\\ud800"}', 400, "cookies is a text"),
        (b'{"address": "/", "cookies": "' + b"x" * MOST_BODY, 413, "at most 32768"),
    ],
)
async def test_a_bad_question_is_refused_in_one_sentence(paper, body, status, said):
    reply = await post(paper.gate, body)

    assert reply.status == status
    assert said in json.loads(reply.body)["error"]


@pytest.mark.parametrize("address", ["", "x", "/\xff", "/" + "x" * 9000])
async def test_an_address_that_nginx_could_not_have_sent_is_refused(paper, address):
    assert (await authorise(paper.gate, address)).status == 400


async def test_a_question_that_breaks_off_is_refused():
    async def receive():
        return {"type": "http.disconnect"}

    with pytest.raises(BadQuestion):
        await body_of(receive)


def test_an_edge_cannot_smuggle_another_reader_in_among_the_headers():
    headers = {
        "cookie": "a=b",
        "user-agent": "GPTBot",
        "x-forwarded-for": "192.0.2.1",
        "forwarded": "for=192.0.2.1",
        "x-gate-key": "k",
        "if-none-match": "*",
        "content-length": "9",
        "host": "attacker.example",
        "accept-language": "hi",
    }
    scope = in_json({"address": "/", "headers": headers, "client": "192.0.2.9"}, "/")

    assert scope["headers"] == [(b"accept-language", b"hi")]
    assert scope["client"] == ("192.0.2.9", 0)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=5,
)
fields = st.sampled_from(
    "address story cookies client user_agent method purpose headers".split()
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200) | st.dictionaries(fields, anything).map(json.dumps))
def test_no_body_does_more_than_be_refused(body):
    raw = body if isinstance(body, bytes) else body.encode()
    try:
        asked = fields_of(raw)
        story_of(asked)
        in_json(asked, "/")
    except BadQuestion:
        pass
