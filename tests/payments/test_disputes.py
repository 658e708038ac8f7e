"""Disputes, cards that change, and everything that was told, in any order and twice."""

from __future__ import annotations

import json
import sqlite3
from datetime import date

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from broadsheet.business.payments import actions, queries, rules
from broadsheet.business.payments.events import (
    DisputeLost,
    DisputeWon,
    PaymentDisputed,
    PaymentRefunded,
    PaymentSucceeded,
)
from broadsheet.business.payments.models import (
    Attempt,
    Concern,
    Dispute,
    InboundEvent,
    PaymentMethod,
    Reading,
)
from broadsheet.business.payments.rules import Contradiction, DisputeStatus
from broadsheet.kit.money import Money

pytestmark = [pytest.mark.process]


@pytest.fixture
def paid(shop, opened, at, announced):
    shop.pay(opened.pay_at)
    actions.refresh(opened.payment_id, at=at)
    announced.clear()
    return Attempt.objects.get(payment=opened.payment_id)


def hear(ear, shop, at):
    """Take what has arrived, and forget that it did."""
    shop.settled()
    told, ear.heard[:] = list(ear.heard), []
    for body, headers in told:
        actions.receive("paper", body=body, headers=headers, at=at)


def dispute(shop, attempt, **body):
    return shop.control(f"payments/{attempt.provider_ref}/dispute", **body)


@pytest.mark.parametrize(
    ("verdict", "event", "disputed"),
    [("won", DisputeWon, 0), ("lost", DisputeLost, 390_000)],
)
def test_case_100_a_dispute_is_told_once_and_decided_once(
    shop, ear, paid, announced, at, verdict, event, disputed
):
    made = dispute(shop, paid)
    hear(ear, shop, at)
    paid.refresh_from_db()
    assert (paid.status, paid.disputed_minor) == ("succeeded", 390_000)
    assert [type(one) for one in announced] == [PaymentDisputed]
    assert [one.kind for one in queries.concerns()] == ["disputed"]

    shop.control(f"disputes/{made['id']}", status=verdict)
    hear(ear, shop, at)
    hear(ear, shop, at)
    paid.refresh_from_db()
    assert paid.disputed_minor == disputed
    assert [type(one) for one in announced] == [PaymentDisputed, event]
    assert announced[0].dispute_ref == announced[1].dispute_ref == made["id"]
    assert queries.concerns() == ()


def test_case_040_a_success_that_is_taken_back_is_a_dispute_that_nobody_decides(
    shop, ear, paid, announced, at
):
    shop.control(f"payments/{paid.provider_ref}/reverse")
    hear(ear, shop, at)
    assert [type(one) for one in announced] == [PaymentDisputed, DisputeLost]
    assert {one.reason for one in announced} == {"reversed"}
    assert Attempt.objects.get(pk=paid.pk).status == "succeeded"


def test_i7_what_a_bank_took_cannot_be_given_back_as_well(shop, ear, paid, at):
    dispute(shop, paid, amount=300_000)
    hear(ear, shop, at)

    def give(minor, key):
        actions.refund(
            payment_id=paid.payment_id,
            amount=Money(minor, "INR"),
            idempotency_key=f"{key}-{paid.pk}",
            at=at,
        )

    with pytest.raises(actions.OverRefund) as refused:
        give(90_001, "too-much")
    assert refused.value.left == Money(90_000, "INR")
    give(90_000, "just-right")


def test_i7_the_database_itself_refuses_more_than_was_captured(paid):
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.filter(pk=paid.pk).update(
            refunded_minor=200_000, disputed_minor=190_001
        )


def test_a_dispute_cannot_be_lost_after_it_was_won(shop, ear, paid, announced, at):
    from tests.payments.test_webhooks import sign

    made = dispute(shop, paid)
    shop.control(f"disputes/{made['id']}", status="won")
    hear(ear, shop, at)
    won = shop.api("GET", f"/v1/payments/{paid.provider_ref}").json()
    won["disputes"][0]["status"] = "lost"
    event = {"id": "evt_turned", "type": "payment.x", "data": {"payment": won}}
    body, headers = sign(shop, at, event)
    actions.receive("paper", body=body, headers=headers, at=at)
    assert InboundEvent.objects.get(event_id="evt_turned").outcome.startswith("refused")
    assert Dispute.objects.get().status == "won"
    assert [one.kind for one in queries.concerns()] == ["contradicted"]


@pytest.mark.parametrize("before", [None, *DisputeStatus])
@pytest.mark.parametrize("said", list(DisputeStatus))
def test_a_dispute_goes_forward_or_not_at_all(before, said):
    decided = {DisputeStatus.WON, DisputeStatus.LOST}
    if before in decided and said in decided and before != said:
        with pytest.raises(Contradiction):
            rules.settle_dispute(before, said)
        return
    after = rules.settle_dispute(before, said)
    assert after == (before if before in decided else said)


# --- Cards ---------------------------------------------------------------------------


def test_a_new_card_under_the_old_token_is_known_for_the_letters(
    shop, ear, paid, reader, at
):
    token = PaymentMethod.objects.get().token_ref
    shop.control(f"methods/{token}", expires="2047-03", last4="1111")
    shop.control(f"methods/{token}", expires="2049-03", last4="2222")
    shop.settled()
    for body, headers in reversed(ear.heard):  # The older one comes last.
        actions.receive("paper", body=body, headers=headers, at=at)
    (method,) = queries.methods(reader)
    assert (method.expires, method.last4) == (date(2049, 3, 31), "2222")
    assert queries.expiring(since=date(2049, 3, 1), until=date(2049, 3, 31)) == (
        method,
    )


