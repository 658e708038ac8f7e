from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from broadsheet.business.ledger import queries as books
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.events import (
    Cancelled,
    CancelUndone,
    Granted,
    GrantEnded,
    Lapsed,
    Started,
)
from broadsheet.business.subscriptions.models import Cancellation, Subscription

pytestmark = pytest.mark.process

PAID_THROUGH = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
MOMENT = timedelta(seconds=1)


@pytest.fixture
def row(paper):
    row = paper.buy()
    paper.said()
    return row


def cancel(paper, row, at, reason="Too expensive"):
    return actions.cancel(
        reader=paper.reader, subscription_id=row.pk, reason=reason, at=at
    )


def undo(paper, row, at):
    return actions.undo_cancel(reader=paper.reader, subscription_id=row.pk, at=at)


def test_case_089_cancelling_keeps_everything_open_until_the_paid_time_is_over(
    paper, row, at
):
    before = paper.balances()
    view = cancel(paper, row, at)
    assert (view.status, view.cancel_at_period_end) == ("active", True)
    assert (view.renews_on, view.ends_on) == (None, PAID_THROUGH - MOMENT)
    assert paper.said() == [
        Cancelled(row.pk, paper.reader, PAID_THROUGH),
        GrantEnded(f"subscription:{row.pk}", PAID_THROUGH),
    ]
    said = Cancellation.objects.get()
    assert (said.reason, said.by, said.at, said.effective_at) == (
        "Too expensive",
        str(paper.reader),
        at,
        PAID_THROUGH,
    )
    assert paper.balances() == before


def test_case_093_cancelling_twice_answers_the_same_and_tells_nobody_again(
    paper, row, at
):
    first = cancel(paper, row, at)
    paper.said()
    assert cancel(paper, row, at + timedelta(days=1), "Another reason") == first
    assert paper.said() == []
    assert Cancellation.objects.get().reason == "Too expensive"


def test_a_cancelled_subscription_is_not_charged_and_ends_on_its_day(paper, row, at):
    cancel(paper, row, at)
    paper.said()
    assert actions.lapse_due(at=PAID_THROUGH - MOMENT) == 0
    assert actions.renew_due(at=PAID_THROUGH) == actions.RenewalRun()
    assert [actions.lapse_due(at=PAID_THROUGH) for _ in range(2)] == [1, 0]
    assert paper.said() == [
        Lapsed(row.pk, paper.reader),
        GrantEnded(f"subscription:{row.pk}", PAID_THROUGH),
    ]
    assert actions.renew_due(at=PAID_THROUGH) == actions.RenewalRun()
    assert paper.kinds(row) == ["begun", "started", "cancel_asked", "lapsed"]
    assert queries.current(paper.reader, PAID_THROUGH) is None
    assert paper.charges() == 1
    assert books.check() == ()


def test_case_090_a_change_of_mind_in_time_keeps_the_dates(paper, row, at):
    cancel(paper, row, at)
    paper.said()
    later = at + timedelta(days=5)
    view = undo(paper, row, later)
    assert (view.cancel_at_period_end, view.renews_on, view.ends_on) == (
        False,
        PAID_THROUGH,
        None,
    )
    said = paper.said()
    assert said[-1] == CancelUndone(row.pk, paper.reader)
    assert {type(event) for event in said[:-1]} == {Granted}
    assert {event.ends for event in said[:-1]} == {PAID_THROUGH + timedelta(hours=24)}
    assert undo(paper, row, later) == view
    assert paper.said() == []
    assert Cancellation.objects.get().undone_by == str(paper.reader)
    # And cancelled again, which is another row with its own reason.
    cancel(paper, row, later, "Now really")
    assert Cancellation.objects.count() == 2


def test_case_090_a_change_of_mind_after_the_end_is_too_late(paper, row, at):
    cancel(paper, row, at)
    with pytest.raises(actions.TooLate):
        undo(paper, row, PAID_THROUGH)
    actions.lapse_due(at=PAID_THROUGH)
    for verb in (undo, cancel):
        with pytest.raises(actions.TooLate):
            verb(paper, row, PAID_THROUGH)


def test_nobody_cancels_what_is_not_hers(paper, row, at, django_user_model):
    other = django_user_model.objects.create_user("ravi@example.com").public_id
    for reader, subscription in ((other, row.pk), (paper.reader, uuid4())):
        with pytest.raises(actions.NoSuchSubscription):
            actions.cancel(
                reader=reader, subscription_id=subscription, reason="", at=at
            )
    assert Cancellation.objects.count() == 0


def test_a_purchase_that_is_not_paid_is_nothing_to_cancel(paper, at):
    paper.begin()
    with pytest.raises(actions.NoSuchSubscription):
        cancel(paper, Subscription.objects.get(), at)


def test_who_has_left_may_come_back_as_a_new_subscriber(paper, row, at):
    cancel(paper, row, at)
    actions.lapse_due(at=PAID_THROUGH)
    paper.said()
    back = paper.buy("super-saver", at=PAID_THROUGH)
    assert back.pk != row.pk
    assert paper.said(Started) == [Started(back.pk, paper.reader)]
    assert queries.subscriptions(paper.reader) == (back.pk, row.pk)


def test_the_account_page_costs_the_same_with_one_invoice_and_with_three(
    paper, row, at, django_assert_num_queries
):
    with django_assert_num_queries(8):
        assert len(queries.current(paper.reader, at).invoices) == 1
    for _ in range(2):
        due = Subscription.objects.get(pk=row.pk).paid_through
        assert actions.renew_due(at=due).renewed == 1
    with django_assert_num_queries(8):
        assert len(queries.current(paper.reader, due).invoices) == 3


def test_what_is_used_up_is_over_for_its_reader_before_a_worker_ends_it(paper, row, at):
    cancel(paper, row, at)
    assert queries.current(paper.reader, PAID_THROUGH - MOMENT) is not None
    assert queries.current(paper.reader, PAID_THROUGH) is None

    # And she may buy again at once.
    again = paper.begin(at=PAID_THROUGH)
    assert again.pay_at.startswith("http")
    row.refresh_from_db()
    assert row.status == "cancelled"
