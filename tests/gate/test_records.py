"""What is recorded of decisions: all of their inputs, and no more than is wanted."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from broadsheet.gate.core import record
from broadsheet.gate.core.decide import decide
from broadsheet.gate.core.packing import pack, unpack
from broadsheet.gate.core.record import Edition, Record, replay
from broadsheet.gate.core.vocabulary import (
    Action,
    CrawlerRule,
    Kind,
    Meter,
    Orders,
    Policy,
    Proof,
    Purpose,
    Reading,
    Reason,
    Recording,
    Standing,
    Visitant,
)
from broadsheet.gate.store import records
from tests.gate.conftest import AT, DEVICE, facts

RULES = (
    CrawlerRule(Kind.TRAINING, Action.LICENCE, price=Decimal("0.01"), currency="USD"),
    CrawlerRule(Kind.SEARCH, Action.FULL, "Googlebot"),
)
POLICIES = tuple(
    Policy(limit_anonymous=limit, period=period, store_down_open=down, crawlers=rules)
    for limit, period, down, rules in itertools.product(
        (0, 3), ("month", "rolling30"), (True, False), ((), RULES)
    )
)


def readings():
    """Every reading that the vocabulary has words for, but for what numbers may be."""
    crawlers = (None, Visitant("Googlebot", Kind.SEARCH, Proof.DNS))
    features = (frozenset(), frozenset({"news"}), frozenset({"vertical:x", "adfree"}))
    yield from (
        Reading(story, purpose, rights, meter, policy, crawler)
        for story, purpose, rights, meter, policy, crawler in itertools.product(
            [
                facts(7, access, withdrawn=gone)
                for access in ("free", "metered", "premium", "vertical:x")
                for gone in (False, True)
            ],
            Purpose,
            features,
            [Meter(standing, 2, 3) for standing in Standing],
            POLICIES[::5],
            crawlers,
        )
    )


def through_the_database(reading: Reading) -> Reading:
    """Return the reading as its columns, written as JSON, give it back."""
    decision = decide(reading)
    [kind] = json.loads(json.dumps([record.kind_of(True, reading, decision)]))
    names = "registered story_id access section published_at revision standing count"
    row = dict(
        zip(
            (*names.split(), "allowance", "verdict", "reason", "more"),
            kind,
            strict=True,
        )
    )
    return record.reading_of(row, reading.policy)


def test_every_reading_comes_back_and_is_decided_alike():
    seen = 0
    for reading in readings():
        found = through_the_database(reading)
        path = replace(found.story, path=reading.story.path)
        assert replace(found, story=path) == reading
        assert decide(found) == decide(reading)
        seen += 1
    assert seen == 8 * 4 * 3 * 6 * 4 * 2


@pytest.mark.parametrize("policy", POLICIES)
def test_an_edition_is_the_orders_that_it_was(policy):
    orders = Orders(policy, ZoneInfo("Asia/Kolkata"), timedelta(days=4), (("v", 8),))
    text = record.edition_text(orders)

    found = record.orders_in(json.loads(text))

    assert found == Orders(policy, ZoneInfo("Asia/Kolkata"))
    assert record.edition_text(found) == text


def test_an_edition_says_nothing_of_the_clock_or_of_what_is_recorded():
    plain = record.edition_text(Orders())
    moved = Orders(clock_offset=timedelta(1), recording=Recording(0, True))
    assert record.edition_text(moved) == plain
    assert record.edition_text(Orders(zone=ZoneInfo("Asia/Tokyo"))) != plain
    limit = Orders(Policy(limit_anonymous=4))
    assert record.digest(record.edition_text(limit)) != record.digest(plain)


@dataclass(frozen=True)
class Stamp:
    when: datetime | None = None
    worth: dict[int, Decimal] = field(default_factory=dict)
    pair: tuple[str, int] = ("", 0)
    who: UUID | None = None
    age: timedelta = timedelta(0)


def test_whatever_a_neighbour_adds_is_packed_by_its_annotations():
    stamp = Stamp(AT, {3: Decimal("0.10")}, ("a", 1), DEVICE, timedelta(hours=2))
    plain = json.loads(json.dumps(pack(stamp)))
    assert unpack(Stamp, plain) == stamp
    assert unpack(Stamp, {"pair": ["a", 1], "what is no more": 1}) == Stamp(
        pair=("a", 1)
    )


def test_only_what_a_reader_may_ask_about_is_wanted():
    assert record.unrecorded(OFF) == frozenset(Reason)
    assert record.unrecorded(ON) - record.unrecorded(ALL) == {Reason.ENTITLED}
    always = {reason.value for reason in set(Reason) - record.unrecorded(ON)}
    assert always >= set("counted reread spent premium down-open down-closed".split())
    never = "free unread cookies pressed withdrawn crawler unproved".split()
    assert record.unrecorded(ALL) == {Reason(value) for value in never}


OFF, ON, ALL = Recording(0, True), Recording(), Recording(entitled=True)


def test_a_glance_is_not_wanted():
    reading = Reading(facts(1), meter=Meter(Standing.SPENT, 3, 3))
    assert record.wanted(ON, reading, decide(reading))
    glance = replace(reading, purpose=Purpose.GLANCE)
    assert not record.wanted(ON, glance, decide(glance))


def test_views_that_were_decided_alike_are_spelled_out_once():
    reading = Reading(facts(1), meter=Meter(Standing.OPENED, 1, 3))
    decision = decide(reading)
    views = [
        records.View(AT, UUID(int=n), False, reading, decision) for n in range(3)
    ] + [records.View(AT, DEVICE, True, reading, decision)]

    found = records.values(views, 5)

    assert found["policy"] == 5
    assert [line[2] for line in json.loads(found["views"])] == [0, 0, 0, 1]
    assert [kind[0] for kind in json.loads(found["kinds"])] == [False, True]


def test_a_replay_is_the_decision_itself():
    reading = Reading(facts(1), meter=Meter(Standing.SPENT, 3, 3))
    decided = decide(reading)
    kept = Record(AT, DEVICE, False, reading, 1, decided.verdict, decided.reason)
    assert replay(kept) == decided
    assert Edition(1, Orders(), datetime(2026, 1, 1, tzinfo=UTC)).by is None


def test_a_record_has_a_column_for_each_field_of_the_meter():
    """One that is added needs a column, or a place in `more`; else it would be lost."""
    assert [each.name for each in fields(Meter)] == ["standing", "count", "limit"]
