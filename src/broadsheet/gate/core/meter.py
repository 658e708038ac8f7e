"""
The meter's arithmetic: what a period is, and what counts in it.

`store.postgres` does the same in SQL and `store.valkey` in Lua; one suite of behaviour
holds them all to this file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from .vocabulary import SHARED, Meter, Standing

MONTH = "month"
ROLLING = timedelta(days=30)
QUARTER = 15 * 60  # Seconds.
LONGEST = timedelta(days=31)  # No period is longer.
KEPT_AFTER = timedelta(days=1)  # After its period, in case the clock is put back.


@dataclass(frozen=True, slots=True)
class Ask:
    """May `identity` open `story_id`, now, with `limit` stories in the period?"""

    identity: UUID
    story_id: int
    limit: int
    since: datetime  # The period's beginning; earlier reads no longer count.
    at: datetime
    until: datetime | None = None  # When what is opened now has stopped counting.
    pool: str = SHARED  # Which of the identity's reads the limit is for.


@dataclass(frozen=True, slots=True)
class Reads:
    """An identity's distinct stories, each with the moment it was first read."""

    since: datetime
    stories: Mapping[int, datetime] = field(default_factory=dict)
    pools: Mapping[int, str] = field(default_factory=dict)  # But for the shared one.

    def drawn(self, pool: str) -> int:
        """Return how many of the stories were paid for out of this pool."""
        return sum(self.pools.get(story, SHARED) == pool for story in self.stories)


def period_start(period: str, zone: ZoneInfo, at: datetime) -> datetime:
    """Return when the period that `at` lies in began."""
    if period == MONTH:
        return _month(zone, int(at.timestamp()) // QUARTER)[0]
    return at - ROLLING


def period_end(period: str, zone: ZoneInfo, at: datetime) -> datetime:
    """Return when everything that was read at `at` has stopped counting."""
    if period == MONTH:
        return _month(zone, int(at.timestamp()) // QUARTER)[1]
    return at + ROLLING


@lru_cache(maxsize=64)
def _month(zone: ZoneInfo, quarter: int) -> tuple[datetime, datetime]:
    """
    Return the beginning and the end of the month in `zone` that the quarter of an hour
    lies in, one for all the views in it. Every zone's midnight begins a quarter.
    """
    local = datetime.fromtimestamp(quarter * QUARTER, zone)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return first.astimezone(UTC), following.astimezone(UTC)


def kept_for(ask: Ask) -> timedelta:
    """Return how long a store must keep what `ask` opens, from now on."""
    until = ask.at + LONGEST if ask.until is None else ask.until
    return until - ask.at + KEPT_AFTER


def count(reads: Reads | None, ask: Ask) -> tuple[Reads | None, Meter]:
    """
    Open the story if it may be opened. Return the reads after it, and where it stands.
    """
    if ask.limit < 1:  # Nothing can be opened, so nothing is written.
        return reads, peek(reads, ask)
    kept = current(reads, ask)
    found = peek(kept, ask)
    if found.standing is not Standing.UNREAD:
        return kept, found
    # A clock that was stepped back must not date a read before its own period.
    stories = {**kept.stories, ask.story_id: max(ask.at, kept.since)}
    pools = dict(kept.pools)
    if ask.pool != SHARED:
        pools[ask.story_id] = ask.pool
    opened = Reads(kept.since, stories, pools)
    return opened, Meter(Standing.OPENED, found.count + 1, ask.limit)


def peek(reads: Reads | None, ask: Ask) -> Meter:
    """Return where the story stands, opening nothing."""
    kept = current(reads, ask)
    return standing(ask, kept.stories.keys(), kept.drawn(ask.pool))


def standing(ask: Ask, read: Collection[int], drawn: int) -> Meter:
    """
    Return where the story stands with the stories `read` in the period, `drawn` of them
    out of the pool in question. A story that was paid for out of another pool, because
    a rule has changed since, is paid for.
    """
    if ask.story_id in read:
        return Meter(Standing.READ, drawn, ask.limit)
    if drawn >= ask.limit:
        return Meter(Standing.SPENT, drawn, ask.limit)
    return Meter(Standing.UNREAD, drawn, ask.limit)


def current(reads: Reads | None, ask: Ask) -> Reads:
    """Return the reads that count. A period once begun is never left backwards."""
    if reads is None:
        return Reads(ask.since)
    since = max(reads.since, ask.since)
    stories = {s: at for s, at in reads.stories.items() if at >= since}
    return Reads(since, stories, {s: p for s, p in reads.pools.items() if s in stories})


def united(one: Reads | None, other: Reads | None) -> Reads | None:
    """
    Return the union, never the sum: a story that both have read counts once. It is held
    by the later of the two reads, with the pool that paid for it: the earlier one may be
    of a period that is over, or be so first, and then the story would cost once more.
    """
    if one is None or other is None:
        return one or other
    last: dict[int, tuple[datetime, str]] = {}
    for reads in (one, other):
        for story, at in reads.stories.items():
            read = (at, reads.pools.get(story, SHARED))
            last[story] = max(read, last.get(story, read))
    return Reads(
        max(one.since, other.since),
        {story: at for story, (at, _) in last.items()},
        {story: pool for story, (_, pool) in last.items() if pool != SHARED},
    )
