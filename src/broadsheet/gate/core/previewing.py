"""
What another policy would have done to views that were recorded.

It is not enough to decide each view anew: a wall that falls lets the count rise, so that
a later view meets the wall instead. Each identity's views are run again, in their order,
through `core.meter` and `core.decide`.

What an identity read before the records begin, or on a device that was united with her at
a login, has no row here; the recorded counts betray how many such stories there are, and
so many nameless ones are put into both meters.

It is a lower bound where walls fall: who met the wall may have left, and would have read
more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from . import meter
from .decide import decide, needs_meter
from .meter import Ask, Reads
from .record import Record
from .visitor import Visitor
from .vocabulary import (
    SHARED,
    Decision,
    Meter,
    Orders,
    Pass,
    Policy,
    Reading,
    Reason,
    Standing,
    Verdict,
)

NEVER = datetime(1, 1, 1, tzinfo=UTC)
_COUNTED = (Standing.OPENED, Standing.READ, Standing.SPENT)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be otherwise in the policy; None leaves it as it was at each view."""

    limit_anonymous: int | None = None
    extra_registered: int | None = None
    period: str | None = None

    def of(self, policy: Policy) -> Policy:
        limit, extra, period = self.limit_anonymous, self.extra_registered, self.period
        return replace(
            policy,
            limit_anonymous=policy.limit_anonymous if limit is None else limit,
            extra_registered=policy.extra_registered if extra is None else extra,
            period=period or policy.period,
        )


@dataclass(slots=True)
class Sums:
    """Of one side: as it was, or as it would have been."""

    walls: int = 0  # Views that met the wall.
    free: int = 0  # Stories read on the meter: counted views.
    walled: int = 0  # Identities that met the wall at least once.
    by_day: Counter[date] = field(default_factory=Counter)  # Walls.
    by_section: Counter[str] = field(default_factory=Counter)  # Walls.

    def add(self, decision: Decision, reading: Reading, day: date) -> None:
        self.free += decision.reason is Reason.COUNTED
        if decision.verdict is Verdict.WALL:
            self.walls += 1
            self.by_day[day] += 1
            self.by_section[reading.story.section] += 1


@dataclass(slots=True)
class Preview:
    """Both sides of the window from `since` on, in the publication's days."""

    since: datetime
    zone: ZoneInfo
    views: int = 0
    identities: int = 0
    before: Sums = field(default_factory=Sums)
    after: Sums = field(default_factory=Sums)


def preview(
    records: Iterable[Record],
    editions: Mapping[int, Orders],
    wish: Wish,
    *,
    since: datetime,
    zone: ZoneInfo,
) -> Preview:
    """
    Return what `wish` would have made of `records`, which come by identity and then by
    time. Those before `since` only set the meters. Keeps one identity in memory.
    """
    found = Preview(since, zone)
    wished = {n: replace(o, policy=wish.of(o.policy)) for n, o in editions.items()}
    identity: UUID | None = None
    life = _Life()
    for record in records:
        if record.identity != identity:
            _end(life, found)
            identity, life = record.identity, _Life()
        orders = editions[record.policy], wished[record.policy]
        was = decide(record.reading)
        would = life.live(record, *orders)
        if record.at >= since:
            _add(found, life, record, was, would)
    _end(life, found)
    return found


def _add(
    found: Preview, life: _Life, record: Record, was: Decision, would: Decision
) -> None:
    day = record.at.astimezone(found.zone).date()
    found.views += 1
    found.before.add(was, record.reading, day)
    found.after.add(would, record.reading, day)
    life.seen = True
    life.walled_before |= was.verdict is Verdict.WALL
    life.walled_after |= would.verdict is Verdict.WALL


def _end(life: _Life, found: Preview) -> None:
    found.identities += life.seen
    found.before.walled += life.walled_before
    found.after.walled += life.walled_after


class _Life:
    """One identity: its meter as it was, as far as we know, and as it would have been."""

    def __init__(self) -> None:
        self.seen = self.walled_before = self.walled_after = False
        self._was = self._would = Reads(NEVER)
        self._nameless = 0

    def live(self, record: Record, orders: Orders, wished: Orders) -> Decision:
        """Return what this view would have been, after all that came before it."""
        reading = replace(record.reading, policy=wished.policy)
        stood = record.reading.meter
        if stood.standing not in _COUNTED or not needs_meter(reading):
            return decide(reading)
        was, would = _ask(record, orders), _ask(record, wished)
        self._learn(stood, was, would)
        if stood.standing is Standing.OPENED:
            self._was = _with(self._was, was.story_id, was)
        self._would, stands = _counted(self._would, would)
        return decide(replace(reading, meter=stands))

    def _learn(self, stood: Meter, was: Ask, would: Ask) -> None:
        """Bring the meters to what the recorded count betrays of stories without a row."""
        self._was = meter.current(self._was, was)
        self._would = meter.current(self._would, would)
        opens, read = (
            stood.standing is each for each in (Standing.OPENED, Standing.READ)
        )
        named = was.story_id in self._was.stories
        if named and not read:  # It had stopped counting: a union has dated it back.
            self._forget([was.story_id])
        # This very story was read at a time of which there is no record.
        revealed = read and not named
        missing = stood.count - opens - revealed - self._was.drawn(was.pool)
        self._forget(_first_to_go(self._was, was)[: max(0, -missing)])
        for _ in range(missing):
            self._nameless -= 1
            self._read_once(self._nameless, was, would)
        if revealed:
            self._read_once(was.story_id, was, would)

    def _read_once(self, story: int, was: Ask, would: Ask) -> None:
        self._was = _with(self._was, story, was)
        # A lower limit would have kept her from reading them all. (A union at a login can
        # hold more than the limit, lower or not.)
        if would.limit >= was.limit or self._would.drawn(would.pool) < would.limit:
            self._would = _with(self._would, story, would)

    def _forget(self, stories: list[int]) -> None:
        """These no longer count: they were read before we met them."""
        self._was = _without(self._was, stories)
        self._would = _without(self._would, stories)


def _ask(record: Record, orders: Orders) -> Ask:
    known = Pass(record.identity, 0) if record.registered else None
    visitor, story = (
        Visitor(None if known else record.identity, known),
        record.reading.story,
    )
    pool = orders.policy.pool_if_metered(story.section, story.access)
    ask = visitor.ask(story.story_id, pool, orders, record.at)
    assert ask is not None  # noqa: S101  A record is always somebody's.
    return ask


def _counted(reads: Reads, ask: Ask) -> tuple[Reads, Meter]:
    found, stands = meter.count(reads, ask)
    return found or reads, stands


def _first_to_go(reads: Reads, ask: Ask) -> list[int]:
    """Return the pool's nameless stories, then its others by age."""
    ages = [
        (story >= 0, at, story)
        for story, at in reads.stories.items()
        if reads.pools.get(story, SHARED) == ask.pool and story != ask.story_id
    ]
    return [story for _, _, story in sorted(ages)]


def _with(reads: Reads, story: int, ask: Ask) -> Reads:
    pools = {**reads.pools, story: ask.pool} if ask.pool != SHARED else reads.pools
    stories = {story: max(ask.at, reads.since), **reads.stories}
    return Reads(reads.since, stories, pools)


def _without(reads: Reads, gone: list[int]) -> Reads:
    if not gone:
        return reads
    kept = {story: at for story, at in reads.stories.items() if story not in gone}
    pools = {story: pool for story, pool in reads.pools.items() if story in kept}
    return Reads(reads.since, kept, pools)
