"""Passes: what we sealed comes back; nothing else does, and nothing raises."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadsheet.gate.core import passes
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.core.visitor import (
    Visitor,
    bits_of,
    features_of,
    identify,
    read_cookies,
)
from broadsheet.gate.core.vocabulary import FIXED_BITS, Orders, Pass, Policy
from tests.gate.conftest import AT, DEVICE, READER, RING

NOW = int(AT.timestamp())
VERTICALS = tuple((f"vertical:v{bit}", bit) for bit in range(8, 32))

seconds = st.integers(0, 2**32 - 1)
carried_passes = st.builds(
    Pass,
    identity=st.uuids(),
    expires=st.integers(NOW + 1, NOW + passes.READER_LIFE),
    entitled_until=seconds,
    epoch=seconds,
    bits=seconds,
)


@given(carried_passes)
def test_a_reader_pass_comes_back_as_it_went(carried):
    text = passes.reader_pass(RING, carried)

    assert passes.read_reader(RING, text, AT) == carried
    assert passes.name_reader(RING, text) == carried
    assert passes.read_device(RING, text, AT) is None
    assert len(text) == 67


@given(st.uuids())
def test_a_device_cookie_comes_back_as_it_went(device):
    text = passes.device_cookie(RING, device, AT)

    assert passes.read_device(RING, text, AT) == Pass(device, NOW + 90 * 86400)
    assert passes.read_reader(RING, text, AT) is None
    assert passes.name_reader(RING, text) is None
    assert len(text) == 51


@given(carried_passes, st.integers(0, 49), st.integers(1, 255))
def test_a_pass_with_any_byte_changed_is_no_pass(carried, place, change):
    raw = bytearray(urlsafe_b64decode(passes.reader_pass(RING, carried) + "="))
    raw[place] ^= change
    text = urlsafe_b64encode(raw).rstrip(b"=").decode()

    assert passes.name_reader(RING, text) is None


@given(carried_passes, st.integers(0, 66), st.characters())
def test_a_pass_with_any_character_changed_is_no_pass(carried, place, character):
    text = passes.reader_pass(RING, carried)
    changed = text[:place] + character + text[place + 1 :]

    found = passes.name_reader(RING, changed)

    assert found == (carried if changed == text else None)


@given(st.one_of(st.text(), st.text("ABab09-_=+/\x00é"), st.binary().map(repr)))
@example("A" * 67)
@example("=" * 67)
@example("")
@example("\ud800")
def test_no_text_raises(text):
    assert passes.read_reader(RING, text, AT) is None
    assert passes.read_device(RING, text, AT) is None
    assert passes.name_reader(RING, text) is None


def sealed(raw: bytes) -> str:
    return passes.seal(RING.keys[0], raw)


@pytest.mark.parametrize("size", [0, 1, 17, 21, 23, 33, 35, 60])
def test_a_well_signed_pass_of_another_size_or_version_is_no_pass(size):
    for kind in (0x11, 0x12, 0x21, 0x22):
        text = sealed(bytes([kind, RING.keys[0].key_id]).ljust(size, b"\0")[:size])
        assert passes.name_reader(RING, text) is None
        assert passes.read_device(RING, text, AT) is None


def test_a_pass_has_one_spelling():
    text = passes.device_cookie(RING, DEVICE, AT)
    # 38 bytes leave two spare bits in the last character, which a decoder ignores.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(text[-1])
    others = [text[:-1] + alphabet[last ^ spare] for spare in (1, 2, 3)]
    others += [text + "=", text + "\n", " " + text, text.replace("-", "+") + "="]

    assert len({urlsafe_b64decode(other + "=") for other in others[:3]}) == 1
    assert [passes.read_device(RING, other, AT) for other in others] == [None] * 7


def test_a_reader_pass_holds_until_it_expires():
    text = passes.reader_pass(RING, Pass(READER, NOW + 600))
    moments = [AT + timedelta(seconds=second) for second in (0, 599, 600, 6000)]

    held = [passes.read_reader(RING, text, moment) is not None for moment in moments]

    assert held == [True, True, False, False]
    assert passes.name_reader(RING, text) == Pass(READER, NOW + 600)


def test_a_pass_from_the_future_is_minted_anew():
    text = passes.reader_pass(RING, Pass(READER, NOW + 600))

    assert passes.read_reader(RING, text, AT - timedelta(seconds=1)) is None


def test_a_device_is_known_again_after_the_clock_was_put_back():
    text = passes.device_cookie(RING, DEVICE, AT)

    held = passes.read_device(RING, text, AT - timedelta(days=40))

    assert held is not None and held.identity == DEVICE


def test_keys_rotate_with_overlap():
    old, new = Keyring.of("old"), Keyring.of("new", "old")
    before = passes.device_cookie(old, DEVICE, AT)
    after = passes.device_cookie(new, DEVICE, AT)

    assert passes.read_device(new, before, AT) == passes.read_device(new, after, AT)
    assert passes.read_device(new, before, AT) is not None
    assert passes.read_device(old, after, AT) is None
    assert passes.read_device(Keyring.of("new"), before, AT) is None


def test_two_keys_with_one_id_are_both_tried():
    same = {}
    for number in range(2000):
        secret = f"secret {number}"
        key_id = Keyring.of(secret).keys[0].key_id
        if key_id in same:
            break
        same[key_id] = secret
    both = Keyring.of(secret, same[key_id])
    text = passes.device_cookie(Keyring.of(same[key_id]), DEVICE, AT)

    assert both.keys[0].key_id == both.keys[1].key_id
    assert passes.read_device(both, text, AT) is not None


# --- Features ---------------------------------------------------------------------


@given(st.sets(st.sampled_from([*FIXED_BITS, *dict(VERTICALS)])))
def test_features_come_back_from_their_bits(features):
    assert features_of(bits_of(features, VERTICALS), VERTICALS) == features


def test_no_two_features_share_a_bit():
    bits = [bits_of([name], VERTICALS) for name in [*FIXED_BITS, *dict(VERTICALS)]]

    assert len(set(bits)) == len(FIXED_BITS) + len(VERTICALS)
    assert bits_of(["vertical:unknown"], VERTICALS) == 0
    assert bits_of(["news", "news"], ()) == 1


# --- Cookies ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "cookies"),
    [
        ([], {}),
        ([b""], {}),
        ([b"a=1; b=2"], {"a": "1", "b": "2"}),
        ([b"a=1", b"b=2"], {"a": "1", "b": "2"}),
        ([b"a=1;b=2;;  c=3 "], {"a": "1", "b": "2", "c": "3"}),
        ([b"a=1; a=1; b=2"], {"b": "2"}),
        ([b"a=1", b"a=2"], {}),
        ([b"a=1; a=2; a=3"], {}),
        ([b"a; b=; =c; d=e=f"], {"b": "", "": "c", "d": "e=f"}),
        ([b"a=\xff; b=2"], {}),
        ([b"a=" + b"1" * 8191], {}),
        ([b'a="1"'], {"a": '"1"'}),
        ([b"a =1;\ta=2"], {"a ": "1", "\ta": "2"}),
    ],
)
def test_cookies_are_read_strictly(headers, cookies):
    assert read_cookies(headers) == cookies


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_no_cookie_header_raises(headers):
    cookies = read_cookies(headers)
    arguments = {"keyring": RING, "epochs": {}, "orders": Orders(), "at": AT}

    assert identify(cookies, **arguments) == Visitor()


def test_a_reader_is_counted_for_before_her_device():
    cookies = {
        passes.DEVICE_COOKIE: passes.device_cookie(RING, DEVICE, AT),
        passes.READER_COOKIE: passes.reader_pass(RING, Pass(READER, NOW + 600)),
    }
    arguments = {"keyring": RING, "orders": Orders(), "at": AT}

    logged_in = identify(cookies, epochs={READER: 0}, **arguments)
    voided = identify(cookies, epochs={READER: 1}, **arguments)

    assert (logged_in.identity, voided.identity) == (READER, DEVICE)
    assert (
        logged_in.ask(7, Policy().shared, Orders(), AT).limit,
        voided.ask(7, Policy().shared, Orders(), AT).limit,
    ) == (
        5,
        3,
    )
    assert logged_in.ask(7, Policy().shared, Orders(), AT).since == datetime(
        2026, 8, 1, tzinfo=UTC
    )
