"""Disputes, late words of a bank, and money that cannot go twice."""

from __future__ import annotations

import secrets

import pytest

from tests.gateway_process import PENDS

from .conftest import asked, open_payment, read

pytestmark = [pytest.mark.process]


@pytest.fixture
def paid(gateway):
    payment = open_payment(gateway)
    gateway.pay(payment["pay_url"])
    return read(gateway, payment)


def refund(gateway, payment, amount):
    return gateway.api(
        "POST", "/v1/refunds", key=secrets.token_hex(8), payment=payment["id"],
        amount=amount,
    )  # fmt: skip


def control(gateway, path, **body):
    return gateway.api("POST", f"/control/{path}", **body)


def kinds(gateway, payment):
    found, after = [], 0
    while page := gateway.api("GET", f"/v1/events?after={after}").json()["data"]:
        after = page[-1]["n"]
        found += [
            one["type"]
            for one in page
            if one["data"].get("payment", {}).get("id") == payment["id"]
        ]
    return found


@pytest.mark.parametrize(
    ("verdict", "disputed", "left"), [("won", 0, 390_000), ("lost", 390_000, 0)]
)
def test_a_dispute_takes_the_money_and_only_a_victory_gives_it_back(
    gateway, paid, verdict, disputed, left
):
    made = control(gateway, f"payments/{paid['id']}/dispute").json()
    assert (made["status"], made["amount"]) == ("open", 390_000)
    assert read(gateway, paid)["disputed"] == 390_000
    assert refund(gateway, paid, 1).json()["error"]["code"] == "over_refund"

    for _ in range(2):  # Twice is once.
        said = control(gateway, f"disputes/{made['id']}", status=verdict)
        assert said.json()["status"] == verdict
    now = read(gateway, paid)
    assert (now["status"], now["disputed"]) == ("succeeded", disputed)
    assert [one["status"] for one in now["disputes"]] == [verdict]
    assert kinds(gateway, paid)[-2:] == [
        "payment.disputed",
        f"payment.dispute_{verdict}",
    ]
    other = {"won": "lost", "lost": "won"}[verdict]
    assert control(gateway, f"disputes/{made['id']}", status=other).status_code == 409
    answer = refund(gateway, paid, 390_000)
    assert answer.status_code == (201 if left else 422)


def test_a_dispute_takes_no_more_than_is_left(gateway, paid):
    refund(gateway, paid, 300_000)
    too_much = control(gateway, f"payments/{paid['id']}/dispute", amount=90_001)
    assert too_much.json()["error"]["code"] == "over_dispute"
    assert control(gateway, f"payments/{paid['id']}/dispute").json()["amount"] == 90_000
    assert refund(gateway, paid, 1).status_code == 422


def test_what_was_not_captured_is_not_disputed(gateway):
    payment = open_payment(gateway)
    answer = control(gateway, f"payments/{payment['id']}/dispute")
    assert answer.json()["error"]["code"] == "over_dispute"


def test_case_040_a_bank_takes_back_a_success(gateway, paid):
    made = control(gateway, f"payments/{paid['id']}/reverse").json()
    assert (made["status"], made["reason"]) == ("lost", "reversed")
    now = read(gateway, paid)
    assert (now["status"], now["captured"], now["disputed"]) == (
        "succeeded",
        390_000,
        390_000,
    )


def test_a_decline_becomes_a_success_when_its_time_has_come(gateway):
    payment = open_payment(gateway)
    gateway.control(
        "faults", kind="late_authorisation", scope="payment", value=payment["id"],
        seconds=3 * 86_400,
    )  # fmt: skip
    gateway.pay(payment["pay_url"])
    assert read(gateway, payment)["status"] == "declined"
    try:
        gateway.control("clock", offset=2 * 86_400)
        assert read(gateway, payment)["status"] == "declined"
        gateway.control("clock", offset=3 * 86_400)
        assert read(gateway, payment)["status"] == "succeeded"
    finally:
        gateway.control("clock", offset=0)
    assert kinds(gateway, payment) == ["payment.declined", "payment.succeeded"]


def test_case_038_a_bank_takes_less_than_was_asked(gateway):
    payment = open_payment(gateway)
    gateway.control(
        "faults", kind="short_capture", scope="payment", value=payment["id"]
    )
    gateway.pay(payment["pay_url"])
    now = read(gateway, payment)
    assert (now["status"], now["captured"]) == ("succeeded", 195_000)


def test_a_pending_payment_lives_by_the_gateways_clock(gateway):
    payment = open_payment(gateway)
    gateway.control(
        "faults", kind="pending_then_fail", scope="payment", value=payment["id"],
        seconds=86_400,
    )  # fmt: skip
    gateway.pay(payment["pay_url"], PENDS)
    try:
        gateway.control("clock", offset=86_400)
        assert read(gateway, payment)["status"] == "declined"
    finally:
        gateway.control("clock", offset=0)


# --- Keys --------------------------------------------------------------------------


def test_case_034_a_key_is_forgotten_after_a_day_and_would_charge_again(gateway, paid):
    """This is why nobody may send an old key: here it is a new request."""
    key, body = secrets.token_hex(8), asked(reference=secrets.token_hex(8))
    method = paid["method"]["id"]

    def charge():
        return gateway.api("POST", "/v1/charges", key=key, method=method, **body).json()

    first = charge()
    try:
        gateway.control("clock", offset=86_399)
        assert charge()["id"] == first["id"]
        gateway.control("clock", offset=86_401)
        assert charge()["id"] != first["id"]
    finally:
        gateway.control("clock", offset=0)
    found = gateway.api("GET", f"/v1/payments?reference={body['reference']}")
    assert len(found.json()["data"]) == 2


@pytest.mark.parametrize(
    ("kind", "status"), [("rate_limited", 429), ("key_in_use", 409)]
)
def test_case_035_036_come_later_means_that_nothing_was_done(gateway, kind, status):
    reference = secrets.token_hex(8)
    gateway.control("faults", kind=kind, scope="reference", value=reference)
    key = secrets.token_hex(8)
    body = asked(reference=reference)
    answer = gateway.api("POST", "/v1/payments", key=key, **body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, kind)
    assert not gateway.api("GET", f"/v1/payments?idempotency_key={key}").json()["data"]
    assert gateway.api("POST", "/v1/payments", key=key, **body).status_code == 201


# --- Out of order --------------------------------------------------------------------


def test_an_outage_answers_nothing_and_is_over_when_its_minutes_are(gateway):
    payment = open_payment(gateway)
    try:
        gateway.control("outage", seconds=300)
        gateway.control("clock", offset=299)
        assert gateway.api("GET", f"/v1/payments/{payment['id']}").status_code == 503
        with gateway.payer() as browser:
            page = browser.get(payment["pay_url"])
        assert page.status_code == 503
        assert "Nothing was charged." in page.text
        gateway.control("clock", offset=301)
        assert gateway.api("GET", f"/v1/payments/{payment['id']}").status_code == 200
    finally:
        gateway.control("outage", seconds=0)
        gateway.control("clock", offset=0)


def test_an_outage_can_be_ended(gateway):
    gateway.control("outage", seconds=300)
    assert gateway.api("GET", "/v1/disputes").status_code == 503
    gateway.control("outage", seconds=0)
    assert gateway.api("GET", "/v1/disputes").status_code == 200


@pytest.mark.parametrize("seconds", [-1, "5", True, 10**8])
def test_an_outage_of_no_length_is_refused(gateway, seconds):
    answer = control(gateway, "outage", seconds=seconds)
    assert answer.json()["error"]["code"] == "bad_seconds"
