"""Which readers' pages are said to have changed, by the verbs and by the desk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from broadsheet.news.newsroom import actions, events
from broadsheet.news.newsroom.actions import Arrival
from broadsheet.news.newsroom.models import Author, Section
from broadsheet.plumbing import outbox
from broadsheet.readers.models import Reader


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    ear = outbox.Heard(at_once=(lambda event, at: found.append(event.paths),))
    monkeypatch.setitem(outbox._routes, events.ListingsChanged, ear)
    return found


@pytest.fixture
def desk(paper: None, client: Any) -> Any:
    actions.open_newsroom()
    editor = Reader.objects.create_user("editor@example.com", "x")
    editor.groups.add(Group.objects.get(name="Editor"))
    client.force_login(editor)
    return client


def address(name: str, view: str, *args: int) -> str:
    return reverse(f"wagtailsnippets_newsroom_{name}:{view}", args=args)


SECTION = {"name": "Markets", "slug": "markets", "rank": 1, "access": "metered"}
AUTHOR = {"name": "Asha Rao", "slug": "asha-rao", "role": "", "bio": "", "picture": ""}


def test_a_story_names_the_pages_that_list_it(published, told):
    published(tags=["RBI"])
    assert told == [("/", "/authors/asha-rao/", "/markets/", "/topics/rbi/")]


def test_a_story_that_waits_for_its_hour_changes_no_page(filed, told, at):
    story = filed(go_live_at=at + timedelta(hours=1))
    actions.publish(story_id=story.pk, at=at)
    assert told == []
    actions.publish_due(at=at + timedelta(hours=2))
    assert told == [("/", "/authors/asha-rao/", "/markets/")]


def test_an_import_names_each_page_once(paper, told, at):
    arrivals = [
        Arrival(
            origin="wxr",
            origin_id=str(number),
            headline=f"Old {number}",
            blocks=[],
            section_slug="markets",
            tags=["RBI"],
            live=number != 3,
        )
        for number in range(4)
    ]
    actions.take_in(arrivals, at=at)
    assert told == [("/", "/markets/", "/topics/rbi/")]


@pytest.mark.parametrize("changes", [{"name": "Money"}, {"rank": 9}, {}])
def test_a_section_edited_at_the_desk_may_change_every_page(desk, told, changes):
    row = Section.objects.get(slug="markets")
    saved = desk.post(address("section", "edit", row.pk), SECTION | changes)
    assert (saved.status_code, told) == (302, [()])


def test_a_section_opened_and_closed_at_the_desk_is_in_every_menu(desk, told):
    new = SECTION | {"name": "Weather", "slug": "weather"}
    assert desk.post(address("section", "add"), new).status_code == 302
    assert told == [()]
    row = Section.objects.get(slug="weather")
    assert desk.post(address("section", "delete", row.pk)).status_code == 302
    assert told == [(), ()]


def test_an_author_edited_at_the_desk_may_change_every_page(desk, told):
    row = Author.objects.get(slug="asha-rao")
    saved = desk.post(address("author", "edit", row.pk), AUTHOR | {"bio": "New."})
    assert (saved.status_code, told) == (302, [()])
