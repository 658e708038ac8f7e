"""Whatever happens to an invoice, in whatever order: every invariant holds after it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from broadsheet.business.ledger import actions, queries
from broadsheet.kit.money import Money

pytestmark = pytest.mark.django_db
REFUSED = (
    actions.OverCredit, actions.NoSuchDispute, actions.DisputeDecided,
    actions.ReferenceReused,
)  # fmt: skip
STEPS = ("credit", "give_back", "open_dispute", "win_dispute", "lose_dispute", "wait")


class Life:
    """One paid invoice, and what the payment provider would say is held for it."""

    def __init__(self, invoice, at):
        self.invoice, self.now, self.n, self.held = invoice, at, 0, 90_000
        self.disputed = 0

    def credit(self, minor):
        actions.credit(invoice_id=self.invoice.id, minor=minor, reason="x", at=self.now)

    def give_back(self, minor):
        back = min(minor, self.held - self.disputed)
        if back > 0:
            self.n += 1
            actions.give_back(
                invoice_id=self.invoice.id, reference=f"refund:{self.n}",
                amount=Money(back, "INR"), at=self.now,
            )  # fmt: skip
            self.held -= back

    def open_dispute(self, minor):
        if not self.disputed and minor <= self.held:
            actions.open_dispute(
                invoice_id=self.invoice.id, dispute_ref=f"d{self.n}",
                amount=Money(minor, "INR"), at=self.now,
            )  # fmt: skip
            self.disputed = minor

    def win_dispute(self, _minor):
        actions.win_dispute(
            invoice_id=self.invoice.id, dispute_ref=f"d{self.n}", at=self.now
        )
        self.disputed = 0

    def lose_dispute(self, _minor):
        actions.lose_dispute(
            invoice_id=self.invoice.id, dispute_ref=f"d{self.n}", at=self.now
        )
        self.held, self.disputed = self.held - self.disputed, 0

    def wait(self, minor):
        self.now += timedelta(days=minor % 50)
        actions.recognise(at=self.now)


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 90_000)), max_size=10))
@hypothesis_settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_invariant_holds_after_every_step(paid, at, steps):
    with transaction.atomic():
        life = Life(paid(), at)
        for verb, minor in steps:
            with suppress(*REFUSED):
                getattr(life, verb)(minor)
            assert queries.check({life.invoice.id: life.held}) == ()
            assert sum(money.minor for _, money in queries.trial_balance()) == 0
            assert queries.balance("deferred_revenue", "INR").minor <= 0
        transaction.set_rollback(True)
