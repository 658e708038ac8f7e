"""Saved cards and mandates: what is charged, and what is not any more."""

from __future__ import annotations

import secrets

import pytest

from .conftest import asked, open_payment, read

pytestmark = [pytest.mark.process]

DAY = 86_400


@pytest.fixture
def method(gateway):
    return pay(gateway)["method"]


@pytest.fixture
def moved(gateway):
    """Set the gateway's clock; it is set back afterwards."""
    yield lambda seconds: gateway.control("clock", offset=seconds)
    gateway.control("clock", offset=0)


def pay(gateway):
    payment = open_payment(gateway)
    gateway.pay(payment["pay_url"])
    return read(gateway, payment)


def charge(gateway, method, **changes):
    answer = gateway.api(
        "POST", "/v1/charges", key=secrets.token_hex(8), method=method["id"],
        **asked(**changes),
    )  # fmt: skip
    return answer.json()


def consent(gateway, method, **changes):
    terms = {"max_amount": 400_000, "currency": "INR", "notice": False}
    until = gateway.api("GET", "/v1/clock").json()["now"] + 365 * DAY
    return gateway.api(
        "POST", "/v1/mandates", key=secrets.token_hex(8), method=method["id"],
        **{"valid_until": until, **terms, **changes},
    ).json()  # fmt: skip


def notify(gateway, mandate, amount=390_000):
    answer = gateway.api(
        "POST", "/v1/notices", key=secrets.token_hex(8), mandate=mandate["id"],
        amount=amount, debit_at=2_000_000_000,
    )  # fmt: skip
    return answer.json()


def test_saved_cards_are_listed_until_they_are_removed(gateway, method):
    def listed():
        data = gateway.api("GET", "/v1/methods").json()["data"]
        return [one["id"] for one in data]

    assert listed()[0] == method["id"]
    gateway.api("DELETE", f"/v1/methods/{method['id']}")
    assert method["id"] not in listed()
    assert gateway.api("GET", f"/v1/methods/{method['id']}").json()["removed"] is True


def test_a_replaced_card_names_the_one_that_took_its_place(gateway, method):
    new = pay(gateway)["method"]
    path = f"/v1/methods/{method['id']}/replace"
    assert gateway.api("POST", path, by=method["id"]).status_code == 422
    said = gateway.api("POST", path, by=new["id"]).json()
    assert (said["removed"], said["replaced_by"]) == (True, new["id"])
    assert charge(gateway, method)["reason"] == "method_removed"
    assert charge(gateway, new)["status"] == "succeeded"


def test_a_new_card_under_the_same_token_goes_on_and_its_version_grows(gateway, method):
    said = gateway.control(f"methods/{method['id']}", expires="2047-03", last4="1111")
    assert (said["expires"], said["last4"]) == ("2047-03", "1111")
    assert said["version"] == method["version"] + 1
    assert charge(gateway, method)["status"] == "succeeded"
    gateway.control(f"methods/{method['id']}", expires="2020-01")
    declined = charge(gateway, method)
    assert (declined["reason"], declined["hard"]) == ("expired_card", True)


@pytest.mark.parametrize("expires", ["2047-13", "03/47", "1999-01"])
def test_an_expiry_that_is_none_is_refused(gateway, method, expires):
    answer = gateway.api("POST", f"/control/methods/{method['id']}", expires=expires)
    assert answer.json()["error"]["code"] == "bad_expires"


def test_a_mandate_has_a_ceiling(gateway, method):
    mandate = consent(gateway, method, max_amount=390_000)
    assert charge(gateway, method, mandate=mandate["id"])["status"] == "succeeded"
    above = charge(gateway, method, mandate=mandate["id"], amount=390_001)
    assert (above["status"], above["reason"]) == ("declined", "above_mandate")


@pytest.mark.parametrize(
    ("act", "reason", "hard"),
    [("pause", "mandate_paused", False), ("revoke", "mandate_revoked", True)],
)
def test_a_payer_stops_a_mandate_at_her_bank(gateway, method, act, reason, hard):
    mandate = consent(gateway, method)
    gateway.control(f"mandates/{mandate['id']}", act=act)
    declined = charge(gateway, method, mandate=mandate["id"])
    assert (declined["reason"], declined["hard"]) == (reason, hard)
    again = gateway.api("POST", f"/control/mandates/{mandate['id']}", act="resume")
    assert again.status_code == (409 if act == "revoke" else 200)


def test_the_merchant_revokes_too_and_twice_is_once(gateway, method):
    mandate = consent(gateway, method)
    for _ in range(2):
        said = gateway.api("POST", f"/v1/mandates/{mandate['id']}/revoke").json()
        assert said["status"] == "revoked"


def test_a_mandate_ends_on_its_day(gateway, method, moved):
    mandate = consent(gateway, method)
    moved(365 * DAY + 1)
    declined = charge(gateway, method, mandate=mandate["id"])
    assert declined["reason"] == "mandate_expired"


@pytest.mark.parametrize(
    ("hours", "amount", "reason"),
    [
        (0, 390_000, "notice_missing"),
        (23, 390_000, "notice_missing"),
        (25, 390_000, ""),
        (25, 389_999, "notice_missing"),
        (49, 390_000, "notice_missing"),
    ],
)
def test_a_debit_is_of_what_was_told_a_day_before(
    gateway, method, moved, hours, amount, reason
):
    mandate = consent(gateway, method, notice=True)
    assert notify(gateway, mandate)["status"] == "delivered"
    moved(hours * 3600)
    said = charge(gateway, method, mandate=mandate["id"], amount=amount)
    assert said["reason"] == reason


def test_a_notice_fails_on_request_and_a_payer_opts_out_of_one_debit(
    gateway, method, moved
):
    mandate = consent(gateway, method, notice=True)
    gateway.control("faults", kind="notice_fails", scope="method", value=method["id"])
    assert notify(gateway, mandate)["status"] == "failed"
    good = notify(gateway, mandate)
    said = gateway.control(f"notices/{good['id']}/opt-out")
    assert said["status"] == "opted_out"
    moved(25 * 3600)
    declined = charge(gateway, method, mandate=mandate["id"])
    assert declined["reason"] == "notice_missing"


def test_a_mandate_is_of_one_card_and_one_currency(gateway, method):
    mandate = consent(gateway, method)
    other = pay(gateway)["method"]
    said = charge(gateway, other, mandate=mandate["id"])
    assert said["reason"] == "mandate_other_method"
    said = charge(gateway, method, mandate=mandate["id"], currency="USD")
    assert said["reason"] == "mandate_other_currency"
