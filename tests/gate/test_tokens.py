"""Tokens for partners, checked by a library that did not make them."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError
from joserfc.jwk import KeySet

from broadsheet.gate.asgi import Terms
from broadsheet.gate.core.tokens import LIFE, PERIOD, Bearer, Issuer
from broadsheet.gate.core.vocabulary import Orders, Policy
from broadsheet.gate.store.memory import MemoryStore
from broadsheet.kit import clock
from tests.gate.conftest import AT, NEWS_BIT, READER, Newspaper, fetch, reader_pass
from tests.gate.test_edge import KEY, facts, pressed

GAMES, EPAPER = "https://games.example", "https://epaper.example"
ISSUER = Issuer("a secret of the tests", "https://paper.example", (GAMES, EPAPER))
NOW = int(AT.timestamp())
HER = Bearer(READER, 3, frozenset({"news", "vertical:investor"}))


def checked(token: str, keys, now: int = NOW) -> dict:
    """Check a token as a partner would, who has only our list of keys."""
    key_set = KeySet.import_key_set(json.loads(json.dumps(keys)))
    decoded = jwt.decode(token, key_set, algorithms=["EdDSA", "Ed25519"])
    registry = jwt.JWTClaimsRegistry(
        now=lambda: now,
        iss={"essential": True, "value": "https://paper.example"},
        aud={"essential": True, "value": GAMES},
        exp={"essential": True},
    )
    registry.validate(decoded.claims)
    return dict(decoded.claims)


def test_a_partner_can_check_a_token_with_our_list_of_keys():
    token = ISSUER.issue(HER, GAMES, NOW, NOW + 9999)

    claims = checked(token, ISSUER.keys(NOW))

    sub = claims.pop("sub")
    assert len(sub) == 43 and str(READER) not in sub
    assert claims == {
        "iss": "https://paper.example",
        "aud": GAMES,
        "iat": NOW,
        "exp": NOW + 600,
        "features": ["news", "vertical:investor"],
        "epoch": 3,
    }
    assert ISSUER.read(token, AT) == HER


def test_the_list_holds_public_keys_only_each_with_a_name():
    keys = ISSUER.keys(NOW)["keys"]

    assert [sorted(key) for key in keys] == [
        ["alg", "crv", "kid", "kty", "use", "x"]
    ] * 3
    assert {(key["kty"], key["crv"], key["alg"]) for key in keys} == {
        ("OKP", "Ed25519", "EdDSA")
    }
    assert len({key["kid"] for key in keys}) == len({key["x"] for key in keys}) == 3


def test_keys_rotate_with_a_period_of_overlap_on_both_sides():
    first = NOW // PERIOD * PERIOD
    before, during, after, later = (first + step * PERIOD for step in (-1, 0, 1, 2))
    token = ISSUER.issue(HER, GAMES, during, during + 9999)

    for fetched in (before, during, after):
        assert checked(token, ISSUER.keys(fetched), during)["aud"] == GAMES
    with pytest.raises(InvalidKeyIdError):
        checked(token, ISSUER.keys(later), during)
    # The last second of a period: the token outlives the key's turn, and still holds.
    late = ISSUER.issue(HER, GAMES, after - 1, after + 9999)
    moment = AT + timedelta(seconds=after + 5 - NOW)
    assert ISSUER.read(late, moment) == HER


def test_every_process_has_the_same_keys_and_another_secret_has_others():
    same = Issuer("a secret of the tests", "https://paper.example", (GAMES,))
    other = Issuer("another secret", "https://paper.example", (GAMES,))
    token = other.issue(HER, GAMES, NOW, NOW + 600)

    assert same.keys(NOW) == ISSUER.keys(NOW)
    assert ISSUER.read(token, AT) is None
    forged = {**other.keys(NOW)}
    forged["keys"] = [
        {**theirs, "kid": ours["kid"]}
        for theirs, ours in zip(forged["keys"], ISSUER.keys(NOW)["keys"], strict=True)
    ]
    with pytest.raises(BadSignatureError):
        checked(ISSUER.issue(HER, GAMES, NOW, NOW + 600), forged)


def test_two_partners_cannot_find_out_that_they_share_a_reader():
    subs = [
        json.loads(_payload(ISSUER.issue(HER, audience, NOW, NOW + 600)))["sub"]
        for audience in (GAMES, GAMES, EPAPER)
    ]
    assert subs[0] == subs[1] != subs[2]


def _payload(token: str) -> bytes:
    return urlsafe_b64decode(token.split(".")[1] + "==")


@pytest.mark.parametrize(
    ("seconds", "held"), [(-1, False), (0, True), (599, True), (600, False)]
)
def test_a_token_holds_for_ten_minutes(seconds, held):
    token = ISSUER.issue(HER, GAMES, NOW, NOW + 9999)

    assert (ISSUER.read(token, AT + timedelta(seconds=seconds)) == HER) is held
    assert LIFE <= 15 * 60


def test_a_right_that_ends_sooner_ends_on_time():
    token = ISSUER.issue(HER, GAMES, NOW, NOW + 30)

    assert ISSUER.read(token, AT + timedelta(seconds=29)) == HER
    assert ISSUER.read(token, AT + timedelta(seconds=30)) is None


@given(st.one_of(st.text(), st.binary().map(repr), st.text("abAB09-_.=", max_size=300)))
def test_no_text_raises(text):
    assert ISSUER.read(text, AT) is None


@given(st.data())
def test_a_token_with_any_character_changed_is_no_token(data):
    token = ISSUER.issue(HER, GAMES, NOW, NOW + 600)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(max_codepoint=255))

    changed = token[:place] + other + token[place + 1 :]

    # The last character of a part holds spare bits, which say nothing.
    assert ISSUER.read(changed, AT) in (None, HER)
    if place < token.rindex(".") and other != token[place]:
        assert ISSUER.read(changed, AT) is None


def test_none_and_shared_secrets_are_no_algorithms_of_ours():
    import jwt as maker

    claims = json.loads(_payload(ISSUER.issue(HER, GAMES, NOW, NOW + 600)))
    kid = ISSUER.keys(NOW)["keys"][0]["kid"]
    public = ISSUER.keys(NOW)["keys"][0]["x"]
    for key, algorithm in ((None, "none"), (public.ljust(64), "HS256")):
        token = maker.encode(claims, key, algorithm=algorithm, headers={"kid": kid})
        assert ISSUER.read(token, AT) is None
    assert ISSUER.read("x" * 5000, AT) is None


# --- Over HTTP --------------------------------------------------------------------


@pytest.fixture
async def paper():
    store = MemoryStore(Orders(Policy(limit_anonymous=3, extra_registered=2)))
    store.file_story(facts(1))
    store.press(pressed(1))
    newspaper = Newspaper(store, edge=Terms((KEY,), ISSUER))
    yield newspaper
    await newspaper.gate.close()


async def introspect(app, token: str, key: str = KEY) -> dict | None:
    messages = []

    async def receive():
        return {"type": "http.request", "body": token.encode(), "more_body": False}

    async def send(message):
        messages.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/gate/v1/introspect",
        "raw_path": b"/gate/v1/introspect",
        "query_string": b"",
        "headers": [(b"x-gate-key", key.encode())],
    }
    await app(scope, receive, send)
    status, body = messages[0]["status"], messages[1]["body"]
    return json.loads(body) if status == 200 else None


async def test_the_keys_are_public_and_may_be_kept_for_an_hour(paper):
    reply = await fetch(paper.gate, "/.well-known/jwks.json")

    assert (reply.status, reply["content-type"]) == (200, "application/json")
    assert reply["cache-control"] == "public, max-age=3600"
    assert reply["access-control-allow-origin"] == "*"
    now = int(clock.wall().timestamp())
    assert json.loads(reply.body) == json.loads(json.dumps(ISSUER.keys(now)))


async def test_a_reader_gets_a_token_and_logging_out_everywhere_voids_it(paper):
    where = f"/gate/v1/token?aud={GAMES}"
    cookies = reader_pass(bits=NEWS_BIT)

    reply = await fetch(paper.gate, where, cookies)

    assert (reply.status, reply["cache-control"]) == (200, "no-store")
    token = json.loads(reply.body)["token"]
    now = int(clock.wall().timestamp())
    assert checked(token, ISSUER.keys(now), now)["features"] == ["news"]
    held = await introspect(paper.gate, token)
    assert held == {"active": True, "features": ["news"]}
    assert await introspect(paper.gate, token, key="not the key") is None

    paper.store.void_passes(READER, paper.at)
    for _ in range(100):
        if not (await introspect(paper.gate, token))["active"]:
            break
        await asyncio.sleep(0.01)
    assert await introspect(paper.gate, token) == {"active": False}
    assert (await fetch(paper.gate, where, cookies)).status == 401


async def test_a_token_ends_with_the_right_that_it_tells_of(paper):
    cookies = reader_pass(bits=NEWS_BIT, entitled_until=NOW + 60)

    reply = await fetch(paper.gate, f"/gate/v1/token?aud={GAMES}", cookies)

    claims = json.loads(_payload(json.loads(reply.body)["token"]))
    assert claims["exp"] - claims["iat"] == 60


@pytest.mark.parametrize(
    ("query", "cookies", "status"),
    [
        ("", reader_pass(), 400),
        ("?aud=https://attacker.example", reader_pass(), 400),
        (f"?aud={GAMES}&aud={EPAPER}", reader_pass(), 400),
        (f"?aud={GAMES}", {}, 401),
        (f"?aud={GAMES}", reader_pass(expires=NOW - 1), 401),
        (f"?aud={GAMES}", reader_pass(UUID(int=5)), 200),
    ],
)
async def test_who_gets_no_token(paper, query, cookies, status):
    reply = await fetch(paper.gate, "/gate/v1/token" + query, cookies)

    assert reply.status == status
    assert ("token" in json.loads(reply.body)) is (status == 200)


async def test_rubbish_is_not_active(paper):
    for token in ("", "x", "a.b.c", "x" * 20_000):
        assert await introspect(paper.gate, token) == {"active": False}
