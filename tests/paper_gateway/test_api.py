"""The merchant's API: keys, bounds, faults on request, events."""

from __future__ import annotations

import secrets
import time

import httpx
import pytest

from tests.gateway_process import ASKS_BANK, DECLINED, PENDS, SUCCEEDS

from .conftest import asked, open_payment, read

pytestmark = [pytest.mark.process]


def refund(gateway, payment, amount, key=""):
    return gateway.api(
        "POST",
        "/v1/refunds",
        key=key or secrets.token_hex(8),
        payment=payment["id"],
        amount=amount,
    )


def charge(gateway, method, key="", **changes):
    return gateway.api(
        "POST",
        "/v1/charges",
        key=key or secrets.token_hex(8),
        method=method,
        **asked(**changes),
    )


@pytest.fixture
def paid(gateway):
    payment = open_payment(gateway)
    gateway.pay(payment["pay_url"])
    return read(gateway, payment)


# --- Who may ask -------------------------------------------------------------------


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic abc"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/payments"),
        ("GET", "/v1/events"),
        ("POST", "/control/faults"),
        ("POST", "/control/clock"),
    ],
)
def test_without_the_key_nobody_is_let_in(gateway, method, path, authorization):
    headers = {"Authorization": authorization, "Paper-Now": "4102444800"}
    answer = httpx.request(method, gateway.url + path, headers=headers, trust_env=False)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_authorised"
    clock = gateway.control("clock", offset=0)
    assert abs(clock["now"] - time.time()) < 60


# --- Idempotency -------------------------------------------------------------------


def test_the_same_key_and_request_is_the_same_answer(gateway):
    key = secrets.token_hex(8)
    first, second = (open_payment(gateway, key) for _ in range(2))
    assert first == second
    found = gateway.api("GET", f"/v1/payments?idempotency_key={key}").json()["data"]
    assert [one["id"] for one in found] == [first["id"]]


def test_the_order_of_names_is_no_difference_and_a_value_is(gateway):
    key = secrets.token_hex(8)
    body = asked()
    first = open_payment(gateway, key)
    backwards = dict(reversed(body.items()))
    same = gateway.api("POST", "/v1/payments", key=key, **backwards)
    assert same.json() == first
    other = gateway.api("POST", "/v1/payments", key=key, **{**body, "amount": 1})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key_reused")


def test_a_key_belongs_to_one_verb(gateway, paid):
    key = secrets.token_hex(8)
    assert refund(gateway, paid, 1, key).status_code == 201
    answer = charge(gateway, paid["method"]["id"], key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "key_reused")


@pytest.mark.parametrize("key", ["", "short", "x" * 201])
def test_what_moves_money_needs_a_key(gateway, key):
    answer = gateway.api("POST", "/v1/payments", key=key, **asked())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_key")


# --- Bounds ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 0},
        {"amount": -1},
        {"amount": 10**12 + 1},
        {"amount": 1.5},
        {"amount": True},
        {"amount": "390000"},
        {"currency": "inr"},
        {"currency": ""},
        {"reference": ""},
        {"reference": "r" * 201},
        {"description": None},
        {"return_url": "javascript:alert(1)"},
        {"return_url": "/relative"},
        {"webhook_url": "ftp://127.0.0.1/"},
    ],
    ids=str,
)
def test_a_request_out_of_bounds_makes_nothing(gateway, change):
    key = secrets.token_hex(8)
    answer = gateway.api("POST", "/v1/payments", key=key, **asked(**change))
    (field,) = change
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, f"bad_{field}")
    found = gateway.api("GET", f"/v1/payments?idempotency_key={key}").json()
    assert found == {"data": []}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"a":"' + b"x" * 70_000])
