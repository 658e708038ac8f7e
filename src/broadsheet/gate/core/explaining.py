"""
What would have changed a decision. Nothing is written per reason: other readings are
tried through `decide`, and those that end otherwise are told.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from .decide import decide
from .meter import MONTH, ROLLING, Reads, period_end
from .vocabulary import (
    FREE,
    METERED,
    NEWS,
    NOBODY,
    PREMIUM,
    VERTICAL,
    Decision,
    Meter,
    Orders,
    Pool,
    Reading,
    Standing,
)


class What(enum.Enum):
    """What is supposed to have been otherwise."""

    SUBSCRIBED = "subscribed"
    LOGGED_IN = "logged-in"
    COOKIES = "cookies"  # The browser had kept them.
    NO_COOKIES = "no-cookies"
    NO_GRANT = "no-grant"
    NO_GIFT = "no-gift"
    RESUMED = "resumed"  # Later, when a free story is to be had again.
    HIGHER_LIMIT = "higher-limit"
    LOWER_LIMIT = "lower-limit"
    FREE = "free"  # The story's class.
    METERED = "metered"
    PREMIUM = "premium"
    IN_PRINT = "in-print"  # Not withdrawn.
    METER_UP = "meter-up"


@dataclass(frozen=True, slots=True)
class Case:
    """
    A reading as it was decided, and what must be known beside it: where her meter stood
    before this view, whether or not it was asked.
    """

    reading: Reading
    before: Meter  # Of the story's pool, or of its section's if it is not metered.
    registered: bool = False
    resumes: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """With this otherwise, it would have been decided so."""

    what: What
    decision: Decision
    limit: int = 0  # That is supposed.
    at: datetime | None = None
    feature: str = ""


@dataclass(frozen=True, slots=True)
class _Supposed:
    what: What
    reading: Reading
    limit: int = 0
    at: datetime | None = None
    feature: str = ""


def changes(case: Case) -> tuple[Change, ...]:
    """Return what would have made another answer, each by itself."""
    decided, found = decide(case.reading), []
    for one in _suppose(case):
        other = decide(one.reading)
        if (other.verdict, other.counts) != (decided.verdict, decided.counts):
            found.append(Change(one.what, other, one.limit, one.at, one.feature))
    return tuple(found)


def asked(before: Meter) -> Meter:
    """Return what the meter says to a view that counts, having stood so before it."""
    if before.standing is Standing.UNREAD and before.count < before.limit:
        return Meter(Standing.OPENED, before.count + 1, before.limit)
    return before


def with_limit(before: Meter, limit: int) -> Meter:
    """Return where the meter stands if another limit holds."""
    if before.standing in (Standing.READ, Standing.NOBODY, Standing.DOWN):
        return replace(before, limit=limit)
    spent = before.count >= limit
    return Meter(Standing.SPENT if spent else Standing.UNREAD, before.count, limit)


def resumes(reads: Reads | None, limit: int, orders: Orders, at: datetime) -> datetime:
    """
    Return when a free story is to be had again, if there is none at `at`. `reads` are
    those of the pool in question.
    """
    if orders.policy.period == MONTH or reads is None or not 0 < limit:
        return period_end(orders.policy.period, orders.zone, at)
    moments = sorted(reads.stories.values())
    # One more than the oldest that are too many must have stopped counting.
    too_many = max(0, len(moments) - limit)
    return moments[too_many] + ROLLING if moments else at


def _suppose(case: Case) -> Iterator[_Supposed]:
    yield from _another_reader(case)
    yield from _another_meter(case)
    yield from _another_story(case)


def _another_reader(case: Case) -> Iterator[_Supposed]:
    reading, before = case.reading, case.before
    feature = _right_to(reading.story.access)
    held = replace(reading, features=reading.features | {feature})
    yield _Supposed(What.SUBSCRIBED, held, feature=feature)
    if reading.features:
        bare = replace(reading, features=frozenset(), meter=_asked(reading, before))
        yield _Supposed(What.NO_GRANT, bare)
    if reading.gift is not None:
        ungiven = replace(reading, gift=None, meter=_asked(reading, before))
        yield _Supposed(What.NO_GIFT, ungiven)
    if not case.registered:
        limit = _pool(reading).registered
        # At a login the two counts are united; we can only know the one.
        meter = asked(with_limit(_somebody(before), limit))
        known = replace(reading, meter=meter, must_register=False)
        yield _Supposed(What.LOGGED_IN, known, limit)


def _another_meter(case: Case) -> Iterator[_Supposed]:
    reading, before = case.reading, case.before
    if reading.meter.standing is Standing.DOWN:
        yield _Supposed(What.METER_UP, replace(reading, meter=asked(before)))
        return
    if before.standing is Standing.NOBODY:
        kept = replace(reading, meter=asked(_somebody(before)))
        yield _Supposed(What.COOKIES, kept)
        return
    if not case.registered:
        bare = replace(NOBODY, limit=before.limit)
        yield _Supposed(What.NO_COOKIES, replace(reading, meter=bare))
    yield from _another_count(case)


def _another_count(case: Case) -> Iterator[_Supposed]:
    reading, before = case.reading, case.before
    if case.resumes is not None:
        left = 0 if reading.policy.period == MONTH else max(0, before.limit - 1)
        meter = _asked(reading, Meter(Standing.UNREAD, left, before.limit))
        later = replace(reading, meter=meter)
        yield _Supposed(What.RESUMED, later, at=case.resumes)
    for what, limit in (
        (What.HIGHER_LIMIT, before.count + 1),
        (What.LOWER_LIMIT, before.count),
    ):
        meter = _asked(reading, with_limit(before, limit))
        yield _Supposed(what, replace(reading, meter=meter), limit)


def _another_story(case: Case) -> Iterator[_Supposed]:
    reading, story = case.reading, case.reading.story
    asked_anew = replace(reading, meter=_asked(reading, case.before))
    if story.withdrawn:
        back = replace(asked_anew, story=replace(story, withdrawn=False))
        yield _Supposed(What.IN_PRINT, back)
        return
    for what, access in (
        (What.FREE, FREE),
        (What.METERED, METERED),
        (What.PREMIUM, PREMIUM),
    ):
        other = replace(asked_anew, story=replace(story, access=access))
        # Where another pool's meter would decide, we do not know how it stands.
        if story.access != access and _pool(other) == _pool(reading):
            yield _Supposed(what, other)


def _asked(reading: Reading, before: Meter) -> Meter:
    """Return what the meter says; of who must sign up first, it opens nothing."""
    return before if reading.must_register else asked(before)


def _pool(reading: Reading) -> Pool:
    story = reading.story
    return reading.policy.pool_if_metered(story.section, story.access)


def _right_to(access: str) -> str:
    return access if access.startswith(VERTICAL) else NEWS


def _somebody(before: Meter) -> Meter:
    if before.standing is Standing.NOBODY:
        return Meter(Standing.UNREAD, 0, before.limit)
    return before
