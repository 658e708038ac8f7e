"""
The states of a subscription, what moves it, and when. Pure.

The table is docs/algorithms/renewal.md's; what is not in it is refused. A status is
nothing but the fold of a subscription's events, so that the log can always be replayed.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from broadsheet.kit import calendar
from broadsheet.kit.calendar import Period, Term
from broadsheet.kit.money import half_up


class Status(enum.StrEnum):
    INCOMPLETE = "incomplete"  # The first payment is not done.
    INCOMPLETE_EXPIRED = "incomplete_expired"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"  # A renewal failed; access stays until the grace is over.
    SUSPENDED = "suspended"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Kind(enum.StrEnum):
    """What can happen to a subscription."""

    BEGUN = "begun"
    DECLINED = "declined"  # Of the first payment; the reader may try again.
    STARTED = "started"
    TRIAL_STARTED = "trial_started"
    ABANDONED = "abandoned"  # Not paid in time, or replaced by another choice.
    RENEWED = "renewed"
    PAYMENT_FAILED = "payment_failed"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCEL_ASKED = "cancel_asked"
    CANCEL_UNDONE = "cancel_undone"
    CANCELLED_NOW = "cancelled_now"  # And what was not used goes back.
    PAUSE_ASKED = "pause_asked"
    PAUSE_WITHDRAWN = "pause_withdrawn"
    CHANGE_ASKED = "change_asked"  # Of the plan: now, once it is paid, or later.
    CHANGE_DROPPED = "change_dropped"
    PLAN_CHANGED = "plan_changed"
    OFFER_TAKEN = "offer_taken"
    PRICE_TOLD = "price_told"
    EXTENDED = "extended"
    GIVEN = "given"  # By the house, for nothing.
    TAKEN_OVER = "taken_over"  # From another system, running.
    LAPSED = "lapsed"
    TERM_OVER = "term_over"
    DISPUTED = "disputed"  # She asked her bank for the money back.
    DISPUTE_WON = "dispute_won"
    NOTICED = "noticed"  # She was told of what is to come: which notice, in its facts.


S, K = Status, Kind
TERMINAL = frozenset({S.INCOMPLETE_EXPIRED, S.CANCELLED, S.EXPIRED})
OPEN = frozenset(Status) - TERMINAL  # A reader has one of these at most.
RUNNING = OPEN - {S.INCOMPLETE}
CHARGED = frozenset({S.TRIALING, S.ACTIVE, S.PAST_DUE})

# What makes a contract, and as what.
_FIRST: dict[Kind, Status] = {
    K.BEGUN: S.INCOMPLETE,
    K.GIVEN: S.ACTIVE,
    K.TAKEN_OVER: S.ACTIVE,
}
# What changes the status. Nothing else does.
_MOVES: dict[tuple[Status, Kind], Status] = {
    (S.INCOMPLETE, K.STARTED): S.ACTIVE,
    (S.INCOMPLETE, K.TRIAL_STARTED): S.TRIALING,
    (S.INCOMPLETE, K.ABANDONED): S.INCOMPLETE_EXPIRED,
    (S.TRIALING, K.RENEWED): S.ACTIVE,
    (S.TRIALING, K.PAYMENT_FAILED): S.PAST_DUE,
    (S.TRIALING, K.PAUSED): S.PAUSED,
    (S.ACTIVE, K.PAYMENT_FAILED): S.PAST_DUE,
    (S.ACTIVE, K.PAUSED): S.PAUSED,
    (S.ACTIVE, K.TERM_OVER): S.EXPIRED,
    (S.PAST_DUE, K.RENEWED): S.ACTIVE,
    (S.PAST_DUE, K.SUSPENDED): S.SUSPENDED,
    (S.SUSPENDED, K.REINSTATED): S.ACTIVE,
    (S.PAUSED, K.RESUMED): S.ACTIVE,
    **{(status, K.LAPSED): S.CANCELLED for status in RUNNING},
    **{(status, K.CANCELLED_NOW): S.CANCELLED for status in RUNNING},
}
# What happens to a contract in these states, and leaves it in them.
_STAYS: dict[Kind, frozenset[Status]] = {
    K.DECLINED: frozenset({S.INCOMPLETE}),
    K.RENEWED: frozenset({S.ACTIVE}),
    K.PAYMENT_FAILED: frozenset({S.PAST_DUE}),
    K.CANCEL_ASKED: RUNNING,
    K.CANCEL_UNDONE: RUNNING,
    K.NOTICED: RUNNING,
    K.DISPUTED: RUNNING,
    K.DISPUTE_WON: RUNNING,
    K.PAUSE_ASKED: frozenset({S.ACTIVE}),
    K.PAUSE_WITHDRAWN: frozenset({S.ACTIVE}),
    K.CHANGE_ASKED: frozenset({S.ACTIVE, S.TRIALING}),
    K.CHANGE_DROPPED: frozenset({S.ACTIVE, S.TRIALING}),
    K.PLAN_CHANGED: frozenset({S.ACTIVE, S.TRIALING}),
    K.OFFER_TAKEN: frozenset({S.ACTIVE, S.TRIALING}),
    K.PRICE_TOLD: frozenset({S.ACTIVE, S.TRIALING}),
    K.EXTENDED: frozenset({S.ACTIVE, S.TRIALING}),
}
_TABLE = _MOVES | {
    (status, kind): status for kind, states in _STAYS.items() for status in states
}


class WrongMove(Exception):
    """The subscription is not in a state in which this can happen. Nothing changed."""


def after(status: Status | None, kind: Kind) -> Status:
    """Return the status after `kind` happened. None: there was no subscription yet."""
    moved = _FIRST.get(kind) if status is None else _TABLE.get((status, kind))
    if moved is None:
        raise WrongMove(f"{kind} cannot happen to one that is {status or 'not there'}.")
    return moved


def fold(kinds: Iterable[Kind]) -> Status | None:
    """Replay a log of events; return the status that it amounts to."""
    status: Status | None = None
    for kind in kinds:
        status = after(status, kind)
    return status


# --- When -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paid:
    """A paid period: its index, its local days, and the instant at which it is over."""

    index: int
    period: Period
    until: datetime


def paid_period(
    anchor: date, term: Term, index: int, zone: ZoneInfo, *, since: int = 0
) -> Paid:
    """Return period `index`; period `since` is the one that starts on the anchor."""
    period = calendar.period(anchor, term, index - since)
    return Paid(index, period, calendar.instant(period.end, zone))


def next_index(anchor: date, term: Term, last: int, on: date, *, since: int = 0) -> int:
    """
    Return which period is billed next: the one after `last`, or, if whole periods went
    by unbilled, the one that holds `on`. A reader is never sent a burst of back
    charges for time in which our workers stood still.
    """
    index = last + 1
    while calendar.boundary(anchor, term, index + 1 - since) <= on:
        index += 1
    return index


def grace_until(due: datetime, days: int) -> datetime:
    """Return until when a reader whose card failed at `due` keeps everything."""
    return due + timedelta(days=days)


def retry_at(
    failed_at: datetime, failures: int, hard: bool, ladder: Sequence[int]
) -> datetime | None:
    """
    Return when to try again after the n-th failure; None: not on this instrument. A
    hard decline (stolen, closed, revoked) is never tried again.
    """
    if hard or failures > len(ladder):
        return None
    return failed_at + timedelta(days=ladder[failures - 1])


def share(worth: int, days: int, of: int) -> int:
    """Return what `days` of the `of` days that are worth `worth` come to, half up."""
    if not 0 <= days <= of or worth < 0:
        raise ValueError(f"{days} of {of} days, worth {worth}, is no share.")
    return half_up(worth * days, of) if of else 0


def reminder_days(term: Term) -> int:
    """
    Return how many days before a renewal its reader is reminded; 0: not at all. A term
    of a year or more: 30 days (California asks for 15 to 45); a month or more: 7.
    """
    days = {"day": 1, "week": 7, "month": 30, "year": 365}[term.unit] * term.count
    return 30 if days >= 360 else 7 if days >= 28 else 0


# --- Words --------------------------------------------------------------------------

CHECKOUT_KEPT = timedelta(hours=23)
WAITS_FOR_PAYMENT = timedelta(hours=1)  # A change of plan that is being paid for.
