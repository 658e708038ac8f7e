"""Signatures of requests, by RFC 9421's own examples, by agents, and by enemies."""

from __future__ import annotations

import json
import time
from base64 import b64encode, urlsafe_b64decode
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.gate.asgi import Doorman
from broadsheet.gate.core import signatures
from broadsheet.gate.core.signatures import BadKeys, Message, agent_of, read, verify
from broadsheet.gate.core.vocabulary import Action, CrawlerRule, Kind
from broadsheet.gate.store.crawlers import KEYS, Document
from tests.gate.conftest import AT, Newspaper
from tests.gate.test_crawling import Notebook, crawl, obey

# RFC 9421, B.1.4: the key that all its Ed25519 examples are made with.
JWK = {
    "kty": "OKP",
    "crv": "Ed25519",
    "kid": "test-key-ed25519",
    "d": "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU",
    "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
}
PUBLIC = urlsafe_b64decode(JWK["x"] + "=")
PRIVATE = Ed25519PrivateKey.from_private_bytes(urlsafe_b64decode(JWK["d"] + "="))
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
KEY_ID = signatures.thumbprint(PUBLIC)
NOW = int(AT.timestamp())
HOST = "agent.example"
DIRECTORY = {HOST: {KEY_ID: PUBLIC}}

# RFC 9421, B.2: the request, and B.2.6: its signature.
RFC_REQUEST = Message(
    method="POST",
    authority="example.com",
    path="/foo",
    query="param=Value&Pet=dog",
    headers=[
        ("host", "example.com"),
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("content-type", "application/json"),
        (
            "content-digest",
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7"
            "BNNyealdVLvRwEmTHWXvJwew==:",
        ),
        ("content-length", "18"),
        (
            "signature-input",
            'sig-b26=("date" "@method" "@path" "@authority" "content-type" '
            '"content-length");created=1618884473;keyid="test-key-ed25519"',
        ),
        (
            "signature",
            "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu"
            "4A0w6vuQv5lIp5WPpBKRCw==:",
        ),
    ],
)


def changed(message: Message, name: str, value: str | None) -> Message:
    rest = [header for header in message.headers if header[0] != name]
    more = [] if value is None else [(name, value)]
    return replace(message, headers=[*rest, *more])


def test_the_example_of_the_rfc_has_its_base_and_holds():
    [signed] = read(RFC_REQUEST)
    assert signatures.base(RFC_REQUEST, signed).decode() == (
        '"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
        '"@method": POST\n'
        '"@path": /foo\n'
        '"@authority": example.com\n'
        '"content-type": application/json\n'
        '"content-length": 18\n'
        '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" '
        '"content-length");created=1618884473;keyid="test-key-ed25519"'
    )
    assert verify(RFC_REQUEST, signed, PUBLIC)
    stranger = STRANGER.public_key().public_bytes_raw()
    assert not verify(RFC_REQUEST, signed, stranger)
    assert not verify(RFC_REQUEST, signed, b"short")


@pytest.mark.parametrize(
    "other",
    [
        replace(RFC_REQUEST, method="GET"),
        replace(RFC_REQUEST, path="/bar"),
        replace(RFC_REQUEST, authority="example.org"),
        changed(RFC_REQUEST, "date", "Tue, 20 Apr 2021 02:07:56 GMT"),
        changed(RFC_REQUEST, "content-length", None),
    ],
)
def test_what_is_signed_cannot_be_changed(other):
    [signed] = read(other)
    assert not verify(other, signed, PUBLIC)


def test_what_is_not_signed_can_be_changed():
    other = changed(replace(RFC_REQUEST, query="else"), "content-digest", None)
    [signed] = read(other)
    assert verify(other, signed, PUBLIC)


# --- Web Bot Auth -----------------------------------------------------------------


