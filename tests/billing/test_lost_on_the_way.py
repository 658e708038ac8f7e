"""What never reached the provider: found by a simulated year, where it blocked a contract."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.payments import queries as known
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.models import ScheduledChange
from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money

pytestmark = pytest.mark.process

NOON = datetime(2026, 9, 18, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)


@pytest.fixture
def lost(paper, hers, fresh, at):
    """A change of plan whose charge was lost before it came to the provider."""
    catalogue.open_plan(code="dearer", name="Dearer", features=["news"], at=at)
    catalogue.price(
        plan_code="dearer", price=Money(150_000, "INR"), term=Term(3, "month"), at=at
    )
    paper.gateway.control("faults", kind="drop_before")
    quote = hers("quote_change", NOON, plan_code="dearer")
    changed = hers("change", NOON, quote=quote.token, return_path="/account/")
    assert changed.status == "pending"
    return ScheduledChange.objects.get(subscription=fresh())


def test_a_change_whose_charge_was_lost_is_charged_again_under_its_key(lost, fresh):
    assert actions.expire_changes(at=NOON + HOUR) == 0  # None was dropped.
    lost.refresh_from_db()
    assert lost.outcome == "changed"
    payment = known.payment_for(str(lost.invoice_id))
    assert len(known.attempts(payment.payment_id)) == 1
    assert queries.view(fresh().pk).status == "active"


def test_a_change_that_nobody_answers_for_does_not_keep_the_renewal(paper, lost, fresh):
    paper.gateway.control("faults", kind="drop_before", times=50)
    for hours in (1, 2, 12, 23):
        assert actions.expire_changes(at=NOON + hours * HOUR) == 0
    assert actions.expire_changes(at=NOON + 24 * HOUR) == 1
    lost.refresh_from_db()
    assert lost.outcome == "not paid in time"
    paper.gateway.api("DELETE", "/control/faults")
    assert actions.renew_due(at=DUE).renewed == 1


def test_a_purchase_whose_page_never_came_ends_like_one_that_was_not_paid(paper, at):
    paper.gateway.control("faults", kind="drop_before", times=50)
    with pytest.raises(actions.PaymentUnavailable):
        paper.begin()
    paper.gateway.api("DELETE", "/control/faults")
    assert actions.expire_checkouts(at=at + 23 * HOUR) == 1
    page = paper.begin(at=at + 30 * HOUR)  # With her old key, and another page.
    paper.pay(page)
    assert actions.conclude(page.id, at=at + 30 * HOUR).status == "active"
