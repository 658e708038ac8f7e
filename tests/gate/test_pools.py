"""Pools from end to end: made at the desk, counted, and said to the reader."""

from __future__ import annotations

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from broadsheet.gate.core import wall
from broadsheet.gate.core.pages import Furniture, pool_values
from broadsheet.gate.core.vocabulary import Policy, Pool, PoolRule
from broadsheet.gate.house import models, queries
from broadsheet.gate.store.postgres import PostgresStore
from tests.gate.conftest import (
    AT,
    FURNITURE,
    Newspaper,
    device_cookie,
    empty_gate,
    facts,
    pressed,
    reader_pass,
)
from tests.gate.test_desk import editor as editor

OPINION = Pool("opinion", 2, 3, "Opinion & Ideas")
WORDS = {
    "meter": "<p>{{count}} of {{limit}} free {{pool}} stories</p>",
    "wall:metered": "<p>all {{limit}} free {{ pool }} stories read</p>",
}


@pytest.fixture
async def paper(paper):
    """1 to 9 draw on the shared pool; 11 to 15 of Opinion, and 40, on another."""
    for story_id in range(11, 16):
        paper.store.file_story(facts(story_id, section="opinion"))
        paper.store.press(pressed(story_id))
    rules = (
        PoolRule(OPINION, section="opinion"),
        PoolRule(OPINION, access="vertical:investor"),
    )
    await policy(paper, Policy(3, 2, pools=rules))
    paper.store.file_furniture(FURNITURE | WORDS)
    return paper


async def policy(paper: Newspaper, chosen: Policy) -> None:
    orders = await paper.store.orders()
    paper.store.file_orders(type(orders)(chosen))
    paper.gate._memory.orders = await paper.store.orders()


def line(reply) -> str:
    return reply.body.partition("<p>")[2].partition("</p>")[0]


async def test_a_reader_is_told_the_numbers_of_the_pool_that_she_draws_on(paper):
    browser = paper.browser(**device_cookie())

    assert [line(await browser.read(story)) for story in (11, 1, 12, 2, 11)] == [
        "1 of 2 free Opinion &amp; Ideas stories",
        "1 of 3 free stories",
        "2 of 2 free Opinion &amp; Ideas stories",
        "2 of 3 free stories",
        "2 of 2 free Opinion &amp; Ideas stories",
    ]
    walled = await browser.read(13)
    assert not walled.shows_all
    assert "<p>all 2 free Opinion &amp; Ideas stories read</p>" in walled.body
    assert (await browser.read(3)).shows_all
    assert "<p>all 3 free stories read</p>" in (await browser.read(4)).body


async def test_a_vertical_is_opened_by_a_pool_that_names_it_and_premium_by_none(paper):
    browser = paper.browser(**device_cookie(), **reader_pass())

    shown = [(await browser.read(story)).shows_all for story in (40, 11, 12, 13, 30)]

    assert shown == [True, True, True, False, False]


async def test_a_section_that_moves_to_another_pool_costs_nobody_what_she_has_read(
    paper,
):
    browser = paper.browser(**device_cookie())
    assert [(await browser.read(story)).shows_all for story in (1, 2, 3, 4)] == [
        True,
        True,
        True,
        False,
    ]

    moved = PoolRule(Pool("news", 1, 1, "News"), section="Business")
    await policy(paper, Policy(3, 2, pools=(moved,)))

    again = [await browser.read(story) for story in (1, 2, 3, 4, 5)]
    assert [reply.shows_all for reply in again] == [True, True, True, True, False]
    # And her shared pool is as it was.
    assert not (await browser.read(11)).shows_all

    await policy(paper, Policy(3, 2))
    back = [(await browser.read(story)).shows_all for story in (1, 4, 5)]
    assert back == [True, True, False]


@pytest.mark.parametrize(
    ("text", "named", "shared"),
    [
        ("free {{pool}} stories", "free Opinion stories", "free stories"),
        ("read in {{ pool }}.", "read in Opinion.", "read in."),
        ("“{{pool}}” {{pool}}", "“Opinion” Opinion", "“”"),
    ],
)
def test_the_shared_pool_has_no_name_and_leaves_no_gap(text, named, shared):
    wall.check(text)
    piece = Furniture.of({"meter": wall.render_for_furniture(text, {})})
    for label, said in (("Opinion", named), ("", shared)):
        assert wall.render(text, {"pool": label}) == said
        assert piece.fill("meter", pool_values(label)).decode() == said


# --- The desk -----------------------------------------------------------------------


def pool(name: str = "opinion", label: str = "Opinion", **limits) -> models.Pool:
    return models.Pool.objects.create(name=name, label=label, **limits)


def file_sections(*sections: str) -> None:
    for number, section in enumerate(sections, 1):
        models.StoryFact.objects.create(
            story_id=number,
            path=f"/{section}/a-{number}/",
            access="metered",
            section=section,
            published_at=AT,
            revision=1,
        )


