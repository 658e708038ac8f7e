"""Purchases that go wrong, or are asked for too often: what is charged and granted."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.models import Invoice
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.models import Subscription
from tests import gateway_process as cards

pytestmark = pytest.mark.process

BOOKS_OF_ONE_QUARTER = {
    "gateway": 90_000,
    "deferred_revenue": -76_272,
    "output_cgst": -6_864,
    "output_sgst": -6_864,
}


@pytest.mark.parametrize("number", [cards.DECLINED, cards.NO_FUNDS, cards.EXPIRED])
def test_a_failed_payment_leaves_no_grant_and_a_balanced_ledger(paper, at, number):
    page = paper.begin(key="one")
    paper.pay(page, number)
    paper.hear()
    state = actions.conclude(page.id, at=at)
    assert state.status == "declined"
    assert (paper.told, paper.balances()) == ([], {})
    assert queries.current(paper.reader, at) is None
    assert books.check() == ()

    # She tries another card, and there is one subscription still.

    again = paper.begin(key="one")
    assert again.id == page.id
    assert again.pay_at != page.pay_at
    paper.pay(again)
    assert actions.conclude(again.id, at=at).status == "active"
    row = Subscription.objects.get()
    assert paper.kinds(row) == ["begun", "declined", "started"]
    assert paper.balances() == BOOKS_OF_ONE_QUARTER


def test_a_double_click_makes_one_subscription_and_one_charge(paper, at):
    pages: list[actions.CheckoutPage] = []

    def click():
        try:
            pages.append(paper.begin(key="the same form"))
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()

    assert len(pages) == 4
    assert len({page.id for page in pages}) == 1
    (pay_at,) = {
        page.pay_at for page in pages if page.pay_at.startswith(paper.gateway.url)
    }
    paper.gateway.pay(pay_at)
    assert actions.conclude(pages[0].id, at=at).status == "active"
    assert (Subscription.objects.count(), Invoice.objects.count()) == (1, 1)
    assert paper.balances() == BOOKS_OF_ONE_QUARTER
    # A click after the payment leads back to us, not to another payment.
    late = paper.begin(key="the same form")
    assert (late.id, "/subscribe/return/" in late.pay_at) == (pages[0].id, True)
    assert paper.charges() == 1