def test_a_body_that_is_no_object_is_refused(gateway, body):
    headers = {
        "Authorization": f"Bearer {gateway.secret}",
        "Idempotency-Key": "12345678",
    }
    answer = httpx.post(
        f"{gateway.url}/v1/payments", content=body, headers=headers, trust_env=False
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_json")


# --- Saved methods and refunds --------------------------------------------------------


def test_a_saved_method_is_charged_until_it_is_removed(gateway, paid):
    method = paid["method"]["id"]
    first = charge(gateway, method).json()
    assert (first["status"], first["captured"], first["off_session"]) == (
        "succeeded",
        390_000,
        True,
    )
    assert first["pay_url"] == ""
    assert gateway.api("DELETE", f"/v1/methods/{method}").json()["removed"] is True
    gone = charge(gateway, method).json()
    assert (gone["status"], gone["reason"], gone["hard"]) == (
        "declined",
        "method_removed",
        True,
    )


def test_a_card_that_was_not_to_be_saved_cannot_be_charged(gateway):
    payment = open_payment(gateway, save_method=False)
    gateway.pay(payment["pay_url"])
    method = read(gateway, payment)["method"]
    assert method["saved"] is False
    answer = charge(gateway, method["id"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        404,
        "no_such_method",
    )


def test_a_saved_card_expires_by_the_gateways_clock(gateway):
    payment = open_payment(gateway)
    gateway.pay(payment["pay_url"], expiry="12/45")
    method = read(gateway, payment)["method"]["id"]
    try:
        gateway.control("clock", offset=40 * 366 * 86_400)
        expired = charge(gateway, method).json()
    finally:
        gateway.control("clock", offset=0)
    assert (expired["reason"], expired["hard"]) == ("expired_card", True)


def test_no_more_is_refunded_than_was_captured(gateway, paid):
    assert refund(gateway, paid, 300_000).status_code == 201
    for amount, status in ((90_001, 422), (90_000, 201), (1, 422)):
        assert refund(gateway, paid, amount).status_code == status
    assert read(gateway, paid)["refunded"] == 390_000
    found = gateway.api("GET", f"/v1/refunds?payment={paid['id']}").json()["data"]
    assert sorted(one["amount"] for one in found) == [90_000, 300_000]


@pytest.mark.parametrize("amount", [0, -1, 1.0, None, "1"])
def test_a_refund_of_no_amount_is_refused(gateway, paid, amount):
    answer = refund(gateway, paid, amount)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_amount")


def test_what_was_not_captured_is_not_refunded(gateway):
    for number in (DECLINED, PENDS):
        payment = open_payment(gateway)
        gateway.pay(payment["pay_url"], number)
        assert refund(gateway, payment, 1).status_code == 422


def test_a_paid_payment_is_not_cancelled(gateway, paid):
    answer = gateway.api("POST", f"/v1/payments/{paid['id']}/cancel")
    assert answer.json()["status"] == "succeeded"


# --- Faults ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "hard"),
    [
        ("decline_soft", "declined", False),
        ("decline_hard", "declined", True),
        ("requires_action", "requires_action", False),
        ("pending_then_succeed", "pending", False),
    ],
)
def test_a_bank_answers_as_it_was_told_to_once(gateway, kind, status, hard):
    first, second = open_payment(gateway), open_payment(gateway)
    gateway.control("faults", kind=kind, scope="payment", value=first["id"])
    gateway.pay(second["pay_url"])
    gateway.pay(first["pay_url"])
    assert read(gateway, second)["status"] == "succeeded"
    found = read(gateway, first)
    assert (found["status"], found["hard"]) == (status, hard)


def test_an_absent_payer_cannot_answer_her_bank(gateway, paid):
    method = paid["method"]["id"]
    gateway.control("faults", kind="requires_action", scope="method", value=method)
    found = charge(gateway, method).json()
    assert (found["status"], found["reason"]) == ("declined", "authentication_required")
    assert charge(gateway, method).json()["status"] == "succeeded"


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("drop_before", 0),
        ("error_before", 0),
        ("lost_response", 1),
        ("error_after", 1),
    ],
)
def test_the_line_breaks_before_the_effect_or_after_it(gateway, kind, made):
    key = secrets.token_hex(8)
    gateway.control("faults", kind=kind)
    if kind.startswith("error"):
        assert (
            gateway.api("POST", "/v1/payments", key=key, **asked()).status_code == 500
        )
    else:
        with pytest.raises(httpx.TransportError):
            gateway.api("POST", "/v1/payments", key=key, **asked())
    found = gateway.api("GET", f"/v1/payments?idempotency_key={key}").json()["data"]
    assert len(found) == made
    again = gateway.api("POST", "/v1/payments", key=key, **asked())
    assert again.status_code == (500 if kind == "error_after" else 201)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "meteor"},
        {"kind": "decline_soft", "scope": "planet"},
        {"kind": "decline_soft", "scope": "payment"},
        {"kind": "decline_soft", "times": 0},
        {"kind": "slow", "seconds": -1},
        {},
    ],
    ids=str,
)
def test_a_fault_that_cannot_be_is_refused(gateway, fault):
    assert gateway.api("POST", "/control/faults", **fault).status_code == 422
    assert gateway.api("DELETE", "/control/faults").json() == {"disarmed": 0}


@pytest.mark.parametrize(
    ("number", "to", "status"),
    [
        (PENDS, "succeeded", 200),
        (PENDS, "declined", 200),
        (DECLINED, "succeeded", 200),
        (DECLINED, "declined", 409),
        (SUCCEEDS, "declined", 409),
        (SUCCEEDS, "succeeded", 409),
        (ASKS_BANK, "succeeded", 409),
        (PENDS, "nonsense", 409),
    ],
)
def test_a_bank_has_its_last_word_on_what_is_undecided(gateway, number, to, status):
    payment = open_payment(gateway)
    gateway.pay(payment["pay_url"], number)
    before = read(gateway, payment)["status"]
    path = f"/control/payments/{payment['id']}/settle"
    assert gateway.api("POST", path, status=to).status_code == status
    assert read(gateway, payment)["status"] == (to if status == 200 else before)


# --- The clock -----------------------------------------------------------------------


def test_it_follows_a_merchant_who_lives_in_another_year(gateway):
    def created(now):
        headers = {
            "Authorization": f"Bearer {gateway.secret}",
            "Idempotency-Key": secrets.token_hex(8),
            "Paper-Now": now,
        }
        answer = httpx.post(
            f"{gateway.url}/v1/payments", json=asked(), headers=headers, trust_env=False
        )
        return answer.json()["created_at"]

    try:
        assert abs(created("2000000000") - 2_000_000_000) <= 2
        assert abs(created("2000000010") - 2_000_000_000) <= 5  # Close enough.
        assert abs(created("nonsense") - 2_000_000_000) <= 5
    finally:
        gateway.control("clock", offset=0)
    assert abs(created("") - time.time()) <= 5
