"""Another policy tried at the desk; a chart that is drawn to scale; who gets which cut."""

from __future__ import annotations

import itertools
import re
from datetime import date, timedelta
from uuid import UUID

import pytest

from broadsheet.gate.core.cutting import CRAWLERS, Reader, cuts
from broadsheet.gate.core.vocabulary import (
    Action,
    CrawlerRule,
    Kind,
    Orders,
    Policy,
    Verdict,
)
from broadsheet.gate.house.chart import HEIGHT, chart
from broadsheet.plumbing import publication
from tests.gate.conftest import facts
from tests.gate.test_crawler_desk import words
from tests.gate.test_desk import editor as editor
from tests.gate.test_previewing import file

PAGE = "/desk/gate/preview/"
ASKED = {"limit_anonymous": 5, "extra_registered": 2, "period": "month", "days": 7}


@pytest.fixture
def seen(db):
    """One browser: three stories read, then the wall, twice."""
    now, zone = publication.now(), publication.current().zone
    visits = [
        (UUID(int=1), False, story, "metered", now - timedelta(minutes=9 - story))
        for story in (1, 2, 3, 4, 5)
    ]
    file(visits, Orders(Policy(), zone))


def test_the_page_shows_both_sides_in_words_and_bars(editor, seen):
    reply = editor.get(PAGE, ASKED).content.decode()
    page = words(reply)
    assert "Walls: 2, and would have been 0" in page
    assert "5 views; readers and browsers: 1." in page
    assert (
        "Walls 2 0 Readers and browsers that met one 1 0 Free stories read 3 5" in page
    )
    assert "Who met a wall may have left" in page
    assert reply.count("<rect") == 2 * 8
    assert f'class="desk-bar-was" x="236" y="0" width="10" height="{HEIGHT}"' in reply
    harder = words(editor.get(PAGE, {**ASKED, "limit_anonymous": 1}).content.decode())
    assert "Walls: 2, and would have been 4" in harder


@pytest.mark.django_db
def test_the_form_begins_with_the_policy_that_holds(editor):
    reply = editor.get(PAGE).content.decode()
    assert re.search(r'name="limit_anonymous" value="3"', reply)
    assert "desk-chart" not in reply
    nothing = editor.get(PAGE, ASKED).content.decode()
    assert "Nothing was recorded in that time." in nothing
    refused = editor.get(PAGE, {**ASKED, "limit_anonymous": 101}).content.decode()
    assert "less than or equal to 100" in refused
    policy = editor.get("/desk/settings/gate/policy/", follow=True).content.decode()
    assert f'href="{PAGE}"' in policy


def test_the_page_is_for_those_who_set_the_policy(client, db):
    assert client.get(PAGE).status_code == 302


def test_bars_are_drawn_to_scale():
    day = date(2026, 8, 3)
    drawn = chart([(day, 4, 1), (day + timedelta(1), 0, 2)])
    assert [(bar.kind, bar.height, bar.y) for bar in drawn.bars] == [
        ("was", 160, 0),
        ("would", 40, 120),
        ("was", 0, 160),
        ("would", 80, 80),
    ]
    assert [mark.day for mark in drawn.marks] == [day, day + timedelta(1)]
    assert len({bar.x for bar in drawn.bars}) == 4
    month = chart([(day + timedelta(n), 0, 0) for n in range(31)])
    assert len(month.marks) == 16
    assert {bar.height for bar in month.bars} == {0}
    assert chart([]).bars == ()


def test_every_class_is_cut_for_every_reader_under_every_limit():
    for access, limit, extra in itertools.product(
        ("free", "metered", "premium", "vertical:x"), (0, 1, 3), (0, 2)
    ):
        found = cuts(facts(1, access), Policy(limit, extra))
        by = {(c.reader, c.read, c.crawler): c.decision.verdict for c in found}
        assert len(by) == len(found)
        full = Verdict.FULL
        news = access != "vertical:x"
        assert (by[Reader.SUBSCRIBER, 0, None] is full) is news
        assert ((Reader.VERTICAL, 0, None) in by) is not news
        assert (by[Reader.ANONYMOUS, 0, None] is full) is (
            access == "free" or access == "metered" and limit > 0
        )
        if access == "metered":
            assert by[Reader.ANONYMOUS, limit, None] is Verdict.WALL
            assert by[Reader.REGISTERED, limit + extra, None] is Verdict.WALL
        assert len([c for c in found if c.crawler]) == len(CRAWLERS)


def test_a_crawler_is_cut_by_its_rule():
    rules = (CrawlerRule(Kind.SEARCH, Action.FULL),)
    found = {
        cut.crawler: cut.decision.verdict
        for cut in cuts(facts(1), Policy(crawlers=rules))
    }
    assert [found[crawler] for crawler in CRAWLERS] == [
        *(Verdict.FULL, Verdict.CUT, Verdict.CUT, Verdict.REFUSE, Verdict.CUT),
    ]
