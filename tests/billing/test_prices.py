"""Cases 23, 44 and 84 to 86: what a period costs, and that it was said before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.catalogue import queries as shop
from broadsheet.business.catalogue.actions import Opening
from broadsheet.business.ledger import queries as books
from broadsheet.business.payments.models import Payment
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.events import PriceRises, Started
from broadsheet.business.subscriptions.models import PriceNotice, Subscription
from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money

pytestmark = pytest.mark.process

DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
NEXT = datetime(2027, 2, 2, 18, 30, tzinfo=UTC)
DAY = timedelta(days=1)
QUARTER = Term(3, "month")


def rupees(amount):
    return Money(amount * 100, "INR")


def raise_price(amount, at, **dates):
    return catalogue.price(
        plan_code="smart-quarterly",
        price=rupees(amount),
        term=QUARTER,
        at=at + timedelta(hours=1),
        **dates,
    )


def total(row):
    return books.invoices(row.pk)[0].total


def test_case_084_a_new_price_is_paid_from_its_day_and_was_told_before(
    paper, row, fresh, at
):
    made = raise_price(1_000, at, for_existing_from=DUE + DAY)
    assert actions.tell_prices(at=DUE - 20 * DAY) == 0
    assert actions.renew_due(at=DUE).renewed == 1  # The day before: the old price.
    assert total(row) == rupees(900)
    paper.said()

    assert actions.tell_prices(at=NEXT - 31 * DAY) == 0
    told = NEXT - 30 * DAY
    assert [actions.tell_prices(at=told) for _ in range(2)] == [1, 0]
    assert paper.said() == [
        PriceRises(row.pk, paper.reader, "price", 90_000, 100_000, "INR", NEXT)
    ]
    assert queries.current(paper.reader, told).next_charge == rupees(1_000)
    assert actions.renew_due(at=NEXT).renewed == 1
    # What is charged is what the notice quoted (I28), and it is hers from now on.
    assert total(row) == rupees(1_000)
    assert fresh().plan_version_id == made.pk
    assert PriceNotice.objects.get().after_minor == 100_000


def test_who_was_not_told_in_time_pays_the_old_price_once_more(paper, row, fresh, at):
    raise_price(1_000, at, for_existing_from=at + DAY)
    assert actions.tell_prices(at=DUE - 6 * DAY) == 0  # Too late to tell.
    assert queries.current(paper.reader, DUE - 6 * DAY).next_charge == rupees(900)
    assert actions.renew_due(at=DUE).renewed == 1
    assert total(row) == rupees(900)


def test_a_lower_price_needs_no_notice(paper, row, at):
    raise_price(800, at, for_existing_from=at + DAY)
    assert actions.tell_prices(at=DUE - 20 * DAY) == 0
    assert actions.renew_due(at=DUE).renewed == 1
    assert total(row) == rupees(800)


def test_a_price_for_newcomers_alone_is_never_charged_to_who_has_the_plan(
    paper, row, at
):
    raise_price(1_000, at)
    assert actions.tell_prices(at=DUE - 20 * DAY) == 0
    actions.renew_due(at=DUE)
    assert total(row) == rupees(900)


@pytest.mark.parametrize("told_first", [True, False])
def test_case_044_a_price_that_changes_at_the_very_boundary(paper, row, at, told_first):
    raise_price(1_000, at, for_existing_from=DUE)
    jobs = [lambda: actions.tell_prices(at=DUE - 10 * DAY)]
    jobs.insert(1 if told_first else 0, lambda: actions.turn_pauses(at=DUE - 10 * DAY))
    for job in jobs:
        job()
    actions.renew_due(at=DUE)
    assert total(row) == rupees(1_000)


def test_a_second_rise_needs_its_own_notice(paper, row, at):
    raise_price(1_000, at, for_existing_from=at + DAY)
    actions.tell_prices(at=DUE - 20 * DAY)
    raise_price(1_200, DUE - 10 * DAY, for_existing_from=DUE - 9 * DAY)
    # Told of 1,000 and not of 1,200: 1,000 is what she pays.
    actions.renew_due(at=DUE)
    assert total(row) == rupees(1_000)


def test_case_085_a_retired_plan_is_still_renewed_at_its_own_price(paper, row, at):
    raise_price(1_000, at + DAY)
    catalogue.retire(plan_code="smart-quarterly", at=at + 2 * DAY)
    assert actions.renew_due(at=DUE).renewed == 1
    assert total(row) == rupees(900)


def test_case_086_an_introductory_price_steps_up_and_is_announced(paper, at):
    catalogue.open_plan(code="monthly", name="Monthly", features=["news"], at=at)
    catalogue.price(
        plan_code="monthly",
        price=rupees(300),
        term=Term(1, "month"),
        opening=Opening(intro=rupees(99), intro_periods=3),
        at=at,
    )
    page = paper.begin("monthly", quoted=9_900)
    paper.pay(page)
    actions.conclude(page.id, at=at)
    row = Subscription.objects.get()
    paper.said()
    paid, told = [total(row)], []
    for _ in range(4):
        due = Subscription.objects.get().paid_through
        for days in range(28, 0, -1):
            if actions.tell_prices(at=due - days * DAY):
                told.append((days, paper.said(PriceRises)[0].after_minor))
        assert actions.renew_due(at=due).renewed == 1
        paid.append(total(row))
    assert paid == [rupees(99)] * 3 + [rupees(300)] * 2
    assert told == [(21, 30_000)]


def test_a_trial_costs_nothing_is_announced_and_then_charged(paper, at, mailoutbox):
    catalogue.open_plan(code="tried", name="Tried", features=["news"], at=at)
    catalogue.price(
        plan_code="tried",
        price=rupees(300),
        term=Term(1, "month"),
        opening=Opening(trial_days=14),
        at=at,
    )
    page = paper.begin("tried", quoted=0)
    assert page.pay_at.endswith(f"/subscribe/return/{page.id}/")
    assert actions.conclude(page.id, at=at).status == "active"
    row = Subscription.objects.get()
    end = datetime(2026, 8, 16, 18, 30, tzinfo=UTC)
    assert (row.status, row.paid_through, row.due_at) == ("trialing", end, end)
    (started,) = paper.said(Started)
    actions.send_welcome(started, at)
    assert [(m.subject, m.attachments) for m in mailoutbox] == [
        ("Welcome to Broadsheet", [])
    ]
    assert (paper.balances(), Payment.objects.count()) == ({}, 0)

    assert actions.tell_prices(at=at + DAY) == 1
    assert [(e.why, e.after_minor, e.at) for e in paper.said(PriceRises)] == [
        ("trial", 30_000, end)
    ]
    # No card was asked for, so she pays the first bill on a page, within the grace.
    assert actions.renew_due(at=end).declined == 1
    row.refresh_from_db()
    assert (row.status, row.grace_until) == ("past_due", end + 7 * DAY)
    due = actions.pay_due(reader=paper.reader, return_path="/", at=end + DAY)
    paper.pay(due)
    assert actions.conclude(due.id, at=end + DAY).status == "active"
    row.refresh_from_db()
    assert (row.status, row.k, row.paid_through) == (
        "active",
        1,
        datetime(2026, 9, 16, 18, 30, tzinfo=UTC),
    )
    assert paper.kinds(row) == [
        "begun", "trial_started", "price_told", "payment_failed", "renewed",
    ]  # fmt: skip
    assert actions.renew_due(at=row.paid_through).renewed == 1
    assert books.check() == ()


def test_a_trial_is_for_who_never_had_anything(paper, row, hers, at):
    catalogue.open_plan(code="tried", name="Tried", features=["news"], at=at)
    catalogue.price(
        plan_code="tried", price=rupees(300), term=Term(1, "month"),
        opening=Opening(trial_days=14), at=at,
    )  # fmt: skip
    hers("cancel_now", at, quoted_minor=90_000, reason="")
    with pytest.raises(actions.StaleQuote) as refused:
        paper.begin("tried", quoted=0)
    assert refused.value.due == rupees(300)


def test_case_023_a_free_plan_leaves_a_trail_and_no_payment(paper, at):
    catalogue.open_plan(code="letters", name="Letters", features=["news"], at=at)
    catalogue.price(
        plan_code="letters", price=rupees(0), term=Term(1, "year"), free=True, at=at
    )
    page = paper.begin("letters", quoted=0)
    assert actions.conclude(page.id, at=at).status == "active"
    row = Subscription.objects.get()
    assert actions.renew_due(at=row.paid_through).renewed == 1
    assert paper.kinds(row) == ["begun", "started", "renewed"]
    assert (books.invoices(row.pk), paper.balances()) == ((), {})
    assert Payment.objects.count() == 0


@pytest.mark.parametrize(
    "opening",
    [
        Opening(intro=rupees(99)),
        Opening(intro_periods=3),
        Opening(intro=rupees(300), intro_periods=3),
        Opening(intro=rupees(-1), intro_periods=3),
        Opening(trial_days=-1),
        Opening(trial_days=10_000),
    ],
)
def test_an_opening_that_cannot_be_meant_is_refused(paper, at, opening):
    with pytest.raises(catalogue.BadPrice):
        catalogue.price(
            plan_code="smart-quarterly", price=rupees(300), term=QUARTER,
            opening=opening, at=at + DAY,
        )  # fmt: skip
    assert shop.plan("smart-quarterly", at + DAY).price == rupees(900)


def test_each_region_is_asked_in_its_own_money_and_nothing_is_converted(paper, at):
    catalogue.price(
        plan_code="smart-quarterly", price=Money(2_900, "USD"), term=QUARTER, at=at
    )
    catalogue.set_region(country="US", currency="USD")
    assert (shop.currency_for("US"), shop.currency_for("27")) == ("USD", "INR")
    assert [o.price for o in shop.plans(at, "USD")] == [Money(2_900, "USD")]
    with pytest.raises(actions.NoSuchPlan):
        paper.begin("super-saver", place="US", currency="USD")
    page = paper.begin(place="US", currency="USD", quoted=2_900)
    paper.pay(page)
    actions.conclude(page.id, at=at)
    row = Subscription.objects.get()
    assert total(row) == Money(2_900, "USD")
    actions.renew_due(at=row.paid_through)
    assert {i.total for i in books.invoices(row.pk)} == {Money(2_900, "USD")}


def test_the_database_refuses_a_price_that_is_less_than_nothing(paper):
    from broadsheet.business.catalogue.models import PlanVersion

    version = PlanVersion.objects.first()
    version.pk, version.price_minor, version.retired_at = None, -1, version.made_at
    version.effective_from += DAY
    with pytest.raises(IntegrityError, match="not_negative"), transaction.atomic():
        version.save(force_insert=True)
