"""No State, no sale; and a State that was told once is used until she moves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.models import Invoice, Seller
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.events import PaymentTrouble
from broadsheet.business.subscriptions.models import Subscription
from tests import gateway_process as cards

pytestmark = pytest.mark.process
DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize("place", ["28", "IN", "Karnataka", "x" * 400])
def test_a_place_that_is_none_begins_nothing(paper, place):
    with pytest.raises(actions.NoSuchPlace):
        paper.begin(place=place)
    assert (Subscription.objects.count(), Invoice.objects.count()) == (0, 0)
    assert books.place_of(paper.reader) == ""


def test_without_a_place_nothing_is_sold(paper):
    with pytest.raises(actions.PlaceUnknown):
        paper.begin(place="")
    assert (Subscription.objects.count(), Invoice.objects.count()) == (0, 0)


def test_a_seller_who_charges_no_tax_asks_for_none(paper):
    Seller.objects.update_or_create(pk=1, defaults={"state": ""})
    paper.begin(place="")
    assert Invoice.objects.get().tax_minor == 0


def test_what_she_told_us_serves_the_next_purchase_and_every_renewal(paper, at):
    row = paper.buy()
    ledger.record_place(paper.reader, "29", at=at)
    actions.renew_due(at=DUE)
    renewed, first = books.invoices(row.pk)
    assert (first.place, renewed.place) == ("27", "29")
    assert [tax[0] for tax in renewed.lines[0].taxes] == ["IGST"]
    assert {first.recipient, renewed.recipient} == {"Asha Rao"}

    actions.cancel(reader=paper.reader, subscription_id=row.pk, reason="", at=DUE)
    actions.lapse_due(at=datetime(2027, 3, 1, tzinfo=UTC))
    paper.begin(place="", at=datetime(2027, 3, 1, tzinfo=UTC))
    assert Invoice.objects.get(status="open").place_of_supply == "29"


def test_another_place_before_paying_is_another_invoice(paper, at):
    first = paper.begin(key="one", place="27")
    second = paper.begin(key="two", place="GB")
    assert first.id != second.id
    paper.pay(second)
    assert actions.conclude(second.id, at=at).status == "active"
    assert actions.conclude(first.id, at=at).status == "abandoned"
    (invoice,) = books.issued_to(paper.reader)
    assert (invoice.place, invoice.lines[0].taxes) == ("GB", ())
    assert paper.charges() == 1
    assert books.check() == ()


def test_the_same_place_again_is_the_same_payment(paper):
    assert paper.begin(key="one", place="29") == paper.begin(key="two", place="29")


def test_trouble_is_told_while_the_grace_lasts_and_not_after(paper):
    paper.buy(number=cards.SAVES_THEN_DECLINES)
    assert queries.open_until(paper.reader, DUE) is None
    actions.renew_due(at=DUE)
    (trouble,) = paper.said(PaymentTrouble)
    last = trouble.access_until - queries.MOMENT
    assert queries.open_until(paper.reader, DUE) == last
    assert queries.open_until(paper.reader, trouble.access_until) is None


def test_paying_what_is_due_says_that_it_is_a_renewal(paper):
    paper.buy(number=cards.SAVES_THEN_DECLINES)
    actions.renew_due(at=DUE)
    page = actions.pay_due(reader=paper.reader, return_path="/account/", at=DUE)
    paper.pay(page, cards.DECLINED)
    state = actions.conclude(page.id, at=DUE)
    assert (state.status, state.renewal, state.reader) == (
        "declined",
        True,
        paper.reader,
    )
    again = actions.pay_due(reader=paper.reader, return_path="/account/", at=DUE)
    assert (again.id, again.pay_at != page.pay_at) == (page.id, True)
    paper.pay(again)
    assert actions.conclude(page.id, at=DUE).status == "active"
    assert queries.open_until(paper.reader, DUE) is None
