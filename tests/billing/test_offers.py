"""Cases 16, 24 and 87: offers, which are taken so often and no more."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.catalogue import queries as shop
from broadsheet.business.catalogue.actions import Discount
from broadsheet.business.catalogue.models import Offer, Redemption
from broadsheet.business.ledger import queries as books
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.models import Subscription
from broadsheet.kit.money import Money
from tests import gateway_process as cards

pytestmark = pytest.mark.process

DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def offer(at, code="MONSOON", percent=50, periods=1, **said):
    return catalogue.open_offer(
        Discount(code, "Monsoon offer", percent=percent, periods=periods), at=at, **said
    )


def buy(paper, quoted, at, **said):
    page = paper.begin(offer="monsoon", quoted=quoted, at=at, **said)
    paper.pay(page)
    actions.conclude(page.id, at=at)
    return Subscription.objects.get(checkouts=page.id)


def totals(row):
    return [i.total.minor for i in reversed(books.invoices(row.pk))]


@pytest.mark.parametrize(
    ("periods", "paid"),
    [
        (1, [45_000, 90_000, 90_000]),
        (2, [45_000, 45_000, 90_000]),
        (None, [45_000, 45_000, 45_000]),
    ],
)
def test_an_offer_lasts_as_many_periods_as_it_says(paper, at, periods, paid):
    offer(at, periods=periods)
    row = buy(paper, 45_000, at)
    for _ in range(2):
        row.refresh_from_db()
        assert actions.renew_due(at=row.paid_through).renewed == 1
    assert totals(row) == paid
    assert books.invoices(row.pk)[-1].description == "Smart Quarterly (Monsoon offer)"
    assert books.check() == ()


def test_an_amount_off_is_never_more_than_the_price(paper, at):
    catalogue.open_offer(Discount("RUPEES", "Off", amount=Money(95_000, "INR")), at=at)
    plan = shop.plan("smart-quarterly", at)
    assert shop.discount("rupees", plan, at).off(plan.price) == Money(0, "INR")


def test_case_016_a_declined_first_payment_gives_the_offer_back(paper, at):
    offer(at, most=1)
    page = paper.begin(offer="MONSOON", quoted=45_000)
    assert Offer.objects.get().taken == 1
    paper.pay(page, cards.DECLINED)
    assert actions.conclude(page.id, at=at).status == "declined"
    assert (Offer.objects.get().taken, paper.balances()) == (0, {})
    assert Subscription.objects.get().status == "incomplete"
    # She tries again, with the offer, and another card.
    row = buy(paper, 45_000, at)
    assert (row.status, totals(row), Offer.objects.get().taken) == (
        "active",
        [45_000],
        1,
    )


def test_what_is_left_unpaid_gives_the_offer_back(paper, at):
    offer(at)
    paper.begin(offer="MONSOON", quoted=45_000)
    actions.expire_checkouts(at=at + DAY)
    assert Offer.objects.get().taken == 0


def test_another_offer_or_none_replaces_the_unpaid_purchase(paper, at):
    offer(at)
    first = paper.begin(offer="MONSOON", quoted=45_000)
    second = paper.begin()
    assert first.id != second.id
    assert Offer.objects.get().taken == 0


def test_case_024_a_first_period_for_nothing_runs_at_once_and_renews_in_full(paper, at):
    offer(at, percent=100)
    page = paper.begin(offer="MONSOON", quoted=0)
    assert actions.conclude(page.id, at=at).status == "active"
    row = Subscription.objects.get()
    assert (row.paid_through, totals(row), paper.balances()) == (DUE, [], {})
    assert actions.tell_prices(at=DUE - 10 * DAY) == 1
    assert actions.renew_due(at=DUE).declined == 1  # No card yet: she is told.
    due = actions.pay_due(reader=paper.reader, return_path="/", at=DUE)
    paper.pay(due)
    assert actions.conclude(due.id, at=DUE).status == "active"
    assert totals(row) == [90_000]


def test_a_card_saved_before_is_charged_after_a_period_for_nothing(
    paper, row, hers, at
):
    hers("cancel_now", at, quoted_minor=90_000, reason="")
    offer(at, percent=100)
    page = paper.begin(offer="MONSOON", quoted=0)
    back = Subscription.objects.get(checkouts=page.id)
    assert actions.renew_due(at=back.paid_through).renewed == 1
    assert totals(back) == [90_000]


def test_case_087_a_pause_neither_uses_an_offer_up_nor_revives_it(paper, at):
    offer(at, periods=2)
    row = buy(paper, 45_000, at)
    ask = {"reader": paper.reader, "subscription_id": row.pk}
    actions.pause(**ask, starts=date(2026, 11, 3), resumes=date(2026, 12, 3), at=at)
    actions.turn_pauses(at=DUE)
    later = DUE + 30 * DAY
    actions.turn_pauses(at=later)
    assert actions.renew_due(at=later).renewed == 1
    row.refresh_from_db()
    actions.pause(**ask, starts=date(2027, 3, 3), resumes=date(2027, 4, 3), at=later)
    actions.turn_pauses(at=row.paid_through)
    actions.turn_pauses(at=row.paid_through + 40 * DAY)
    assert actions.renew_due(at=row.paid_through + 40 * DAY).renewed == 1
    assert totals(row) == [45_000, 45_000, 90_000]


def test_case_103_who_comes_back_does_not_have_the_old_offer(paper, at):
    offer(at, periods=None)
    row = buy(paper, 45_000, at)
    actions.cancel_now(
        reader=paper.reader, subscription_id=row.pk, quoted_minor=45_000, reason="",
        at=at,
    )  # fmt: skip
    with pytest.raises(actions.OfferTaken):
        paper.begin(offer="MONSOON", quoted=45_000)
    assert totals(paper.buy()) == [90_000]


def test_an_offer_keeps_a_reader_who_was_leaving(paper, row, hers, at):
    offer(at, periods=1)
    view = hers("accept_offer", at, code="MONSOON")
    assert (view.next_charge, view.offer) == (Money(45_000, "INR"), "MONSOON")
    with pytest.raises(actions.CannotGive):
        hers("accept_offer", at, code="MONSOON")
    for _ in range(2):
        row.refresh_from_db()
        actions.renew_due(at=row.paid_through)
    assert totals(row) == [90_000, 45_000, 90_000]


@pytest.mark.parametrize(
    ("said", "code", "when"),
    [
        ({}, "NOSUCH", 0),
        ({"plan_codes": ["super-saver"]}, "MONSOON", 0),
        ({"ends_at": datetime(2026, 8, 5, tzinfo=UTC)}, "MONSOON", 5),
        ({"starts_at": datetime(2026, 8, 9, tzinfo=UTC)}, "MONSOON", 0),
        ({}, "MON\0SOON", 0),
    ],
)
def test_what_cannot_be_taken_is_refused_and_nothing_is_begun(
    paper, at, said, code, when
):
    offer(at, **said)
    with pytest.raises(actions.NoSuchOffer):
        paper.begin(offer=code, quoted=45_000, at=at + when * DAY)
    assert (Subscription.objects.count(), Redemption.objects.count()) == (0, 0)


def test_a_closed_offer_is_kept_by_who_has_it(paper, at):
    offer(at, periods=None)
    row = buy(paper, 45_000, at)
    catalogue.close_offer(code="MONSOON", at=at + DAY)
    actions.renew_due(at=DUE)
    assert totals(row) == [45_000, 45_000]


@pytest.mark.parametrize(
    "bad",
    [
        Discount("MONSOON", "x"),
        Discount("MONSOON", "x", percent=0),
        Discount("MONSOON", "x", percent=101),
        Discount("MONSOON", "x", percent=10, amount=Money(1, "INR")),
        Discount("MONSOON", "x", amount=Money(0, "INR")),
        Discount("MONSOON", "x", amount=Money(10**30, "INR")),
        Discount("MONSOON", " ", percent=10),
        Discount("mon soon", "x", percent=10),
        Discount("MONSOON", "x", percent=10, periods=0),
    ],
)
def test_an_offer_that_cannot_be_is_not_made(paper, at, bad):
    with pytest.raises(catalogue.BadOffer):
        catalogue.open_offer(bad, at=at)
    assert Offer.objects.count() == 0


def test_an_offer_is_not_overdrawn_however_many_take_it_at_once(paper, at):
    offer(at, most=3)
    plan = shop.plan("smart-quarterly", at)
    ready, ends = threading.Barrier(8), []

    def take():
        try:
            ready.wait()
            catalogue.take_offer(
                code="MONSOON", reader=uuid4(), subscription_ref=uuid4(), plan=plan,
                at=at,
            )  # fmt: skip
            ends.append("taken")
        except shop.NoSuchOffer:
            ends.append("refused")
        finally:
            connection.close()

    workers = [threading.Thread(target=take) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(ends) == ["refused"] * 5 + ["taken"] * 3
    assert (Offer.objects.get().taken, Redemption.objects.count()) == (3, 3)
    with pytest.raises(IntegrityError, match="overdrawn"), transaction.atomic():
        Offer.objects.update(taken=4)
    with pytest.raises(IntegrityError, match="never edited"), transaction.atomic():
        Offer.objects.update(percent=99)
    assert queries.current(paper.reader, at) is None
