"""What a fact of one room does in another."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broadsheet.front.web import pressing
from broadsheet.gate.core import visitor
from broadsheet.gate.core.vocabulary import NEWS, TROUBLE
from broadsheet.gate.house import actions as gate
from broadsheet.gate.house import minting, models
from broadsheet.main import hearers, wiring
from broadsheet.news.newsroom import actions
from broadsheet.news.newsroom.events import StoryPublished
from broadsheet.readers.models import Reader

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(at):
    """A story, printed at a moment of the past or now."""

    def printed(days_ago: int) -> int:
        actions.open_section(name="Markets", slug="markets", at=at)
        words = {"headline": "Rain", "blocks": [], "section_slug": "markets"}
        filed = actions.file(**words, at=at)
        when = at - timedelta(days=days_ago)
        actions.publish(story_id=filed.pk, first_published_at=when, at=at)
        return int(filed.pk)

    return printed


def test_a_story_of_today_is_pressed_when_it_is_published(story, at):
    story_id = story(days_ago=0)
    hearers.press_story(StoryPublished(story_id, 1), at)
    assert [row.story_id for row in models.PressedPage.objects.all()] == [story_id]


def test_a_story_of_long_ago_is_pressed_only_when_somebody_asks(story, at):
    story_id = story(days_ago=4)
    hearers.press_story(StoryPublished(story_id, 1), at)
    assert models.PressedPage.objects.count() == 0


def test_an_old_page_of_a_story_of_long_ago_is_shown_to_nobody(story, at):
    story_id = story(days_ago=4)
    pressing.press(story_id, at=at)
    hearers.press_story(StoryPublished(story_id, 1), at)
    assert models.PressedPage.objects.count() == 0


@pytest.fixture
def pays(at):
    """A reader who has bought all stories."""
    wiring.connect()
    reader = Reader.objects.create_user("asha@reader.example")
    words = {"source": "test", "reference": "1", "feature": NEWS}
    ends = at + timedelta(days=30)
    gate.admit(reader.public_id, starts=at, ends=ends, at=at, **words)
    return reader.public_id


def test_a_pass_says_who_owes_a_payment(pays, at):
    def features() -> frozenset[str]:
        return visitor.features_of(minting.pass_for(pays, at).bits, ())

    assert features() == {NEWS}
    minting.ask_who_owes(lambda reader, at: reader == pays)
    assert features() == {NEWS, TROUBLE}
    wiring.connect()
    assert features() == {NEWS}


def test_a_pass_of_who_has_bought_nothing_says_nothing(at):
    reader = Reader.objects.create_user("asha@reader.example")
    minting.ask_who_owes(lambda reader, at: True)
    assert minting.pass_for(reader.public_id, at).bits == 0
    wiring.connect()