def request(
    *,
    covered='"@authority" "signature-agent"',
    parameters=None,
    agent=f'"https://{HOST}"',
    key=PRIVATE,
    label="sig1",
    authority="paper.example",
    **changes,
) -> Message:
    """Return a request signed as an agent signs; `changes` are of its parameters."""
    said = {
        "created": NOW - 10,
        "expires": NOW + 50,
        "keyid": f'"{KEY_ID}"',
        "alg": '"ed25519"',
        "tag": '"web-bot-auth"',
        **changes,
    }
    given_ = "".join(f";{k}={v}" for k, v in said.items() if v is not None)
    inner = f"({covered}){given_ if parameters is None else parameters}"
    headers = [("signature-agent", agent), ("signature-input", f"{label}={inner}")]
    message = Message("GET", authority, "/business/a-story-1/", headers=headers)
    blank = replace(message, headers=[*headers, ("signature", f"{label}=:AAAA:")])
    found = read(blank)
    text = signatures.base(blank, found[0]) if found else b""
    sealed = b64encode(key.sign(text or b"")).decode()
    return replace(message, headers=[*headers, ("signature", f"{label}=:{sealed}:")])


@pytest.mark.parametrize(
    "message",
    [
        request(),
        request(agent=f'"{HOST}"'),
        request(agent=f'sig1="https://{HOST}/.well-known/directory"',
                covered='"@authority" "signature-agent";key="sig1"'),
        request(covered='"@target-uri" "@method" "signature-agent"'),
        request(alg=None, nonce='"e8N7S2MFd/qrd6T2R3tdfA=="'),
        request(created=NOW + 59, expires=NOW + 61),
    ],
)  # fmt: skip
def test_an_agent_is_known_by_its_signature(message):
    assert agent_of(message, DIRECTORY, NOW) == HOST


@pytest.mark.parametrize(
    "message",
    [
        request(key=STRANGER),
        request(tag='"something-else"'),
        request(tag=None),
        request(expires=NOW),
        request(expires=None),
        request(created=None),
        request(created=NOW + 61, expires=NOW + 90),
        request(created=NOW - 10, expires=NOW + 25 * 3600),
        request(keyid='"another"'),
        request(keyid=None),
        request(alg='"hmac-sha256"'),
        request(covered='"@method" "signature-agent"'),
        request(covered='"@authority"'),
        request(covered=""),
        request(covered='"@authority" "@authority" "signature-agent"'),
        request(covered='"@authority" "x-missing" "signature-agent"'),
        request(covered='"@authority" "@unheard-of" "signature-agent"'),
        request(covered='"@authority" "signature-agent";sf'),
        request(agent='"https://other.example"'),
        request(agent='"http://agent.example"'),
        request(agent='other="https://agent.example"'),
        request(agent="agent.example"),
        request(agent=""),
        changed(request(), "signature", None),
        changed(request(), "signature", "sig2=:AAAA:"),
        changed(request(), "signature-agent", None),
        replace(request(), authority="elsewhere.example"),
    ],
)
def test_whatever_is_amiss_proves_nothing(message):
    assert agent_of(message, DIRECTORY, NOW) is None


def test_a_good_signature_beside_a_strangers_is_found_and_keys_stay_with_their_host():
    good, other = request(), request(key=STRANGER, label="sig0")
    both = [("signature-agent", f'"https://{HOST}"')]
    for name in ("signature-input", "signature"):
        both.append((name, f"{other.header(name)}, {good.header(name)}"))
    assert agent_of(replace(good, headers=both), DIRECTORY, NOW) == HOST
    assert agent_of(good, {"rich.example": {KEY_ID: PUBLIC}}, NOW) is None
    assert agent_of(good, {}, NOW) is None


TEXT = st.text(st.characters(max_codepoint=255), max_size=300)
SCRAPS = st.lists(
    st.sampled_from(
        ['sig1=', '(', ')', '"@authority"', ' ', ';', ',', '=', ':', '"', "\\", "created",
         "1", "tag", '"web-bot-auth"', ";key=", "\t", "sig1=:AAAA:", "*", "?1", "\x00"]
    ), max_size=40,
).map("".join)  # fmt: skip


@given(TEXT | SCRAPS, TEXT | SCRAPS, TEXT | SCRAPS)
def test_no_header_is_an_error_or_a_proof(inputs, signature, agent):
    headers = [("signature-input", inputs), ("signature", signature)]
    message = Message("GET", "a", "/", headers=[*headers, ("signature-agent", agent)])
    assert agent_of(message, DIRECTORY, NOW) is None
    for signed in read(message):
        assert not verify(message, signed, PUBLIC)


