"""The one decision, for every reading there is."""

from __future__ import annotations

import ast
import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from broadsheet.gate.core.decide import decide, must_register, needs_meter
from broadsheet.gate.core.vocabulary import (
    DEFAULT_RULES,
    Action,
    CrawlerRule,
    Kind,
    Meter,
    Policy,
    Pool,
    PoolRule,
    Proof,
    Purpose,
    Reading,
    Reason,
    Standing,
    Verdict,
    Visitant,
)
from tests.gate.conftest import facts

SRC = Path(__file__).parents[2] / "src" / "broadsheet"
ACCESSES = ("free", "metered", "premium", "vertical:investor", "nonsense", "")
FEATURES = [
    frozenset(some)
    for size in range(5)
    for some in itertools.combinations(
        ("news", "adfree", "vertical:investor", "vertical:games"), size
    )
]
EVERY_READING = [
    Reading(
        facts(7, access, withdrawn=withdrawn),
        purpose,
        features,
        Meter(standing, count, 3),
        Policy(store_down_open=down_open),
        must_register=must_register,
    )
    for access, withdrawn, purpose, features, standing, count, down_open, must_register in (
        itertools.product(
            ACCESSES,
            (False, True),
            Purpose,
            FEATURES,
            Standing,
            (0, 2, 3, 8),
            (False, True),
            (False, True),
        )
    )
]

OPINION, GAMES, WEEKEND, CARDS = (
    Pool(name, place, place + 1, name.title())
    for place, name in enumerate(("opinion", "games", "weekend", "cards"))
)
RULES = {
    ("Opinion", ""): OPINION,
    ("", "vertical:games"): GAMES,
    ("", "metered"): WEEKEND,
    ("Opinion", "vertical:games"): CARDS,
}
SECTIONS = ("Opinion", "Business", "")


def opened_by_right(reading: Reading) -> bool:
    access, features = reading.story.access, reading.features
    if access in ("metered", "premium"):
        return "news" in features
    return access == "free" or (access.startswith("vertical:") and access in features)


def paid_for(reading: Reading) -> bool:
    down = reading.meter.standing is Standing.DOWN and reading.policy.store_down_open
    read = reading.meter.standing in (Standing.OPENED, Standing.READ)
    return reading.story.access == "metered" and (down or read)


def test_the_table_is_large():
    assert len(EVERY_READING) == 6 * 2 * 4 * 16 * 6 * 4 * 2 * 2 == 73_728


def test_a_story_is_full_only_by_right_by_payment_or_for_the_press():
    for reading in EVERY_READING:
        decision = decide(reading)
        presses = reading.purpose in (Purpose.PRESS_FULL, Purpose.PRESS_CUT)
        expected = not reading.story.withdrawn and (
            reading.purpose is Purpose.PRESS_FULL
            if presses
            else opened_by_right(reading) or paid_for(reading)
        )
        assert decision.full == expected, reading


def test_a_withdrawn_story_is_refused_to_all():
    for reading in EVERY_READING:
        refused = decide(reading).verdict is Verdict.REFUSE
        assert refused == reading.story.withdrawn, reading


def test_only_a_metered_story_opened_now_by_one_without_a_right_costs():
    for reading in EVERY_READING:
        decision = decide(reading)
        assert decision.counts == (
            reading.story.access == "metered"
            and not reading.story.withdrawn
            and reading.purpose in (Purpose.READ, Purpose.GLANCE)
            and not opened_by_right(reading)
            and reading.meter.standing is Standing.OPENED
        ), reading
        assert not (decision.counts and not decision.full), reading


def test_she_must_register_only_where_a_free_story_would_have_opened():
    for reading in EVERY_READING:
        decision = decide(reading)
        asked = decision.reason is Reason.REGISTER
        assert asked == (
            reading.must_register
            and reading.meter.standing is Standing.UNREAD
            and needs_meter(reading)
        ), reading
        if asked:
            assert decision.verdict is Verdict.WALL and not decision.metered
        elif reading.must_register:  # It changes nothing else.
            assert decision == decide(replace(reading, must_register=False))


