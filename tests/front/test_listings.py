"""Pages that list stories, as they are filed with the gate: whole, for everybody."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from broadsheet.front.web import listings
from broadsheet.gate.core.listings import LIFE, PACE
from broadsheet.gate.house import actions as gate
from broadsheet.gate.house import models
from broadsheet.gate.store import listings as filed
from broadsheet.news.newsroom import actions
from broadsheet.news.newsroom.models import Section
from broadsheet.plumbing import publication
from broadsheet.plumbing.models import Publication

from .conftest import CANARY

pytestmark = pytest.mark.django_db

PATHS = ["/", "/markets/", "/authors/asha-rao/", "/topics/rates/"]
SLOT = re.compile(r"<!--slot:([a-z:]+)-->")


def pressed(path: str, at) -> str:
    listings.press(path, at=at)
    return bytes(models.PressedListing.objects.get(path=path).html).decode()


def rest() -> None:
    """
    Let so long pass by the database's clock that a page may be pressed again. What was
    told before is forgotten: in a test's one transaction, no snapshot could see it.
    """
    models.Change.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gate_pressedlisting SET begun_at = begun_at - interval '5 seconds'"
        )


def _as_from_an_earlier_transaction() -> None:
    """
    Let what was pressed have begun before this transaction, which does not see itself
    change things while others, of other tests, come and go on the same server.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gate_pressedlisting"
            " SET seen = format('%s:%s:', pg_current_xact_id(), pg_current_xact_id())"
        )


def fresh(path: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(filed.FIND, [path])
        return filed.filed(*cursor.fetchone()).fresh


@pytest.mark.parametrize("path", PATHS)
def test_a_listing_is_the_same_for_everybody(published, path, at):
    published()
    html = pressed(path, at)
    assert "Rate held" in html
    assert SLOT.findall(html) == ["account", "trouble", "ad:top"]
    for personal in ("Log in", "account-link", 'data-place="top"', "csrf", CANARY):
        assert personal not in html
    assert 'datetime="2026-08-03T10:00:00+05:30">Monday 3 August 2026</time>' in html


@pytest.mark.parametrize("path", PATHS)
def test_it_reads_as_djangos_own_page(browser_client, published, path, at):
    """But for the slots, and what stands in them there."""
    publication.move_clock(at - publication.now())
    published()
    html = pressed(path, publication.now())
    account = r'<div class="masthead-links">.*?</div>'
    ad = r'<aside class="ad ad-top".*?</aside>|<!--slot:[a-z:]+-->'
    django = browser_client.get(path).content.decode()
    for pattern in (account, ad, r"\s+", r'datetime="2026-08-03[^"]*">Monday'):
        html = re.sub(pattern, " ", html, flags=re.DOTALL)
        django = re.sub(pattern, " ", django, flags=re.DOTALL)
    assert html == django


def test_a_front_of_many_stories_costs_as_many_queries_as_one_of_few(published, at):
    def queries() -> int:
        models.PressedListing.objects.all().delete()
        publication.current()
        with CaptureQueriesContext(connection) as caught:
            listings.press("/", at=at)
        return len(caught)

    for number in range(3):
        published(f"Story {number}")
    few = queries()
    for number in range(60):
        published(f"More {number}", section_slug=("markets", "opinion")[number % 2])
    assert queries() == few <= 20


@pytest.mark.parametrize(
    "path", ["/nosuch/", "/authors/nobody/", "/feeds/", "/search/", "/x/y/z/"]
)
def test_what_lists_nothing_is_neither_filed_nor_told_of(paper, path, at):
    rest()
    listings.press(path, at=at)
    assert models.PressedListing.objects.count() == 0
    assert models.Change.objects.count() == 0


def test_a_section_that_was_closed_is_forgotten_and_told_of(published, at):
    published()
    actions.open_section(name="Old", slug="old", at=at)
    pressed("/old/", at)
    Section.objects.filter(slug="old").delete()
    rest()
    listings.press("/old/", at=at + LIFE)
    assert models.PressedListing.objects.count() == 0
    assert [row.subject for row in models.Change.objects.all()] == ["/old/"]


def test_a_page_is_pressed_once_as_long_as_nothing_changes(published, at):
    published()
    pressed("/", at)
    rest()
    before = models.PressedListing.objects.get()
    pressed("/", at + timedelta(minutes=1))
    assert models.PressedListing.objects.get().seen == before.seen
    pressed("/", at + LIFE)
    assert models.PressedListing.objects.get().made_at == at + LIFE


def test_a_page_is_not_pressed_twice_within_the_pace(published, at):
    published()
    pressed("/", at)
    gate.listings_changed(["/"], at=at)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gate_pressedlisting SET begun_at = clock_timestamp() - %s",
            [timedelta(seconds=PACE - 0.5)],
        )
    begun = models.PressedListing.objects.get().begun_at
    pressed("/", at + LIFE)
    assert models.PressedListing.objects.get().begun_at == begun


