"""The signature's parser meets hostile headers: nothing but `Forged` ever comes out."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadsheet.business.payments.providers import Forged, Unreadable
from broadsheet.business.payments.providers.paper import facts, signature

SECRETS = ("the-secret-of-today", "the-secret-of-yesterday")
AT = datetime(2026, 8, 3, 4, 30, tzinfo=UTC)


def header(body, secret=SECRETS[0]):
    second = int(AT.timestamp())
    message = str(second).encode() + b"." + body
    digest = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return f"t={second},v1={digest}"


def verify(body, value, at=AT, secrets=SECRETS):
    return signature.verify(body, {"Paper-Signature": value}, secrets, at=at)


# What an attacker would try: the right letters in the wrong places.
hostile = st.lists(
    st.sampled_from(["t=", "v1=", ",", "=", " ", "0" * 64, "1785731400", "٣", "\x00"])
    | st.text(max_size=5),
    max_size=12,
).map("".join)


@given(st.text() | hostile)
@example("t=1785731400,v1=" + "٣" * 64)
@example("t=٣,v1=" + "0" * 64)
@example("t=01785731400,v1=" + "0" * 64)
@example("\ud800")
def test_a_hostile_header_is_forged_and_nothing_else(value):
    with pytest.raises(Forged):
        verify(b"{}", value)


@given(st.text() | hostile)
def test_the_parser_returns_what_it_promises_or_says_forged(value):
    try:
        second, signatures = signature.parse(value)
    except Forged:
        return
    assert 0 <= second < 10**11
    assert 1 <= len(signatures) <= 5
    assert all(len(one) == 64 for one in signatures)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=90), max_size=4))
def test_hostile_sets_of_headers_are_forged(headers):
    with pytest.raises(Forged):
        signature.verify(b"{}", headers, SECRETS, at=AT)


@given(st.binary(), st.binary())
def test_a_signature_is_of_one_body_only(body, other):
    assert verify(body, header(body)) == "current"
    if other != body:
        with pytest.raises(Forged):
            verify(other, header(body))


@pytest.mark.parametrize(
    ("secret", "by"), [(SECRETS[0], "current"), (SECRETS[1], "previous")]
)
def test_either_secret_is_accepted_and_named(secret, by):
    assert verify(b"{}", header(b"{}", secret)) == by


def test_after_the_overlap_the_old_secret_is_refused():
    with pytest.raises(Forged):
        verify(b"{}", header(b"{}", SECRETS[1]), secrets=SECRETS[:1])


@pytest.mark.parametrize(
    ("seconds", "good"),
    [(-301, False), (-300, True), (0, True), (300, True), (301, False)],
)
def test_five_minutes_either_way(seconds, good):
    at = AT + timedelta(seconds=seconds)
    if good:
        assert verify(b"{}", header(b"{}"), at=at) == "current"
        return
    with pytest.raises(Forged):
        verify(b"{}", header(b"{}"), at=at)


def test_a_vector_computed_by_another_program():
    """printf '1785731400.{"a":1}' | openssl dgst -sha256 -hmac the-secret-of-today"""
    digest = "44a497643070c9a1ae0e7e0ce03697664ffae23bd543757e65742d7752b8de7c"
    assert verify(b'{"a":1}', f"t=1785731400,v1={digest}") == "current"


@given(st.binary(max_size=200))
@example(b"[" * 100_000)
@example(b'{"id": "evt_1", "type": "payment.succeeded", "data": {"payment": []}}')
@example(b'{"id": 7, "type": "payment.succeeded"}')
@example(b"\xff\xfe")
@example(b"1e400")
def test_a_body_that_cannot_be_read_is_unreadable_and_nothing_else(body):
    with pytest.raises(Unreadable):
        facts.notice(body)


PAYMENT = {
    "id": "pay_1",
    "idempotency_key": "key-00001",
    "reference": "inv-1",
    "currency": "INR",
    "status": "succeeded",
    "captured": 390_000,
    "refunded": 0,
    "disputes": [],
    "hard": False,
    "reason": "",
    "pay_url": "http://127.0.0.1:8090/pay/pay_1",
    "method": None,
}
CARD = {
    "version": 1,
    "id": "pm_1",
    "network": "visa",
    "last4": "4242",
    "expires": "2028-02",
}


@pytest.mark.parametrize(
    "change",
    [
        {"captured": 0},
        {"captured": True},
        {"captured": 1.5},
        {"captured": "390000"},
        {"captured": -1},
        {"captured": 2**60},
        {"refunded": 390_001},
        {"status": "won"},
        {"status": "pending"},
        {"id": ""},
        {"currency": None},
        {"method": {**CARD, "saved": True, "removed": False, "last4": "424242424242"}},
        {"method": {**CARD, "saved": True, "removed": False, "expires": "2028-13"}},
    ],
)
def test_a_payment_that_cannot_be_is_unreadable(change):
    with pytest.raises(Unreadable):
        facts.fact({**PAYMENT, **change})


def test_a_card_is_valid_through_the_last_day_of_its_month():
    saved = facts.fact(
        {**PAYMENT, "method": {**CARD, "saved": True, "removed": False}}
    ).saved
    assert saved is not None
    assert saved.expires.isoformat() == "2028-02-29"


@pytest.mark.parametrize("kept", [(False, False), (True, True), (False, True)])
def test_a_card_that_is_not_kept_is_not_ours_to_charge(kept):
    saved, removed = kept
    method = {**CARD, "saved": saved, "removed": removed}
    assert facts.fact({**PAYMENT, "method": method}).saved is None