def test_the_wall_says_what_she_has_once_she_has_signed_up():
    reading = Reading(facts(7), policy=Policy(3, 2))
    for standing, limit in ((Standing.UNREAD, 5), (Standing.SPENT, 3)):
        outside = must_register(reading, Meter(standing, 0, 3))
        assert outside.must_register and decide(outside).limit == limit
    premium = must_register(Reading(facts(7, "premium")), Meter(Standing.UNREAD, 0, 3))
    assert decide(premium).reason is Reason.PREMIUM


def test_the_store_is_asked_only_where_the_answer_rests_on_it():
    for reading in EVERY_READING:
        others = {
            decide(Reading(reading.story, reading.purpose, reading.features, meter))
            for meter in (Meter(standing, 1, 3) for standing in Standing)
        }
        verdicts = {(other.verdict, other.reason) for other in others}
        assert needs_meter(reading) == (len(verdicts) > 1), reading


def test_the_entitled_see_no_advertisements():
    for reading in EVERY_READING:
        assert decide(reading).ads == reading.features.isdisjoint(("news", "adfree"))


def test_the_numbers_never_exceed_the_limit():
    for reading in EVERY_READING:
        decision = decide(reading)
        assert decision.count == min(reading.meter.count, 3)
        assert decision.remaining == 3 - decision.count
        assert (decision.story_id, decision.limit) == (7, 3)


@pytest.mark.parametrize(
    ("standing", "down_open", "verdict", "reason"),
    [
        (Standing.OPENED, True, Verdict.FULL, Reason.COUNTED),
        (Standing.READ, True, Verdict.FULL, Reason.REREAD),
        (Standing.UNREAD, True, Verdict.CUT, Reason.UNREAD),
        (Standing.SPENT, True, Verdict.WALL, Reason.SPENT),
        (Standing.NOBODY, True, Verdict.WALL, Reason.COOKIES),
        (Standing.DOWN, True, Verdict.FULL, Reason.DOWN_OPEN),
        (Standing.DOWN, False, Verdict.WALL, Reason.DOWN_CLOSED),
    ],
)
def test_each_standing_of_a_metered_story_has_its_answer(
    standing, down_open, verdict, reason
):
    policy = Policy(store_down_open=down_open)
    reading = Reading(facts(7), meter=Meter(standing, 1, 3), policy=policy)

    decision = decide(reading)

    assert (decision.verdict, decision.reason) == (verdict, reason)
    assert decision.metered == (reason in (Reason.COUNTED, Reason.REREAD))


# --- Pools ------------------------------------------------------------------------


def drawn_from(section: str, access: str, made: set[tuple[str, str]]) -> Pool | None:
    """Return the pool by the sentence in the manual, spelled out."""
    if access in ("free", "premium"):
        return None
    named = {(section, access), ("", access)} & made
    if access != "metered" and not named:
        return None
    for place in ((section, access), (section, ""), ("", access)):
        if place in made:
            return RULES[place]
    return Policy(2, 1).shared


def policies_with_pools():
    for size in range(len(RULES) + 1):
        for made in itertools.combinations(RULES, size):
            for order in itertools.permutations(made):
                rules = tuple(PoolRule(RULES[place], *place) for place in order)
                yield set(made), Policy(2, 1, pools=rules)


def test_the_closest_rule_says_which_pool_in_whatever_order_they_stand():
    seen = set()
    for made, policy in policies_with_pools():
        for section, access in itertools.product(
            SECTIONS, (*ACCESSES, "vertical:games")
        ):
            if section or access:  # A story has a section; a rule names something.
                found = policy.pool(section, access)
                seen.add(found and found.name)
                assert found == drawn_from(section, access, made), (section, access)
    assert seen == {None, "", "opinion", "games", "weekend", "cards"}


def test_the_decision_says_its_pool_wherever_the_meter_is_asked():
    features = (frozenset(), frozenset(("news",)), frozenset(("vertical:games",)))
    for made, policy in policies_with_pools():
        for section, access, standing, held, purpose in itertools.product(
            SECTIONS[:2], ("metered", "premium", "vertical:games"), Standing, features,
            (Purpose.READ, Purpose.PRESS_CUT),
        ):  # fmt: skip
            story = facts(7, access, section=section)
            reading = Reading(story, purpose, held, Meter(standing, 1, 3), policy)
            decision, pool = decide(reading), drawn_from(section, access, made)
            metered = needs_meter(reading)
            assert metered == (
                pool is not None
                and purpose is Purpose.READ
                and not opened_by_right(reading)
            )
            said = (pool.name, pool.label) if metered else ("", "")
            assert (decision.pool, decision.label) == said
            assert decision.counts == (metered and standing is Standing.OPENED)
            if access == "premium":
                assert decision.full == ("news" in held and purpose is Purpose.READ)