def test_another_name_of_the_paper_makes_every_page_new(published, at):
    published()
    pressed("/", at)
    rest()
    Publication.objects.update_or_create(pk=1, defaults={"name": "The New Paper"})
    publication.forget()
    assert "The New Paper" in pressed("/", at)


def test_a_flagged_lead_leads_until_its_time_is_over(published, at):
    published("Flagged", is_lead=True)
    published("Newer")
    nearly = at + timedelta(days=2) - timedelta(minutes=4)
    pressed("/", nearly)
    assert models.PressedListing.objects.get().until == at + timedelta(days=2)


# --- What a change touches ------------------------------------------------------------


@pytest.fixture
def told(published, at):
    """Everything is pressed; return the pages that a change has made stale."""
    actions.open_author(name="Ravi", slug="ravi", at=at)
    published()
    published("Elsewhere", section_slug="opinion", authors=["ravi"], tags=["Monsoon"])
    paths = [*PATHS, "/opinion/", "/authors/ravi/", "/topics/monsoon/"]

    def stale(change) -> list[str]:
        rest()
        for path in paths:
            listings.press(path, at=at)
        _as_from_an_earlier_transaction()
        change()
        return sorted(path for path in paths if not fresh(path))

    return stale


def test_a_publish_touches_its_own_lists(told, published):
    assert told(lambda: published("News")) == sorted(PATHS)


def test_a_story_that_moves_touches_the_old_lists_and_the_new(told, published, at):
    def move() -> None:
        moved = {"section_slug": "opinion", "authors": ["ravi"], "tags": ["Monsoon"]}
        draft = actions.file(
            headline="News",
            standfirst="",
            blocks=[],
            access="free",
            at=at,
            origin="wire",
            origin_id="1",
            **moved,
        )
        actions.publish(story_id=draft.pk, at=at)

    assert told(move) == ["/", "/authors/ravi/", "/opinion/", "/topics/monsoon/"]

    def back() -> None:
        draft = actions.file(
            headline="News",
            standfirst="",
            blocks=[],
            access="free",
            at=at,
            origin="wire",
            origin_id="1",
            section_slug="markets",
            authors=["asha-rao"],
            tags=["Rates"],
        )
        actions.publish(story_id=draft.pk, at=at)

    everything = sorted([*PATHS, "/opinion/", "/authors/ravi/", "/topics/monsoon/"])
    assert told(back) == everything


def test_a_kill_touches_its_lists(told, published, at):
    story = published("News")
    kill = actions.withdraw
    assert told(lambda: kill(story_id=story.pk, reason="x", at=at)) == sorted(PATHS)


def test_a_draft_touches_nothing(told, at):
    def file() -> None:
        actions.file(
            headline="Draft", standfirst="", blocks=[], section_slug="markets", at=at
        )

    assert told(file) == []


def test_a_sections_name_is_on_every_page(told, at):
    everything = sorted([*PATHS, "/opinion/", "/authors/ravi/", "/topics/monsoon/"])
    rename = actions.open_section
    assert told(lambda: rename(name="Money", slug="markets", rank=1)) == everything
    assert told(lambda: rename(name="Money", slug="markets", rank=1)) == []
    assert told(lambda: rename(name="New", slug="new", rank=9)) == everything


def test_what_an_author_says_of_herself_is_on_her_page(told, at):
    change = actions.open_author
    assert told(lambda: change(name="Ravi", slug="ravi", bio="New.", at=at)) == [
        "/authors/ravi/"
    ]
    everything = sorted([*PATHS, "/opinion/", "/authors/ravi/", "/topics/monsoon/"])
    assert told(lambda: change(name="Ravi K", slug="ravi", at=at)) == everything


def test_many_pages_are_told_in_one_line(at):
    gate.listings_changed([f"/topics/t{n}/" for n in range(1000)], at=at)
    assert [row.subject for row in models.Change.objects.all()] == [""]


def test_pages_that_nobody_asks_for_are_swept(published, at):
    published()
    pressed("/", at)
    assert gate.sweep_listings(at=at + timedelta(minutes=30)) == 0
    assert gate.sweep_listings(at=at + timedelta(hours=2)) == 1
