"""Cases 101 to 103: pauses, and coming back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from broadsheet.business.ledger import queries as books
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.events import (
    Granted,
    GrantEnded,
    Lapsed,
    Paused,
    Resumed,
    Started,
)
from broadsheet.business.subscriptions.models import ScheduledChange
from broadsheet.kit.money import Money

pytestmark = pytest.mark.process

DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)  # 3 November, 00:00 in Mumbai.
DAY = timedelta(days=1)
COURTESY = timedelta(hours=24)


def midnight(year, month, day):
    """The instant at which that day begins in Mumbai."""
    return datetime(year, month, day, tzinfo=UTC) - timedelta(hours=5, minutes=30)


STARTS, RESUMES = date(2026, 9, 1), date(2026, 10, 1)
SHUT, OPEN = midnight(2026, 9, 1), midnight(2026, 10, 1)
LATER = midnight(2026, 12, 3)  # 30 days after 3 November.


def windows(events, row):
    """The windows that were filed, by reference; all features had the same."""
    return {
        (
            event.reference.removeprefix(f"subscription:{row.pk}"),
            event.starts,
            event.ends,
        )
        for event in events
        if isinstance(event, Granted)
    }


def test_case_101_a_pause_of_thirty_days_moves_the_next_charge_by_thirty_days(
    paper, row, hers, fresh, at
):
    before = paper.balances()
    view = hers("pause", at, starts=STARTS, resumes=RESUMES)
    assert (view.status, view.paused_on, view.resumes_on) == ("active", STARTS, RESUMES)
    assert (view.renews_on, view.price) == (LATER, Money(90_000, "INR"))
    said = paper.said()
    assert windows(said, row) == {
        ("", row.started_at, SHUT),
        (":resumed", OPEN, LATER + COURTESY),
    }
    assert said[-1] == Paused(row.pk, paper.reader, STARTS, RESUMES, LATER)

    # At the exact midnight, and not before.
    assert actions.turn_pauses(at=SHUT - timedelta(seconds=1)) == 0
    assert [actions.turn_pauses(at=SHUT) for _ in range(2)] == [1, 0]
    assert (fresh().status, paper.said()) == ("paused", [])
    assert actions.turn_pauses(at=OPEN - timedelta(seconds=1)) == 0
    assert [actions.turn_pauses(at=OPEN) for _ in range(2)] == [1, 0]

    said = paper.said()
    assert said[0] == GrantEnded(f"subscription:{row.pk}:resumed", OPEN)
    assert windows(said, row) == {("", row.started_at, LATER + COURTESY)}
    assert said[-1] == Resumed(row.pk, paper.reader, LATER)
    now = fresh()
    assert (now.status, now.k, now.period_start, now.period_end) == (
        "active",
        0,
        date(2026, 8, 3),
        date(2026, 12, 3),
    )
    assert (now.paid_through, now.due_at) == (LATER, LATER)
    assert paper.kinds(row) == ["begun", "started", "pause_asked", "paused", "resumed"]
    assert paper.balances() == before

    # And it renews from there, at the same price, counted from the new day.
    assert actions.renew_due(at=DUE) == actions.RenewalRun()
    assert actions.renew_due(at=LATER).renewed == 1
    now = fresh()
    assert (now.k, now.period_start, now.period_end) == (
        1,
        date(2026, 12, 3),
        date(2027, 3, 3),
    )
    assert books.invoices(row.pk)[0].total == Money(90_000, "INR")
    assert actions.renew_due(at=now.paid_through).renewed == 1
    assert fresh().period_end == date(2027, 6, 3)
    assert books.check() == ()


def test_a_worker_that_slept_through_the_whole_pause_ends_the_same(
    paper, row, hers, fresh, at
):
    hers("pause", at, starts=STARTS, resumes=RESUMES)
    assert actions.turn_pauses(at=OPEN + 5 * DAY) == 1
    assert (fresh().status, fresh().paid_through) == ("active", LATER)
    assert paper.kinds(row)[-2:] == ["paused", "resumed"]


def test_a_pause_at_the_end_of_the_paid_time_puts_the_charge_off(
    paper, row, hers, fresh, at
):
    hers("pause", at, starts=date(2026, 11, 3), resumes=date(2026, 12, 3))
    assert actions.renew_due(at=DUE) == actions.RenewalRun()
    actions.turn_pauses(at=DUE)
    assert fresh().status == "paused"
    assert actions.renew_due(at=DUE + 10 * DAY) == actions.RenewalRun()
    actions.turn_pauses(at=LATER)
    assert actions.renew_due(at=LATER).renewed == 1
    assert fresh().period_end == date(2027, 3, 3)


def test_coming_back_early_adds_only_the_days_away(paper, row, hers, fresh, at):
    hers("pause", at, starts=STARTS, resumes=RESUMES)
    actions.turn_pauses(at=SHUT)
    paper.said()
    early = midnight(2026, 9, 11) + timedelta(hours=9)
    view = hers("resume", early)
    later = midnight(2026, 11, 13)
    assert (view.status, view.renews_on, view.paused_on) == ("active", later, None)
    said = paper.said()
    assert said[0] == GrantEnded(f"subscription:{row.pk}:resumed", early)
    assert windows(said, row) == {("", row.started_at, later + COURTESY)}
    assert said[-1] == Resumed(row.pk, paper.reader, later)
    with pytest.raises(actions.NotPaused):
        hers("resume", early)


def test_a_pause_that_has_not_begun_is_withdrawn_and_changes_nothing(
    paper, row, hers, fresh, at
):
    hers("pause", at, starts=STARTS, resumes=RESUMES)
    paper.said()
    view = hers("resume", at + DAY)
    assert (view.renews_on, view.paused_on) == (DUE, None)
    assert windows(paper.said(), row) == {("", row.started_at, DUE + COURTESY)}
    assert (fresh().anchor_k, fresh().due_at) == (0, DUE)
    assert ScheduledChange.objects.get().outcome == "withdrawn"
    assert actions.turn_pauses(at=OPEN) == 0


@pytest.mark.parametrize(
    ("starts", "resumes", "why"),
    [
        (date(2026, 8, 3), RESUMES, "tomorrow"),
        (date(2020, 1, 1), RESUMES, "tomorrow"),
        (STARTS, STARTS, "after it begins"),
        (STARTS, date(2026, 8, 20), "after it begins"),
        (date(2026, 11, 4), date(2026, 11, 20), "within the paid time"),
        (STARTS, date(2026, 12, 1), "90 days at most"),
        (STARTS, date(9999, 12, 31), "90 days at most"),
    ],
)
def test_a_pause_that_cannot_be_is_refused_and_nothing_moves(
    paper, row, hers, fresh, at, starts, resumes, why
):
    before = fresh().row_version
    with pytest.raises(actions.CannotPause, match=why):
        hers("pause", at, starts=starts, resumes=resumes)
    assert (paper.said(), fresh().row_version) == ([], before)
    assert ScheduledChange.objects.count() == 0


def test_asking_for_the_same_pause_twice_answers_the_same(paper, row, hers, at):
    first = hers("pause", at, starts=STARTS, resumes=RESUMES)
    paper.said()
    assert hers("pause", at, starts=STARTS, resumes=RESUMES) == first
    assert paper.said() == []
    with pytest.raises(actions.ChangePending):
        hers("pause", at, starts=date(2026, 9, 2), resumes=RESUMES)


def test_case_102_what_is_cancelled_cannot_be_paused(paper, row, hers, at):
    hers("cancel", at, reason="")
    with pytest.raises(actions.CannotPause, match="cancelled"):
        hers("pause", at, starts=STARTS, resumes=RESUMES)


def test_what_is_past_due_cannot_be_paused(paper, row, hers):
    paper.gateway.control("faults", kind="decline_soft")
    actions.renew_due(at=DUE)
    with pytest.raises(actions.CannotPause, match="past due"):
        hers("pause", DUE, starts=date(2026, 11, 5), resumes=date(2026, 11, 9))


def test_cancelling_drops_a_pause_that_has_not_begun(paper, row, hers, fresh, at):
    hers("pause", at, starts=STARTS, resumes=RESUMES)
    paper.said()
    view = hers("cancel", at, reason="")
    assert (view.ends_on, view.paused_on) == (DUE - timedelta(seconds=1), None)
    assert ScheduledChange.objects.get().outcome == "cancelled"
    actions.turn_pauses(at=SHUT)
    assert fresh().status == "active"


def test_cancelling_while_paused_leaves_the_paid_days_to_be_used(
    paper, row, hers, fresh, at
):
    hers("pause", at, starts=STARTS, resumes=RESUMES)
    actions.turn_pauses(at=SHUT)
    view = hers("cancel", SHUT + DAY, reason="")
    assert view.ends_on == LATER - timedelta(seconds=1)
    actions.turn_pauses(at=OPEN)
    assert (fresh().status, fresh().due_at) == ("active", None)
    assert actions.lapse_due(at=LATER - DAY) == 0
    assert actions.renew_due(at=LATER) == actions.RenewalRun()
    assert actions.lapse_due(at=LATER) == 1
    assert paper.said(Lapsed) == [Lapsed(row.pk, paper.reader)]


def test_leaving_at_once_while_paused_gives_back_what_was_not_used(
    paper, row, hers, fresh, at
):
    hers("pause", at, starts=STARTS, resumes=RESUMES)
    actions.turn_pauses(at=SHUT)
    now = SHUT + 20 * DAY
    quote = hers("quote_refund", now)
    # 1 September to 2 November, as on the day that the pause began.
    assert (quote.days, quote.back) == (63, Money(61_630, "INR"))
    hers("cancel_now", now, quoted_minor=61_630, reason="")
    assert fresh().status == "cancelled"
    assert actions.turn_pauses(at=OPEN) == 0


def test_after_a_pause_what_is_left_is_worth_the_same(paper, row, hers, at):
    before = hers("quote_refund", SHUT).back
    hers("pause", at, starts=STARTS, resumes=RESUMES)
    actions.turn_pauses(at=OPEN)
    assert hers("quote_refund", OPEN).back == before


def test_case_103_who_comes_back_has_new_dates_and_a_linked_history(
    paper, row, hers, fresh, at
):
    hers("cancel", at, reason="")
    actions.lapse_due(at=DUE)
    paper.said()
    back = paper.buy(at=DUE + 40 * DAY)
    assert (back.anchor_date, back.k, back.previous_id) == (
        date(2026, 12, 13),
        0,
        row.pk,
    )
    assert fresh().previous_id is None
    assert queries.view(back.pk).previous == row.pk
    assert paper.said(Started) == [Started(back.pk, paper.reader)]
