"""The lattice of standings, to exhaustion: forward only, in any order, twice is once."""

from __future__ import annotations

import itertools
from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.business.payments import rules
from broadsheet.business.payments.rules import Standing, Status

LADDER = [
    Status.CREATED,
    Status.SUBMITTED,
    Status.UNKNOWN,
    Status.REQUIRES_ACTION,
    Status.PENDING,
    Status.DECLINED,
    Status.SUCCEEDED,
]


def standing(status):
    return Standing(status, captured=100 if status is Status.SUCCEEDED else 0)


@pytest.mark.parametrize(
    ("before", "said"),
    list(itertools.product(Status, Status)),
    ids=lambda one: one.value,
)
def test_every_transition(before, said):
    """Forty-nine pairs: a fact moves an attempt up the ladder, or it does nothing."""
    expected = max(before, said, key=LADDER.index)
    assert rules.settle(standing(before), standing(said)).status is expected


def test_the_ladder_is_the_whole_vocabulary():
    assert list(Status) == LADDER
    assert rules.OPEN == set(LADDER[:5])
    assert rules.FINAL == set(LADDER[5:])
    assert rules.OURS == set(LADDER[:3])
    assert rules.TOLD == set(LADDER[3:])


def test_only_success_is_never_left():
    left_by = {
        before: {
            said
            for said in Status
            if rules.settle(standing(before), standing(said)).status is not before
        }
        for before in Status
    }
    assert left_by[Status.SUCCEEDED] == set()
    assert left_by[Status.DECLINED] == {Status.SUCCEEDED}
    assert left_by[Status.UNKNOWN] == set(LADDER[3:])


@st.composite
def standings(draw):
    status = draw(st.sampled_from(Status))
    if status is Status.SUCCEEDED:
        captured = draw(st.integers(1, 4))
        return Standing(
            status, captured=captured, refunded=draw(st.integers(0, captured))
        )
    if status is Status.DECLINED:
        return Standing(
            status,
            hard=draw(st.booleans()),
            reason=draw(st.sampled_from(["", "funds", "lost"])),
        )
    return Standing(status)


@given(standings(), standings(), standings())
def test_settling_does_not_depend_on_order_or_number(one, two, three):
    settle = rules.settle
    assert settle(one, two) == settle(two, one)
    assert settle(settle(one, two), three) == settle(one, settle(two, three))
    assert settle(one, one) == one


@given(st.lists(standings(), min_size=1, max_size=6), st.randoms())
def test_a_shuffled_and_repeated_set_of_facts_ends_the_same(facts, random):
    again = facts + random.choices(facts, k=3)
    random.shuffle(again)
    assert reduce(rules.settle, again) == reduce(rules.settle, facts)


@given(standings(), standings())
def test_nothing_ever_goes_back(before, said):
    after = rules.settle(before, said)
    assert LADDER.index(after.status) >= LADDER.index(before.status)
    assert after.captured >= before.captured
    assert after.refunded >= before.refunded


@pytest.mark.parametrize(
    "nonsense",
    [
        {"status": Status.SUCCEEDED},
        {"status": Status.PENDING, "captured": 1},
        {"status": Status.SUCCEEDED, "captured": 1, "refunded": 2},
        {"status": Status.SUCCEEDED, "captured": 1, "refunded": -1},
        {"status": Status.SUCCEEDED, "captured": 1, "hard": True},
        {"status": Status.PENDING, "reason": "late"},
    ],
)
def test_a_standing_that_cannot_be_is_refused(nonsense):
    with pytest.raises(ValueError):
        Standing(**nonsense)


@pytest.mark.parametrize("first", Status)
@pytest.mark.parametrize("second", Status)
def test_a_payment_is_paid_if_any_attempt_is_and_else_as_its_last(first, second):
    expected = Status.SUCCEEDED if first is Status.SUCCEEDED else second
    assert rules.overall([first, second]) is expected


def test_a_payment_without_attempts_is_none():
    with pytest.raises(ValueError):
        rules.overall([])


def test_the_checks_are_after_five_minutes_an_hour_and_five_times_a_day():
    made = [rules.CHECKS[0]]
    for done in range(1, 9):
        wait = rules.wait_after(done)
        if wait is not None:
            made.append(made[-1] + wait)
    assert made == list(rules.CHECKS)
    assert [one.total_seconds() / 3600 for one in made[1:]] == [1, 24, 48, 72, 96, 120]
    assert rules.wait_after(7) is rules.wait_after(8) is None


@pytest.mark.parametrize(
    ("age", "may"),
    [
        (timedelta(0), True),
        (timedelta(hours=22, minutes=59), True),
        (timedelta(hours=23), False),
        (timedelta(days=9), False),
        (timedelta(seconds=-1), False),
    ],
)
def test_a_key_is_sent_again_only_while_the_provider_must_remember_it(age, may):
    assert rules.may_resend(age) is may


def test_a_fingerprint_tells_fields_and_values_apart():
    prints = [
        rules.fingerprint(a="1", b="2"),
        rules.fingerprint(a="12", b=""),
        rules.fingerprint(a=1, b="2"),
        rules.fingerprint(a="1", c="2"),
    ]
    assert len(set(prints)) == 4
    assert rules.fingerprint(b="2", a="1") == prints[0]