@pytest.mark.parametrize("down_open", [True, False])
@pytest.mark.parametrize("access", ["premium", "vertical:investor", "nonsense"])
def test_a_store_that_is_down_opens_nothing_but_metered_stories(access, down_open):
    policy = Policy(store_down_open=down_open)
    reading = Reading(facts(7, access), meter=Meter(Standing.DOWN), policy=policy)

    assert decide(reading).verdict is Verdict.CUT
    assert decide(reading).reason is Reason.PREMIUM


# --- Crawlers ----------------------------------------------------------------------

BY_CRAWLERS = [
    (
        Reading(
            facts(7, access, withdrawn=withdrawn),
            purpose,
            features,
            Meter(standing, 1, 3),
            Policy(crawlers=(CrawlerRule(kind, action),) if action else ()),
            Visitant("somebot", kind, proof),
        ),
        action or DEFAULT_RULES[kind].action,
    )
    for access, withdrawn, purpose, features, standing, kind, proof, action in (
        itertools.product(
            ACCESSES,
            (False, True),
            Purpose,
            FEATURES[:8:2],
            (Standing.NOBODY, Standing.READ),
            Kind,
            Proof,
            (None, *Action),
        )
    )
]


def by_rule(reading: Reading, action: Action) -> tuple[Verdict, Reason]:
    """Return the first of these that applies."""
    unproved = action is Action.FULL and reading.crawler.proof is Proof.NONE
    cases = (
        (reading.story.withdrawn, Verdict.REFUSE, Reason.WITHDRAWN),
        (reading.purpose is Purpose.PRESS_FULL, Verdict.FULL, Reason.PRESSED),
        (reading.purpose is Purpose.PRESS_CUT, Verdict.CUT, Reason.PRESSED),
        (action is Action.LICENCE, Verdict.LICENCE, Reason.CRAWLER),
        (action is Action.REFUSE, Verdict.REFUSE, Reason.CRAWLER),
        (reading.story.access == "free", Verdict.FULL, Reason.FREE),
        (opened_by_right(reading), Verdict.FULL, Reason.ENTITLED),
        (unproved, Verdict.CUT, Reason.UNPROVED),
        (True, Verdict(action.value), Reason.CRAWLER),
    )
    return next((verdict, reason) for holds, verdict, reason in cases if holds)


def test_a_crawler_gets_what_its_rule_says_and_is_never_counted():
    assert len(BY_CRAWLERS) == 6 * 2 * 4 * 4 * 2 * 7 * 4 * 5 == 53_760
    for reading, action in BY_CRAWLERS:
        decision = decide(reading)
        assert (decision.verdict, decision.reason) == by_rule(reading, action), reading
        assert not decision.counts and not decision.metered
        assert not needs_meter(reading)


def test_a_rule_for_one_crawler_goes_before_its_kinds_and_touches_no_other():
    for order in itertools.permutations(
        (
            CrawlerRule(Kind.TRAINING, Action.LICENCE),
            CrawlerRule(Kind.TRAINING, Action.FULL, "GPTBot"),
            CrawlerRule(Kind.SEARCH, Action.FULL),
        )
    ):
        policy = Policy(crawlers=order)
        assert [
            policy.rule(Visitant(name, Kind.TRAINING)).action
            for name in ("GPTBot", "CCBot", "")
        ] == [Action.FULL, Action.LICENCE, Action.LICENCE]
        assert policy.rule(Visitant("x", Kind.AGENT)) == DEFAULT_RULES[Kind.AGENT]


def test_until_the_desk_says_otherwise_machines_see_the_cut_and_nobody_trains():
    assert {kind: rule.action for kind, rule in DEFAULT_RULES.items()} == {
        kind: Action.REFUSE if kind is Kind.TRAINING else Action.CUT for kind in Kind
    }


def makers_of_decisions():
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            name = getattr(called, "id", getattr(called, "attr", ""))
            if name == "Decision":
                yield path.relative_to(SRC).as_posix()


def test_nobody_else_makes_a_decision():
    assert list(makers_of_decisions()) == ["gate/core/decide.py"]
