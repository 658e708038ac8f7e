from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.business.subscriptions import rules
from broadsheet.business.subscriptions.rules import Kind, Status, WrongMove
from broadsheet.kit.calendar import Term, boundary

# Where each state leads, as docs/algorithms/renewal.md says it.
LEADS_TO = {
    "incomplete": {"active", "trialing", "incomplete_expired"},
    "incomplete_expired": set(),
    "trialing": {"active", "past_due", "cancelled", "paused"},
    "active": {"past_due", "paused", "cancelled", "expired"},
    "past_due": {"active", "suspended", "cancelled"},
    "suspended": {"active", "cancelled"},
    "paused": {"active", "cancelled"},
    "cancelled": set(),
    "expired": set(),
}


def outcome(status, kind):
    try:
        return rules.after(status, kind)
    except WrongMove:
        return None


def test_every_state_leads_where_the_table_says_and_nowhere_else():
    found = {
        status.value: {
            moved.value
            for kind in Kind
            if (moved := outcome(status, kind)) is not None and moved is not status
        }
        for status in Status
    }
    assert found == LEADS_TO


def test_what_leaves_a_state_as_it_is_is_tabled_too():
    stays = {
        (status.value, kind.value)
        for status, kind in product(Status, Kind)
        if outcome(status, kind) is status
    }
    running = ("trialing", "active", "past_due", "suspended", "paused")
    assert stays == {
        ("incomplete", "declined"),
        ("active", "renewed"),
        ("active", "pause_asked"),
        ("active", "pause_withdrawn"),
        ("past_due", "payment_failed"),
        *product(running, ("cancel_asked", "cancel_undone", "noticed")),
        *product(running, ("disputed", "dispute_won")),
        *product(
            ("trialing", "active"),
            (
                "change_asked",
                "change_dropped",
                "plan_changed",
                "offer_taken",
                "price_told",
                "extended",
            ),
        ),
    }


def test_only_a_purchase_a_gift_of_ours_and_an_import_make_something_of_nothing():
    made = {kind: outcome(None, kind) for kind in Kind}
    assert {kind: status for kind, status in made.items() if status} == {
        Kind.BEGUN: Status.INCOMPLETE,
        Kind.GIVEN: Status.ACTIVE,
        Kind.TAKEN_OVER: Status.ACTIVE,
    }


def test_nothing_happens_to_what_is_over():
    assert {outcome(status, kind) for status in rules.TERMINAL for kind in Kind} == {
        None
    }


def test_a_log_folds_to_its_status():
    life = [Kind.BEGUN, Kind.DECLINED, Kind.STARTED, Kind.RENEWED, Kind.PAYMENT_FAILED,
            Kind.PAYMENT_FAILED, Kind.RENEWED, Kind.CANCEL_ASKED, Kind.LAPSED]  # fmt: skip
    folded = [rules.fold(life[:n]) for n in range(len(life) + 1)]
    assert [status and status.value for status in folded] == [
        None, "incomplete", "incomplete", "active", "active", "past_due", "past_due",
        "active", "active", "cancelled",
    ]  # fmt: skip
    with pytest.raises(WrongMove):
        rules.fold([*life, Kind.RENEWED])


def test_a_paid_period_ends_at_local_midnight():
    paid = rules.paid_period(
        date(2026, 1, 31), Term(3, "month"), 1, ZoneInfo("Asia/Kolkata")
    )
    assert (paid.period.start, paid.period.end) == (
        date(2026, 4, 30),
        date(2026, 7, 31),
    )
    assert paid.until == datetime(2026, 7, 30, 18, 30, tzinfo=UTC)


@given(
    st.dates(date(2000, 1, 1), date(2050, 12, 31)),
    st.integers(1, 24),
    st.integers(0, 40),
    st.integers(0, 1000),
)
def test_the_next_period_is_never_one_that_has_wholly_passed(
    anchor, months, last, late
):
    term = Term(months, "month")
    on = boundary(anchor, term, last + 1) + timedelta(days=late)
    index = rules.next_index(anchor, term, last, on)
    assert index > last
    assert on < boundary(anchor, term, index + 1)
    assert index == last + 1 or boundary(anchor, term, index) <= on


@pytest.mark.parametrize(
    ("failures", "hard", "days"),
    [(1, False, 1), (2, False, 2), (3, False, 3), (4, False, None), (1, True, None)],
)
def test_a_soft_decline_is_tried_again_down_the_ladder_and_a_hard_one_never(
    at, failures, hard, days
):
    wanted = None if days is None else at + timedelta(days=days)
    assert rules.retry_at(at, failures, hard, [1, 2, 3]) == wanted
