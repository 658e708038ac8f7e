"""The meter against a naive one: a plain list of everything that was ever read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.gate.core import meter
from broadsheet.gate.core.meter import Ask, Reads
from broadsheet.gate.core.vocabulary import Standing

IST = ZoneInfo("Asia/Kolkata")
START = datetime(2026, 7, 25, tzinfo=UTC)
steps = st.tuples(st.integers(0, 6), st.integers(0, 60 * 24 * 9))  # Story, minutes on.


def ask(story, at, period, limit=3, pool="") -> Ask:
    since = meter.period_start(period, IST, at)
    return Ask(UUID(int=1), story, limit, since, at, pool=pool)


POOLS = ("", "", "opinion", "opinion", "games", "", "opinion")  # Of stories 0 to 6.


class Naive:
    """Remembers all, and looks at all each time."""

    def __init__(self) -> None:
        self.all: list[tuple[int, str, datetime]] = []

    def count(self, one: Ask) -> tuple[Standing, int]:
        current = [(story, pool) for story, pool, at in self.all if at >= one.since]
        drawn = len([pool for _, pool in current if pool == one.pool])
        if one.story_id in [story for story, _ in current]:
            return Standing.READ, drawn
        if drawn >= one.limit:
            return Standing.SPENT, drawn
        self.all.append((one.story_id, one.pool, one.at))
        return Standing.OPENED, drawn + 1


@pytest.mark.parametrize("period", ["month", "rolling30"])
@given(st.lists(steps, max_size=40), st.integers(0, 5))
def test_the_meter_says_what_a_naive_one_says(period, sequence, limit):
    naive, reads, at = Naive(), None, START
    for story, minutes in sequence:
        at += timedelta(minutes=minutes)
        moved = minutes % 5 == 0  # A rule that changes in the middle of the period.
        one = ask(story, at, period, limit, "" if moved else POOLS[story])
        peeked = meter.peek(reads, one)
        reads, answer = meter.count(reads, one)

        assert (answer.standing, answer.count) == naive.count(one)
        if answer.standing is Standing.OPENED:
            assert (peeked.standing, peeked.count) == (
                Standing.UNREAD,
                answer.count - 1,
            )
        else:
            assert peeked == answer


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(-90_000, 90_000)), max_size=40)
)
def test_however_the_clock_jumps_the_month_opens_at_most_the_limit(jumps):
    reads, at = None, START
    opened: dict[datetime, set[int]] = {}
    for story, minutes in jumps:
        at += timedelta(minutes=minutes)
        reads, answer = meter.count(reads, ask(story, at, "month"))
        if answer.standing is Standing.OPENED:
            opened.setdefault(reads.since, set()).add(story)

    assert all(len(stories) <= 3 for stories in opened.values())
    assert list(opened) == sorted(opened)


moments = st.integers(0, 50_000).map(lambda minute: START + timedelta(minutes=minute))
some_reads = st.none() | st.builds(
    lambda since, stories: Reads(
        since,
        {story: at for story, (at, _) in stories.items()},
        {story: pool for story, (_, pool) in stories.items() if pool},
    ),
    moments,
    st.dictionaries(
        st.integers(0, 6),
        st.tuples(moments, st.sampled_from(("", "a", "b"))),
        max_size=5,
    ),
)


@given(some_reads, some_reads)
def test_a_union_is_a_union(one, other):
    both = meter.united(one, other)

    assert both == meter.united(other, one)
    assert meter.united(both, one) == meter.united(both, other) == both
    if one and other:
        assert both.stories.keys() == one.stories.keys() | other.stories.keys()
        assert both.since == max(one.since, other.since)
        for story, at in both.stories.items():
            found = [
                (r.stories[story], r.pools.get(story, ""))
                for r in (one, other)
                if story in r.stories
            ]
            assert (at, both.pools.get(story, "")) == max(found)
    else:
        assert both == (one or other)


@pytest.mark.parametrize(
    ("zone", "at", "start", "end"),
    [
        ("Asia/Kolkata", "2026-08-31T18:29:59", "2026-07-31T18:30", "2026-08-31T18:30"),
        ("Asia/Kolkata", "2026-08-31T18:30:00", "2026-08-31T18:30", "2026-09-30T18:30"),
        ("Asia/Kolkata", "2026-12-31T18:30:00", "2026-12-31T18:30", "2027-01-31T18:30"),
        (
            "Europe/Berlin",
            "2026-03-31T21:59:59",
            "2026-02-28T23:00",
            "2026-03-31T22:00",
        ),
        (
            "America/New_York",
            "2026-11-30T12:00",
            "2026-11-01T04:00",
            "2026-12-01T05:00",
        ),
    ],
)
def test_a_month_begins_and_ends_at_the_publications_midnight(zone, at, start, end):
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    months = [
        of("month", ZoneInfo(zone), moment).astimezone(UTC)
        for of in (meter.period_start, meter.period_end)
    ]

    assert months == [
        datetime.fromisoformat(o).replace(tzinfo=UTC) for o in (start, end)
    ]


def test_thirty_days_are_thirty_days(at):
    assert meter.period_start("rolling30", IST, at) == at - timedelta(days=30)
    assert meter.period_end("rolling30", IST, at) == at + timedelta(days=30)
