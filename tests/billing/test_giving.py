"""Case 107, and what the house gives: complimentary contracts and days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import queries as known
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.actions import Running
from broadsheet.business.subscriptions.events import Given, Granted, TermOver
from broadsheet.business.subscriptions.models import Subscription
from broadsheet.kit.money import Money

pytestmark = pytest.mark.process

DAY = timedelta(days=1)
DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
UNTIL = date(2026, 12, 1)
END = datetime(2026, 11, 30, 18, 30, tzinfo=UTC)
STAFF = "circulation@example.com"


def comp(paper, at, **said):
    asked = {
        "reader": paper.reader, "plan_code": "super-saver", "until": UNTIL,
        "reason": "A prize", "by": STAFF, "at": at,
    }  # fmt: skip
    return actions.comp(**{**asked, **said})


def test_a_complimentary_subscription_costs_nothing_and_ends_of_itself(paper, at):
    view = comp(paper, at)
    row = Subscription.objects.get()
    assert (view.status, view.renews_on, view.ends_on) == (
        "active",
        None,
        END - timedelta(seconds=1),
    )
    said = paper.said()
    assert {(e.starts, e.ends) for e in said if isinstance(e, Granted)} == {(at, END)}
    assert said[-1] == Given(row.pk, paper.reader, END)
    (given,) = queries.timeline(row.pk)
    assert (given.kind, given.by, given.facts["reason"]) == ("given", STAFF, "A prize")
    assert actions.renew_due(at=END) == actions.RenewalRun()
    assert queries.current(paper.reader, END) is None
    assert [actions.lapse_due(at=END) for _ in range(2)] == [1, 0]
    assert paper.said() == [TermOver(row.pk, paper.reader)]
    assert Subscription.objects.get().status == "expired"
    assert paper.balances() == {}
    assert paper.buy(at=END).previous_id == row.pk


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"until": date(2026, 8, 3)}, actions.CannotGive),
        ({"until": date(2020, 1, 1)}, actions.CannotGive),
        ({"until": date(9999, 1, 1)}, actions.CannotGive),
        ({"reason": " "}, actions.CannotGive),
        ({"by": ""}, actions.CannotGive),
        ({"plan_code": "smart-hourly"}, actions.NoSuchPlan),
    ],
)
def test_a_gift_that_cannot_be_is_refused(paper, at, said, error):
    with pytest.raises(error):
        comp(paper, at, **said)
    assert (Subscription.objects.count(), paper.said()) == (0, [])


def test_who_has_a_subscription_is_given_days_instead(paper, row, fresh, at):
    with pytest.raises(actions.AlreadySubscribed):
        comp(paper, at)
    ask = {"subscription_id": row.pk, "reason": "An outage", "by": STAFF, "at": at}
    view = actions.extend(**ask, days=10)
    later = DUE + 10 * DAY
    assert (view.renews_on, fresh().due_at) == (later, later)
    assert {e.ends for e in paper.said(Granted)} == {later + timedelta(hours=24)}
    for days in (0, -1, 367):
        with pytest.raises(actions.CannotGive):
            actions.extend(**ask, days=days)
    assert actions.renew_due(at=later).renewed == 1
    assert (fresh().period_start, fresh().period_end) == (
        date(2026, 11, 13),
        date(2027, 2, 13),
    )


def test_days_that_were_given_are_not_paid_back(paper, row, hers, at):
    actions.extend(subscription_id=row.pk, days=10, reason="x", by=STAFF, at=at)
    assert hers("quote_refund", at).back == Money(90_000, "INR")


@pytest.fixture
def readers(paper, django_user_model):
    return [
        django_user_model.objects.create_user(f"print{n}@example.com").public_id
        for n in range(12)
    ]


def running(readers, **said):
    told = {
        "plan_code": "smart-essential", "paid_until": date(2027, 1, 31),
        "since": date(2019, 1, 31), "worth": Money(240_000, "INR"),
    }  # fmt: skip
    return [
        Running(reader=reader, reference=f"P-{n}", **{**told, **said})
        for n, reader in enumerate(readers)
    ]


def test_case_107_running_contracts_are_taken_over_and_nobody_is_charged(
    paper, row, readers, at
):
    (method,) = known.methods(paper.reader)
    paper.said()
    carried = running(readers, method_ref=method.method_ref)
    assert actions.take_over(carried, by="import", at=at) == 12
    assert paper.charges() == 1
    view = queries.current(readers[0], at)
    end = datetime(2027, 1, 30, 18, 30, tzinfo=UTC)
    assert (view.status, view.renews_on, view.period_start) == (
        "active",
        end,
        date(2026, 1, 31),
    )
    (taken,) = queries.timeline(view.id)
    assert (taken.kind, taken.by, taken.facts["reference"]) == (
        "taken_over",
        "import",
        "P-0",
    )
    granted = paper.said(Granted)
    assert len(granted) == 12 * 5
    assert {e.ends for e in granted} == {end + timedelta(hours=24)}
    assert actions.renew_due(at=end - DAY, limit=1).claimed == 1  # Only the first.
    assert actions.renew_due(at=end).claimed == 12


def test_taking_over_takes_as_many_statements_for_twelve_as_for_two(paper, readers, at):
    actions.take_over(running(readers[:1]), by="import", at=at)
    counts = []
    for some in (readers[1:3], readers[3:]):
        with CaptureQueriesContext(connection) as caught:
            actions.take_over(running(some), by="import", at=at)
        counts.append(len(caught))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "said",
    [
        {"plan_code": "smart-hourly"},
        {"paid_until": date(2026, 8, 3)},
        {"since": date(2027, 1, 1)},
        {"worth": Money(-1, "INR")},
        {"worth": Money(1, "USD")},
    ],
)
def test_one_line_that_cannot_be_taken_over_stops_all(paper, readers, at, said):
    carried = running(readers[:5]) + running(readers[5:6], **said)
    with pytest.raises(actions.CannotTakeOver) as refused:
        actions.take_over(carried, by="import", at=at)
    assert refused.value.line == 5
    assert (Subscription.objects.count(), paper.said()) == (0, [])


@pytest.mark.parametrize(
    ("worth", "told"),
    [(None, 0), (Money(240_000, "INR"), 1), (Money(270_000, "INR"), 0)],
)
def test_who_is_taken_over_is_told_only_if_she_is_known_to_pay_more(
    paper, readers, at, worth, told
):
    actions.take_over(running(readers[:1], worth=worth), by="import", at=at)
    assert actions.tell_prices(at=datetime(2027, 1, 20, tzinfo=UTC)) == told


def test_nobody_is_taken_over_twice(paper, readers, at):
    actions.take_over(running(readers[:1]), by="import", at=at)
    for again in (running(readers[:1]), running([readers[1], readers[1]])):
        with pytest.raises(actions.CannotTakeOver):
            actions.take_over(again, by="import", at=at)
    assert Subscription.objects.count() == 1


def test_what_was_taken_over_is_worth_what_she_paid(paper, readers, at):
    actions.take_over(running(readers[:1]), by="import", at=at)
    view = queries.current(readers[0], at)
    quote = actions.quote_change(
        reader=readers[0], subscription_id=view.id, plan_code="super-saver", at=at
    )
    # 181 of 365 days of 2,400 rupees.
    assert quote.credit == Money(119_014, "INR")
    # Money that never came to us does not go back from us.
    assert actions.quote_refund(
        reader=readers[0], subscription_id=view.id, at=at
    ).back == Money(0, "INR")
    assert books.check() == ()
