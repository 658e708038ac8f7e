"""A reader pays on the gateway's page, and we learn of it by asking."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from broadsheet.business.payments import actions, queries
from broadsheet.business.payments.events import PaymentDeclined, PaymentSucceeded
from tests import gateway_process as cards

from .conftest import PRICE, open_one

pytestmark = [pytest.mark.process]


def test_a_card_that_succeeds(shop, opened, announced, reader, at):
    before = actions.refresh(opened.payment_id, at=at)
    assert (before.status, before.captured) == ("requires_action", None)
    assert before.pay_at == opened.pay_at

    back = shop.pay(opened.pay_at)

    assert back.status_code == 303
    after = actions.refresh(opened.payment_id, at=at)
    assert (after.status, after.captured, after.reason) == ("succeeded", PRICE, "")
    (attempt,) = queries.attempts(opened.payment_id)
    (method,) = queries.methods(reader)
    assert announced == [
        PaymentSucceeded(
            payment_id=opened.payment_id,
            invoice_ref=after.invoice_ref,
            minor=390000,
            currency="INR",
            at=at,
            attempt_id=attempt.attempt_id,
            method_ref=method.method_ref,
        )
    ]
    assert (method.network, method.last4) == ("visa", "4242")
    assert method.expires.isoformat() == "2045-12-31"


def test_asking_again_announces_nothing_again(shop, opened, announced, at):
    shop.pay(opened.pay_at)
    states = {actions.refresh(opened.payment_id, at=at) for _ in range(3)}
    assert len(states) == 1
    assert len(announced) == 1


@pytest.mark.parametrize(
    ("number", "reason", "hard"),
    [
        (cards.DECLINED, "card_declined", False),
        (cards.EXPIRED, "expired_card", True),
        (cards.NO_FUNDS, "insufficient_funds", False),
    ],
)
def test_a_card_that_is_declined(
    shop, reader, announced, at, number, reason, hard, request
):
    opened = open_one(reader, at, request.node.name)
    back = shop.pay(opened.pay_at, number)
    assert back.status_code == 303
    assert parse_qs(urlsplit(back.headers["location"]).query)["status"] == ["declined"]

    state = actions.refresh(opened.payment_id, at=at)

    assert (state.status, state.captured) == ("declined", None)
    assert (state.reason, state.hard) == (reason, hard)
    (attempt,) = queries.attempts(opened.payment_id)
    assert announced == [
        PaymentDeclined(
            payment_id=opened.payment_id,
            invoice_ref=state.invoice_ref,
            reason=reason,
            hard=hard,
            attempt_id=attempt.attempt_id,
        )
    ]
    assert queries.methods(reader) == ()


@pytest.mark.parametrize(
    ("answer", "status"), [("approve", "succeeded"), ("refuse", "declined")]
)
def test_a_bank_that_asks(shop, opened, announced, at, answer, status):
    to_bank = shop.pay(opened.pay_at, cards.ASKS_BANK)
    assert (to_bank.status_code, announced) == (303, [])
    assert actions.refresh(opened.payment_id, at=at).status == "requires_action"

    page = to_bank.headers["location"]
    with shop.payer() as browser:
        assert "Your bank asks you to confirm" in browser.get(page).text
    back = shop.tell_bank(page, answer)

    assert back.status_code == 303
    assert actions.refresh(opened.payment_id, at=at).status == status
    assert len(announced) == 1


def test_a_payment_that_pends(shop, opened, announced, ear, at):
    shop.pay(opened.pay_at, cards.PENDS)
    pending = actions.refresh(opened.payment_id, at=at)
    assert (pending.status, pending.captured, announced) == ("pending", None, [])

    (attempt,) = queries.attempts(opened.payment_id)
    shop.control(f"payments/{attempt.provider_ref}/settle", status="succeeded")
    shop.settled()
    for body, headers in ear.heard:
        actions.receive("paper", body=body, headers=headers, at=at)

    state = queries.payment(opened.payment_id)
    assert (state.status, state.captured) == ("succeeded", PRICE)
    assert [type(event) for event in announced] == [PaymentSucceeded]


def test_an_abandoned_page_stays_open_until_it_is_withdrawn(
    shop, opened, announced, at
):
    assert actions.refresh(opened.payment_id, at=at).status == "requires_action"

    state = actions.withdraw(opened.payment_id, at=at)

    assert (state.status, state.reason) == ("declined", "cancelled")
    with shop.payer() as browser:
        assert "This payment was cancelled." in browser.get(opened.pay_at).text
        assert browser.post(opened.pay_at, data=cards.filled_in()).status_code == 303
    assert actions.refresh(opened.payment_id, at=at).captured is None
    assert [type(event) for event in announced] == [PaymentDeclined]


def test_withdrawing_what_was_paid_says_that_it_was_paid(shop, opened, at):
    shop.pay(opened.pay_at)
    assert actions.withdraw(opened.payment_id, at=at).status == "succeeded"


def test_case_020_the_way_back_carries_a_hint_that_can_be_checked(shop, opened, at):
    back = shop.pay(opened.pay_at).headers["location"]
    assert back.startswith("http://127.0.0.1:9/subscribe/back/?checkout=1&payment=pay_")
    hint = {name: value[0] for name, value in parse_qs(urlsplit(back).query).items()}
    assert (hint["checkout"], hint["status"]) == ("1", "succeeded")
    assert actions.returned(opened.payment_id, hint)
    assert queries.payment(opened.payment_id).status == "requires_action"  # A hint.
    for forged in (
        {"status": "declined"},
        {"status": "\ud800"},
        {"payment": "pay_other"},
        {"signature": "0" * 64},
        {"signature": "é" * 64},
        {"signature": ""},
    ):
        assert not actions.returned(opened.payment_id, {**hint, **forged})
    assert not actions.returned(opened.payment_id, {})
    assert not actions.returned(uuid4(), hint)


def test_a_saved_card_is_charged_while_its_owner_is_away(
    shop, opened, announced, reader, at
):
    shop.pay(opened.pay_at)
    actions.refresh(opened.payment_id, at=at)
    (method,) = queries.methods(reader)

    state = actions.charge(
        method_ref=method.method_ref,
        invoice_ref="inv-renewal-1",
        amount=PRICE,
        idempotency_key="key-renewal-1",
        at=at,
    )

    assert (state.status, state.captured) == ("succeeded", PRICE)
    assert state.method_ref == method.method_ref
    assert [event.invoice_ref for event in announced] == [
        "inv-test_a_saved_card_is_charged_while_its_owner_is_away",
        "inv-renewal-1",
    ]


def test_a_saved_card_that_later_declines_and_one_that_was_removed(
    shop, opened, reader, at
):
    shop.pay(opened.pay_at, cards.SAVES_THEN_DECLINES)
    assert actions.refresh(opened.payment_id, at=at).status == "succeeded"
    (method,) = queries.methods(reader)
    asked = {"method_ref": method.method_ref, "amount": PRICE, "at": at}

    state = actions.charge(**asked, invoice_ref="inv-r1", idempotency_key="key-r-0001")
    assert (state.status, state.reason, state.hard) == (
        "declined",
        "card_declined",
        False,
    )

    actions.forget_method(method.method_ref, at=at)
    assert queries.methods(reader) == ()
    with pytest.raises(actions.NoSuchMethod):
        actions.charge(**asked, invoice_ref="inv-r2", idempotency_key="key-r-0002")
    assert queries.payment_for("inv-r2") is None
