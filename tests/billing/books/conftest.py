"""A small cast: a seller in Maharashtra, and invoices of hers that are paid."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from broadsheet.business.ledger import actions, queries
from broadsheet.business.ledger.actions import Charge
from broadsheet.kit.calendar import Period
from broadsheet.kit.money import Money

QUARTER = Period(date(2026, 8, 3), date(2026, 11, 3))


@pytest.fixture
def billed(at):
    """Bill `gross` paise to a reader; each call is another subscription."""
    actions.open_books()

    def bill(gross: int = 90_000, *, period=QUARTER, **changes):
        facts = {
            "subscription_ref": uuid4(),
            "reader": uuid4(),
            "kind": "first",
            "period_index": 0,
            "at": at,
        } | changes
        charge = Charge("Smart Quarterly", Money(gross, "INR"), "998431", period)
        return actions.bill(charge, **facts)

    return bill


@pytest.fixture
def paid(billed, at):
    """Bill and pay: an invoice with its number."""

    def pay(gross: int = 90_000, *, at=at, **changes):
        invoice = billed(gross, at=at, **changes)
        received = Money(gross, "INR")
        return actions.settle(
            invoice.id, payment_ref=uuid4(), received=received, at=at
        ).invoice

    return pay


@pytest.fixture
def balances():
    """What each account stands at, but for those at nothing."""

    def fold() -> dict[str, int]:
        return {name: money.minor for name, money in queries.trial_balance() if money}

    return fold
