"""What payments tells us may come late, twice and in any order; the end is the same."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.payments.events import PaymentDeclined, PaymentSucceeded
from broadsheet.business.subscriptions import actions, rules
from broadsheet.business.subscriptions.actions.buying import Wish, _checkout
from broadsheet.business.subscriptions.models import (
    HeldCredit,
    Subscription,
    SubscriptionEvent,
)
from broadsheet.business.subscriptions.rules import Kind

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Fact:
    attempt: int
    succeeded: bool


# Each attempt may be declined, may succeed, and may do both (a late authorisation).
facts = st.lists(
    st.builds(Fact, st.integers(0, 2), st.booleans()), min_size=1, max_size=8
)


@given(facts, st.randoms(use_true_random=False))
@hypothesis_settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_facts_in_any_order_and_number_end_the_same(
    django_user_model, at, heard, random
):
    with transaction.atomic():
        catalogue.open_shop(at=at)
        ledger.open_books()
        reader = django_user_model.objects.create_user("asha@example.com").public_id
        wish = Wish(reader, "smart-quarterly", 90_000, "key", "/", "27")
        checkout, _ = _checkout(wish, at)
        invoice, payment = str(checkout.invoice_id), uuid4()
        attempts: list[UUID] = [uuid4() for _ in range(3)]
        told = [*heard, *random.sample(heard, k=len(heard) // 2)]
        random.shuffle(told)

        for fact in told:
            attempt = attempts[fact.attempt]
            if fact.succeeded:
                actions.on_payment_succeeded(
                    PaymentSucceeded(payment, invoice, 90_000, "INR", at, attempt), at
                )
            else:
                actions.on_payment_declined(
                    PaymentDeclined(payment, invoice, "card_declined", False, attempt),
                    at,
                )

        captured = 90_000 * len({fact.attempt for fact in heard if fact.succeeded})
        row = Subscription.objects.get()
        assert row.status == ("active" if captured else "incomplete")
        held = sum(HeldCredit.objects.values_list("minor", flat=True))
        assert held == max(0, captured - 90_000)
        assert books.balance("gateway", "INR").minor == captured
        assert books.balance("customer_credit", "INR").minor == -held
        assert books.check({checkout.invoice_id: captured} if captured else {}) == ()
        log = SubscriptionEvent.objects.order_by("n").values_list("kind", flat=True)
        assert rules.fold(Kind(kind) for kind in log) == row.status
        transaction.set_rollback(True)