@given(st.data())
def test_one_byte_changed_in_any_header_of_a_signed_request_is_no_proof(data):
    message = request()
    place = data.draw(st.integers(0, 2))
    name, value = message.headers[place]
    at = data.draw(st.integers(0, len(value) - 1))
    byte = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    other = changed(message, name, value[:at] + byte + value[at + 1 :])
    known_label = name in ("signature-input", "signature") and at < 4
    if value[at] != byte and not known_label:
        found = agent_of(other, DIRECTORY, NOW)
        # The last character of base64 has bits that say nothing.
        assert found is None or (name, at) == ("signature", len(value) - 4)


@pytest.mark.parametrize(
    "scrap",
    [
        'sig1=("a"',
        'sig1=("a";a=1',
        "sig1=(" + " " * 90,
        ';a="\\\\',
        'a="b",',
        "((((",
        "a=b;",
    ],
)
def test_long_rubbish_is_answered_at_once(scrap):
    text = (scrap * 4096)[:4096]
    headers = [(n, text) for n in ("signature-input", "signature", "signature-agent")]
    began = time.perf_counter()
    assert agent_of(Message("GET", "a", "/", headers=headers), DIRECTORY, NOW) is None
    assert time.perf_counter() - began < 0.5


# --- Keys -------------------------------------------------------------------------


def test_keys_are_known_by_their_thumbprint():
    # The value is in the draft of Web Bot Auth, for this key.
    assert KEY_ID == "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U"
    document = {"keys": [JWK, {"kty": "RSA", "n": "x"}]}
    assert signatures.read_keys(json.dumps(document)) == {KEY_ID: PUBLIC}


@pytest.mark.parametrize(
    "document",
    [
        *(
            "",
            "[]",
            "{}",
            '{"keys": []}',
            '{"keys": [1]}',
            '{"keys": [{"kty": "RSA"}]}',
        ),
        '{"keys": [{"kty": "OKP", "crv": "Ed25519"}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": 7}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "\\u00e4"}]}',
    ],
)
def test_what_is_no_directory_of_keys_is_refused(document):
    with pytest.raises(BadKeys):
        signatures.read_keys(document)


# --- Through the gate -------------------------------------------------------------


@pytest.fixture
async def signing(paper):
    document = Document(KEYS, HOST, json.dumps({"keys": [JWK]}))
    bad = Document(KEYS, "bad.example", "{}")
    book = Notebook(document, bad)
    newspaper = Newspaper(
        paper.store, doorman=Doorman(book, origin="https://paper.example")
    )
    obey(newspaper, CrawlerRule(Kind.UNKNOWN, Action.FULL))
    yield newspaper, book
    await newspaper.gate.close()


async def test_a_signed_request_is_its_agents_whatever_its_user_agent_says(signing):
    newspaper, book = signing
    for agent in ("Mozilla/5.0 Chrome/140", "GPTBot/1.0"):
        reply = await crawl(newspaper, 1, agent, headers=request().headers)
        assert (reply.status, reply.shows_all) == (200, True)
    await newspaper.gate.close()
    assert [(v.kind, v.name, v.proof, v.verdict) for v in book.kept] == [
        ("unknown", HOST, "signature", "full")
    ] * 2


@pytest.mark.parametrize(
    "message",
    [
        request(key=STRANGER),
        request(expires=NOW),
        request(authority="evil.example"),  # Made for another, and carried to us.
    ],
)
async def test_a_signature_of_another_key_hour_or_site_opens_nothing(signing, message):
    newspaper, _ = signing
    headers = [*message.headers, ("host", message.authority)]
    reply = await crawl(newspaper, 1, "Mozilla/5.0", headers=headers)
    assert (reply.status, reply.shows_all, reply.cookies) == (200, False, {})


async def test_a_signature_for_one_story_opens_no_other(signing):
    newspaper, _ = signing
    headers = request(covered='"@path" "@authority" "signature-agent"').headers
    agent = "Mozilla/5.0"
    assert (await crawl(newspaper, 1, agent, headers=headers)).shows_all
    assert not (await crawl(newspaper, 2, agent, headers=headers)).shows_all