def test_a_card_that_is_removed_at_the_provider_is_charged_no_more(
    shop, ear, paid, reader, at
):
    method = PaymentMethod.objects.get()
    shop.api("DELETE", f"/v1/methods/{method.token_ref}")
    hear(ear, shop, at)
    assert queries.methods(reader) == ()
    with pytest.raises(actions.NoSuchMethod):
        actions.charge(
            method_ref=method.pk,
            invoice_ref="another",
            amount=Money(1, "INR"),
            idempotency_key="another-key",
            at=at,
        )


# --- Any order, any number -------------------------------------------------------------


def test_i21_any_order_and_number_of_webhooks_ends_the_same(
    shop, ear, opened, announced, at
):
    """Two disputes, a refund, a late success, a new card: sixty lives of them."""
    told = a_whole_life(shop, ear, opened)
    ends = []

    @given(st.permutations(told), st.lists(st.sampled_from(told), max_size=len(told)))
    @hypothesis_settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def live(order, again):
        announced.clear()
        with transaction.atomic():
            for body, headers in (*order, *again):
                actions.receive("paper", body=body, headers=headers, at=at)
            ends.append(the_end(announced))
            transaction.set_rollback(True)

    live()
    assert set(ends) == {
        (
            ("succeeded", 390_000, 50_000, 40_000, ""),
            (("lost", 40_000), ("won", 100_000)),
            ("2049-03-31", "2222"),
            (("DisputeLost", 40_000), ("DisputeWon", 100_000),
             ("PaymentDisputed", 140_000), ("PaymentRefunded", 50_000),
             ("PaymentSucceeded", 390_000)),
        )
    }  # fmt: skip


def a_whole_life(shop, ear, opened):
    attempt = Attempt.objects.get()
    ref = attempt.provider_ref
    shop.control("faults", kind="pending_then_fail", scope="payment", value=ref)
    shop.pay(opened.pay_at)
    shop.control(f"payments/{ref}/settle", status="declined")
    shop.control(f"payments/{ref}/settle", status="succeeded")
    first = dispute(shop, attempt, amount=100_000)
    second = dispute(shop, attempt, amount=40_000)
    shop.control(f"disputes/{first['id']}", status="won")
    shop.control(f"disputes/{second['id']}", status="lost")
    key = f"life-{attempt.pk}"
    shop.api("POST", "/v1/refunds", key=key, payment=ref, amount=50_000)
    token = shop.api("GET", f"/v1/payments/{ref}").json()["method"]["id"]
    shop.control(f"methods/{token}", expires="2049-03", last4="2222")
    shop.settled()
    told = list(ear.heard)
    assert json.loads(told[-1][0])["type"] == "method.updated"
    return told


def the_end(announced):
    attempt = Attempt.objects.get()
    method = PaymentMethod.objects.first()
    sums: dict[str, int] = {}
    for one in announced:
        if isinstance(one, PaymentDisputed | DisputeWon | DisputeLost | PaymentRefunded
                      | PaymentSucceeded):  # fmt: skip
            name = type(one).__name__
            sums[name] = sums.get(name, 0) + one.minor
    return (
        (attempt.status, attempt.captured_minor, attempt.refunded_minor,
         attempt.disputed_minor, attempt.reason),
        tuple(sorted(Dispute.objects.values_list("status", "amount_minor"))),
        (str(method.expires), method.last4) if method else None,
        tuple(sorted(sums.items())),
    )  # fmt: skip


# --- What we were not told -------------------------------------------------------------


@pytest.fixture
def caught_up(shop, db):
    """The session's gateway has had other lives: begin after them."""
    with sqlite3.connect(shop.store) as store:
        (last,) = store.execute("SELECT coalesce(max(n), 0) FROM events").fetchone()
    return Reading.objects.create(provider="paper", after=str(last))


def test_case_052_099_what_no_webhook_told_is_read_at_the_gateway(
    shop, ear, opened, announced, at, caught_up
):
    shop.control("faults", kind="webhook_drop", times=3)
    shop.pay(opened.pay_at)
    attempt = Attempt.objects.get()
    shop.api("POST", "/v1/refunds", key=f"desk-{attempt.pk}",
             payment=attempt.provider_ref, amount=1_000)  # fmt: skip
    dispute(shop, attempt)
    shop.settled()
    assert ear.heard == []

    assert actions.catch_up(at=at) == 3
    kinds = [type(one) for one in announced]
    assert kinds == [PaymentSucceeded, PaymentRefunded, PaymentDisputed]
    assert set(InboundEvent.objects.values_list("verified", "outcome")) == {
        ("asked", "applied")
    }
    assert actions.catch_up(at=at) == 0
    # After a restore it is read once more, and nothing happens twice.
    Reading.objects.update(after=caught_up.after)
    assert actions.catch_up(at=at) == 3
    assert len(announced) == 3


def test_an_outage_of_the_gateway_leaves_the_place_where_it_was(
    shop, opened, at, caught_up
):
    shop.pay(opened.pay_at)
    shop.control("outage", seconds=60)
    assert actions.catch_up(at=at) == 0
    shop.control("outage", seconds=0)
    assert actions.catch_up(at=at) == 1


def test_a_contradiction_in_the_list_does_not_keep_the_rest(
    shop, opened, announced, at, caught_up
):
    shop.pay(opened.pay_at)
    attempt = Attempt.objects.get()
    Attempt.objects.update(provider_ref="pay_another")
    dispute(shop, attempt)
    assert actions.catch_up(at=at) == 2
    assert announced == []
    assert set(Concern.objects.values_list("kind", flat=True)) == {"strange"}
