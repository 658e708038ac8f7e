"""Giving back: in parts, once for a key, and never more than was captured."""

from __future__ import annotations

import pytest

from broadsheet.business.payments import actions, queries
from broadsheet.business.payments.events import PaymentRefunded
from broadsheet.business.payments.models import Refund
from broadsheet.kit.money import Money

pytestmark = [pytest.mark.process]


@pytest.fixture
def paid(shop, opened, at, announced):
    shop.pay(opened.pay_at)
    actions.refresh(opened.payment_id, at=at)
    announced.clear()
    return opened.payment_id


def give(payment, minor, key, at):
    return actions.refund(
        payment_id=payment,
        amount=Money(minor, "INR"),
        idempotency_key=f"{key}-{payment}",  # The gateway outlives each test.
        at=at,
    )


def test_case_097_parts_up_to_the_whole_and_not_a_paisa_more(shop, paid, announced, at):
    """Case 97."""
    assert give(paid, 117_000, "key-part-1", at).refunded == Money(117_000, "INR")
    assert give(paid, 273_000, "key-part-2", at).refunded == Money(390_000, "INR")
    with pytest.raises(actions.OverRefund) as refused:
        give(paid, 1, "key-part-3", at)
    assert refused.value.left == Money(0, "INR")
    assert [event.minor for event in announced] == [117_000, 273_000]
    assert {type(event) for event in announced} == {PaymentRefunded}
    assert Refund.objects.count() == 2


def test_the_same_key_gives_back_once(shop, paid, announced, at):
    for _ in range(3):
        state = give(paid, 100, "key-once-1", at)
    assert state.refunded == Money(100, "INR")
    assert state.captured == Money(390_000, "INR")
    with pytest.raises(actions.KeyReused):
        give(paid, 101, "key-once-1", at)
    assert [event.minor for event in announced] == [100]


@pytest.mark.parametrize(
    "fault", ["lost_response", "error_after", "drop_before", "error_before"]
)
def test_a_refund_whose_answer_is_lost_is_made_once(shop, paid, announced, at, fault):
    shop.control("faults", kind=fault)
    with pytest.raises(actions.Unreachable):
        give(paid, 390_000, "key-lost-9", at)
    state = give(paid, 390_000, "key-lost-9", at)
    assert state.refunded == Money(390_000, "INR")
    assert [event.minor for event in announced] == [390_000]
    assert Refund.objects.get().status == "succeeded"


def test_what_was_given_back_at_the_gateways_own_desk_counts(shop, paid, at):
    ref = queries.attempts(paid)[0].provider_ref
    shop.api("POST", "/v1/refunds", key=f"desk-{ref}", payment=ref, amount=389_999)
    with pytest.raises(actions.Refused) as refused:
        give(paid, 2, "key-desk-2", at)
    assert refused.value.code == "over_refund"
    assert Refund.objects.get().status == "refused"
    assert give(paid, 1, "key-desk-3", at).refunded == Money(390_000, "INR")


def test_nothing_captured_is_nothing_to_give_back(shop, opened, announced, at):
    with pytest.raises(actions.NothingCaptured):
        give(opened.payment_id, 1, "key-none-1", at)
    assert (Refund.objects.count(), announced) == (0, [])


def test_case_098_a_refund_still_works_after_the_method_was_forgotten(
    shop, paid, reader, at
):
    """Case 98."""
    (method,) = queries.methods(reader)
    actions.forget_method(method.method_ref, at=at)
    assert give(paid, 500, "key-gone-1", at).refunded == Money(500, "INR")
