"""Another policy tried on what was: against the meter itself, run with that policy."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from broadsheet.gate.core import meter
from broadsheet.gate.core.decide import decide, needs_meter
from broadsheet.gate.core.previewing import Preview, Wish, preview
from broadsheet.gate.core.record import Record
from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import (
    Meter,
    Orders,
    Pass,
    Policy,
    Pool,
    PoolRule,
    Reading,
    Standing,
)
from broadsheet.gate.house import models, previewing, recording
from broadsheet.main.cli import main
from broadsheet.plumbing import publication
from tests.gate.conftest import facts

ZONE = ZoneInfo("Asia/Kolkata")
BEGAN = datetime(2026, 7, 1, tzinfo=ZONE)


def visits(seed: int) -> list[tuple[UUID, bool, int, str, datetime]]:
    """Two months of views by forty readers, some of premium stories, in their order."""
    chance = random.Random(seed)
    found = []
    for place in range(40):
        who, known = UUID(int=place), place % 3 == 0
        for _ in range(chance.randrange(30)):
            at = BEGAN + timedelta(seconds=chance.randrange(60 * 86400))
            story = chance.randrange(1, 15)
            found.append(
                (who, known, story, "premium" if story > 12 else "metered", at)
            )
    return sorted(found, key=lambda visit: visit[-1])


def lived(seen, orders: Orders, united=()) -> list[Record]:
    """Return what a gate under these orders records. Some unite with another reader."""
    meters: dict[UUID, meter.Reads | None] = {}
    records = []
    for place, (who, known, story, access, at) in enumerate(seen):
        if place in united:
            other = UUID(int=(who.int + 1) % 40)
            both = meter.united(meters.get(who), meters.get(other))
            meters[who] = meters[other] = both
        reading = Reading(facts(story, access, section=f"S{story % 3}"))
        reading = replace(reading, policy=orders.policy)
        if needs_meter(reading):
            visitor = Visitor(who, Pass(who, 0) if known else None)
            pool = orders.policy.pool(reading.story.section, access)
            assert pool is not None
            ask = visitor.ask(story, pool, orders, at)
            assert ask is not None
            meters[who], stands = meter.count(meters.get(who), ask)
            reading = replace(reading, meter=stands)
        made = decide(reading)
        records.append(Record(at, who, known, reading, 1, made.verdict, made.reason))
    return sorted(records, key=lambda record: (record.identity, record.at))


def run(records, orders: Orders, wish: Wish, since=BEGAN) -> Preview:
    return preview(records, {1: orders}, wish, since=since, zone=ZONE)


LIMITS = [Wish(limit_anonymous=n) for n in (0, 1, 2, 4, 9)]
WISHES = [
    *LIMITS,
    Wish(extra_registered=0),
    Wish(extra_registered=8),
    Wish(period="rolling30"),
    Wish(limit_anonymous=1, period="month"),
]


@pytest.mark.parametrize("wish", WISHES, ids=str)
@pytest.mark.parametrize("period", ["month", "rolling30"])
def test_a_preview_is_what_the_meter_itself_would_have_done(wish, period):
    for seed in range(4):
        seen = visits(seed)
        orders = Orders(Policy(period=period), ZONE)
        wished = replace(orders, policy=wish.of(orders.policy))
        found = run(lived(seen, orders), orders, wish)
        truth = run(lived(seen, wished), wished, Wish())

        assert found.after == truth.before
        assert found.before == run(lived(seen, orders), orders, Wish()).before
        assert (found.views, found.identities) == (truth.views, truth.identities)
        assert found.before.walls > 20


@pytest.mark.parametrize("period", ["month", "rolling30"])
def test_nothing_wished_is_nothing_changed_whatever_the_records_do_not_say(period):
    """Unions, and records that begin in the middle of a period."""
    for seed, late in itertools.product(range(4), (0, 20)):
        seen = visits(seed)
        orders = Orders(Policy(period=period), ZONE)
        united = random.Random(seed).sample(range(len(seen)), 40)
        begins = BEGAN + timedelta(days=late)
        records = [r for r in lived(seen, orders, united) if r.at >= begins]

        found = run(records, orders, Wish(), since=begins)

        assert found.after == found.before
        assert found.before.walls > 10


def test_more_free_stories_never_make_more_walls_and_fewer_never_fewer():
    seen = visits(7)
    orders = Orders(Policy(), ZONE)
    united = random.Random(7).sample(range(len(seen)), 40)
    begins = BEGAN + timedelta(days=15)
    records = [r for r in lived(seen, orders, united) if r.at >= begins]
    walls = [
        run(records, orders, Wish(limit_anonymous=n), since=begins).after.walls
        for n in range(8)
    ]
    assert walls == sorted(walls, reverse=True)
    assert walls[3] == run(records, orders, Wish()).before.walls
    assert walls[0] > walls[3] > walls[7]


def test_a_wall_that_falls_lets_the_next_story_meet_it():
    """Three of three read, then 4, 5, 5 at the wall: with four, only 5 and 5 are."""
    orders = Orders(Policy(), ZONE)
    who = UUID(int=1)
    seen = [
        (who, False, story, "metered", BEGAN + timedelta(hours=place))
        for place, story in enumerate((1, 2, 3, 4, 5, 5))
    ]
    found = run(lived(seen, orders), orders, Wish(limit_anonymous=4))
    assert (found.before.walls, found.after.walls) == (3, 2)
    assert (found.before.free, found.after.free) == (3, 4)
    assert (found.before.walled, found.after.walled) == (1, 1)
    assert found.after.by_section == {"S2": 2}
    assert found.before.by_day == {BEGAN.date(): 3}


def test_views_before_the_window_set_the_meter_and_are_not_counted():
    orders = Orders(Policy(), ZONE)
    seen = [
        (UUID(int=1), False, story, "metered", BEGAN + timedelta(days=story))
        for story in (1, 2, 3, 4)
    ]
    since = BEGAN + timedelta(days=4)
    found = run(lived(seen, orders), orders, Wish(limit_anonymous=9), since)
    assert (found.views, found.before.walls, found.after.walls) == (1, 1, 0)
    assert found.after.free == 1


def test_a_meter_that_was_away_is_away_in_the_preview():
    orders = Orders(Policy(), ZONE)
    reading = Reading(facts(1), meter=Meter(Standing.DOWN, limit=3))
    made = decide(reading)
    one = Record(BEGAN, UUID(int=1), False, reading, 1, made.verdict, made.reason)
    found = run([one], orders, Wish(limit_anonymous=0))
    assert (found.views, found.after.walls, found.after.free) == (1, 0, 0)


# --- From the database ----------------------------------------------------------------


def file(seen, orders: Orders) -> None:
    """Record these views, as a gate would."""
    for record in lived(seen, orders):
        visitor = Visitor(
            record.identity, Pass(record.identity, 0) if record.registered else None
        )
        made = decide(record.reading)
        recording.keep(visitor, orders, record.reading, made, record.at)


@pytest.mark.django_db
def test_the_records_in_the_database_give_the_same(at):
    seen, orders = visits(3)[:200], Orders(Policy(), ZONE)
    file(seen, orders)
    since, until = BEGAN + timedelta(days=5), BEGAN + timedelta(days=60)

    found = previewing.tried(Wish(limit_anonymous=1), since=since, until=until)

    truth = run(lived(seen, orders), orders, Wish(limit_anonymous=1), since)
    assert replace(found, zone=ZONE) == truth
    assert previewing.share(since, until) == 1
    half = previewing.tried(Wish(), since=since, until=until, one_in=2)
    assert 0 < half.identities < found.identities
    rest = found.identities - half.identities
    assert rest > 0
    told = previewing.as_json(found, until=until)
    assert sum(day["before"] for day in told["days"]) == told["before"]["walls"]
    assert sum(one["after"] for one in told["sections"]) == told["after"]["walls"]


def broadsheet(*words: str):
    return CliRunner().invoke(main, ["preview-policy", *words])


@pytest.mark.django_db
def test_the_command_prints_both_sides():
    now = publication.now()
    zone = publication.current().zone
    who = UUID(int=1)
    seen = [
        (who, False, story, "metered", now - timedelta(minutes=9 - story))
        for story in (1, 2, 3, 4)
    ]
    file(seen, Orders(Policy(), zone))

    said = broadsheet("--limit-anonymous", "5", "--since", "1h")

    assert said.exit_code == 0, said.output
    lines = said.output.splitlines()
    assert lines[0].startswith("4 views by 1 browsers and readers, from ")
    assert "Walls                            1         0" in lines
    assert "Free stories read                3         4" in lines
    found = json.loads(broadsheet("--limit-anonymous", "1", "--json").output)
    assert found["before"] == {"walls": 1, "walled": 1, "free_reads": 3}
    assert found["after"] == {"walls": 3, "walled": 1, "free_reads": 1}
    assert models.RecordedDecision.objects.count() == 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "Say what is to be otherwise, such as --limit-anonymous 5."),
        (("--limit-anonymous", "-1"), 2, "is not in the range"),
        (("--period", "week"), 2, "is not one of"),
        (("--period", "month", "--since", "-1d"), 2, "--since is how far back"),
        (("--period", "month"), 1, "Nothing was recorded in that time."),
    ],
)
def test_the_command_refuses_in_a_sentence(words, code, said):
    done = broadsheet(*words)
    assert done.exit_code == code
    assert said in done.output


def test_a_pool_of_its_own_is_run_by_its_own_meter():
    """Section S1 has two free stories of its own; wishes change the shared pool alone."""
    rule = PoolRule(Pool("one", 2, 4, "One"), section="S1")
    orders = Orders(Policy(pools=(rule,)), ZONE)
    for seed, wish in itertools.product(range(3), (Wish(), *LIMITS)):
        seen = visits(seed)
        wished = replace(orders, policy=wish.of(orders.policy))
        found = run(lived(seen, orders), orders, wish)
        truth = run(lived(seen, wished), wished, Wish())
        assert found.after == truth.before
        assert found.after.by_section["S1"] == found.before.by_section["S1"] > 5
        late = BEGAN + timedelta(days=20)
        records = [r for r in lived(seen, orders) if r.at >= late]
        idle = run(records, orders, Wish(), since=late)
        assert idle.after == idle.before