@pytest.mark.django_db
def test_an_editor_makes_a_pool_and_says_what_draws_on_it(editor):
    file_sections("opinion", "business", "opinion", "ideas")
    said = {"name": "opinion", "label": "Opinion"}
    limits = {"limit_anonymous": "2", "extra_registered": "1"}
    assert editor.post("/desk/meter-pools/add/", said | limits).status_code == 302

    for section in ("opinion", "ideas"):
        rule = {"pool": "opinion", "section": section, "access": ""}
        assert editor.post("/desk/meter-pool-rules/add/", rule).status_code == 302

    expected = Pool("opinion", 2, 3, "Opinion")
    assert queries.policy().pools == (
        PoolRule(expected, "ideas"),
        PoolRule(expected, "opinion"),
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (
            {"section": "opinion"},
            "“opinion” draws on the pool “Opinion” already.",
        ),
        (
            {"section": "opinon"},
            "No story is in a section “opinon”; there are: business, opinion.",
        ),
        ({}, "Name a section, a class, or both."),
        ({"access": "premium"}, "No meter counts free stories or opens premium ones."),
        ({"access": "free"}, "No meter counts free stories or opens premium ones."),
        ({"access": "gold"}, "Write “metered”, or “vertical:” and the vertical’s key."),
    ],
)
def test_a_rule_that_cannot_hold_is_refused_in_a_sentence(editor, rule, sentence):
    file_sections("opinion", "business")
    models.PoolRule.objects.create(pool=pool(), section="opinion")
    pool("games", "Games")

    said = {"pool": "games", "section": "", "access": "", **rule}
    reply = editor.post("/desk/meter-pool-rules/add/", said)

    assert reply.status_code == 200
    assert reply.content.decode().count(sentence) == 1
    assert models.PoolRule.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["null", "Opinion", "a b", "a,b", "é", "-a"])
def test_a_pools_name_is_plain_even_past_the_form(name):
    with pytest.raises(ValidationError, match="Small letters, digits and hyphens"):
        models.Pool(name=name, label="X").full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        pool(name)


@pytest.mark.django_db
@pytest.mark.parametrize("rule", [{}, {"access": "premium"}, {"access": "free"}])
def test_no_rule_opens_premium_even_past_the_form(rule):
    opinion = pool()
    with pytest.raises(IntegrityError), transaction.atomic():
        models.PoolRule.objects.create(pool=opinion, **rule)


async def test_the_gate_reads_the_rules_that_the_desk_wrote(conninfo):
    store = PostgresStore(conninfo)
    await store.open()
    try:
        before = (await store.orders()).policy
        with psycopg.connect(conninfo) as direct:
            direct.execute(
                "INSERT INTO gate_pool VALUES ('games', 'Games', 0, 4),"
                " ('opinion', 'Opinion', 2, 1), ('idle', 'Idle', 1, 1)"
            )
            direct.execute(
                "INSERT INTO gate_poolrule (pool_id, section, access) VALUES"
                " ('games', '', 'vertical:games'), ('opinion', 'opinion', ''),"
                " ('opinion', 'ideas', 'metered')"
            )
        after = (await store.orders()).policy
    finally:
        await store.close()
        empty_gate(conninfo)
    opinion = Pool("opinion", 2, 3, "Opinion")
    assert before == Policy()
    assert after.pools == (
        PoolRule(Pool("games", 0, 4, "Games"), access="vertical:games"),
        PoolRule(opinion, "ideas", "metered"),
        PoolRule(opinion, "opinion"),
    )


@pytest.mark.django_db
def test_the_api_says_the_pool_and_counts_in_the_same_row(editor):
    file_sections("opinion", "opinion", "opinion", "business")
    models.PoolRule.objects.create(
        pool=pool(limit_anonymous=2, extra_registered=0), section="opinion"
    )
    cookies = _fresh_cookie()

    def view(story: int):
        decision = queries.decide(story, cookies=cookies, at=AT, count=True)
        return decision.full, decision.count, decision.limit, decision.pool

    assert [view(story) for story in (1, 2, 3, 4, 1)] == [
        (True, 1, 2, "opinion"),
        (True, 2, 2, "opinion"),
        (False, 2, 2, "opinion"),
        (True, 1, 3, ""),
        (True, 2, 2, "opinion"),
    ]
    walled = queries.decide(3, cookies=cookies, at=AT, count=True)
    assert walled.label == "Opinion"
    row = models.MeterRow.objects.get()
    assert (row.stories, row.pools) == ([1, 2, 4], ["opinion", "opinion", ""])


def _fresh_cookie() -> dict[str, str]:
    from uuid import uuid4

    from broadsheet.gate.core import passes
    from broadsheet.gate.house.minting import keyring

    value = passes.device_cookie(keyring(), uuid4(), AT)
    return {passes.DEVICE_COOKIE: value}
