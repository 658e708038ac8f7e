from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from broadsheet.business.ledger import actions
from broadsheet.business.ledger.actions import Charge
from broadsheet.kit.calendar import Period
from broadsheet.kit.money import Money

QUARTER = Period(date(2026, 8, 3), date(2026, 11, 3))


@pytest.fixture
def billed(at):
    """Bill a quarter of `gross` paise to a reader; each call a new subscription."""
    actions.open_books()

    def bill(gross: int = 90_000, **changes):
        facts = {
            "subscription_ref": uuid4(),
            "reader": uuid4(),
            "kind": "first",
            "period_index": 0,
            "at": at,
        } | changes
        charge = Charge("Smart Quarterly", Money(gross, "INR"), "998431", QUARTER)
        return actions.bill(charge, **facts)

    return bill
