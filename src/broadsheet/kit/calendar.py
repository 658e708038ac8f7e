"""
Dates of a contract that runs for years. docs/algorithms/renewal.md says what it
promises a reader.
"""

from __future__ import annotations

import calendar as _gregorian
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .money import Money

UNITS = ("day", "week", "month", "year")
MIDNIGHT = time(0, 0)


class BadTerm(Exception):
    """A term that no subscription can run for. Do not try again."""


@dataclass(frozen=True, slots=True)
class Term:
    """How long one period lasts: `count` of `unit` (day, week, month or year)."""

    count: int
    unit: str

    def __post_init__(self) -> None:
        if type(self.count) is not int or self.count < 1:
            raise BadTerm(f"A term is one unit or more, not {self.count!r}.")
        if self.unit not in UNITS:
            raise BadTerm(f"A term is in {', '.join(UNITS)}, not {self.unit!r}.")

    @property
    def months(self) -> int | None:
        """The term in months, or None where it is not a whole number of them."""
        return {"month": self.count, "year": 12 * self.count}.get(self.unit)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days: from `start` until the day before `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise BadTerm(f"A period ends after it starts: {self.start}, {self.end}.")

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


def boundary(anchor: date, term: Term, k: int) -> date:
    """
    Return the date on which period `k` starts: the anchor plus k terms, moved back to
    the last day of a month that is too short.
    """
    # Always from the anchor. Chained, 31 January would become 28 February and then
    # 28 March, and the reader would lose three days of every period to come.
    if term.months is not None:
        return _add_months(anchor, k * term.months)
    days = term.count * (7 if term.unit == "week" else 1)
    return anchor + timedelta(days=k * days)


def period(anchor: date, term: Term, k: int) -> Period:
    """Return period `k`, counted from 0; it ends where period k + 1 starts."""
    return Period(boundary(anchor, term, k), boundary(anchor, term, k + 1))


def instant(on: date, zone: ZoneInfo, hour: time = MIDNIGHT) -> datetime:
    """
    Return the one instant, in UTC, at which clocks in `zone` show `hour` on `on`. An
    hour that is skipped in spring counts on from the clock before the change; an hour
    that comes twice in autumn is the first of the two.
    """
    return datetime.combine(on, hour.replace(fold=0), tzinfo=zone).astimezone(UTC)


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """Return the date that a calendar on a wall in `zone` shows at the instant `at`."""
    if at.tzinfo is None:
        raise ValueError("An instant has a zone; this one has none.")
    return at.astimezone(zone).date()


def day_by_day(amount: Money, over: Period) -> list[tuple[date, Money]]:
    """
    Return what is earned on each day of the period. The days sum to exactly `amount`,
    and differ by at most one minor unit.
    """
    shares = amount.spread(over.days)
    return [(over.start + timedelta(days=i), share) for i, share in enumerate(shares)]


def _add_months(day: date, months: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= years <= date.max.year:
        raise OverflowError(f"{day} and {months} months is outside the calendar.")
    longest = _gregorian.monthrange(years, month + 1)[1]
    return date(years, month + 1, min(day.day, longest))
