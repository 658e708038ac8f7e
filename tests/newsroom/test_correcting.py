"""The form "Correct this story": shown before it is published, and told to readers."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from wagtail.test.utils.form_data import nested_form_data, rich_text, streamfield

from broadsheet.news.newsroom import actions
from broadsheet.news.newsroom.events import StoryPublished
from broadsheet.news.newsroom.models import Correction, Desk, Story, Withdrawal
from broadsheet.plumbing import publication
from broadsheet.readers.models import Reader

TOLD = "An earlier version said that the rate was cut. It was held."


@pytest.fixture
def staff(paper: None) -> Any:
    actions.open_newsroom()

    def one(role: str) -> Reader:
        person = Reader.objects.create_user(f"{role.lower()}@example.com", "x")
        person.groups.add(Group.objects.get(name=role))
        return person

    return one


@pytest.fixture
def desk(staff: Any, client: Any) -> Any:
    client.force_login(staff("Sub-editor"))
    return client


def form(story: Story, **parts: Any) -> dict[str, Any]:
    given = {
        "text": TOLD,
        "headline": story.headline,
        "standfirst": story.standfirst,
        "dateline": story.dateline,
        "caption": story.caption,
        "body": streamfield([("paragraph", rich_text("<p>It was held. Truly.</p>"))]),
    }
    return nested_form_data(given | parts)


def url(story: Story) -> str:
    return reverse("newsroom_correct", args=[story.pk])


def test_the_changes_are_shown_before_anything_is_published(desk, published, heard):
    story = published("Rate cut")
    heard.clear()
    page = desk.post(url(story), form(story, headline="Rate held")).content.decode()

    assert "<del>cut</del>" in page
    assert "<ins>held</ins>" in page
    assert TOLD in page
    assert "Publish the correction" in page
    story.refresh_from_db()
    assert (story.headline, Correction.objects.count(), heard) == ("Rate cut", 0, [])


def test_a_correction_is_published_with_its_sentence(desk, published, heard):
    story = published("Rate cut")
    heard.clear()
    answer = desk.post(
        url(story), form(story, headline="Rate held") | {"publish": "yes"}
    )

    assert answer.status_code == 302
    story.refresh_from_db()
    (told,) = Correction.objects.all()
    assert (story.headline, told.text) == ("Rate held", TOLD)
    assert told.by.email == "sub-editor@example.com"
    assert "Truly" in str(story.body)
    assert [event for event, _ in heard] == [
        StoryPublished(story.pk, story.live_revision_id)
    ]


def test_without_a_sentence_nothing_is_corrected(desk, published, heard):
    story = published("Rate cut")
    heard.clear()
    posted = form(story, headline="Rate held", text=" ") | {"publish": "yes"}
    page = desk.post(url(story), posted).content.decode()

    assert "Say in a sentence what was wrong." in page
    assert "Publish the correction" not in page
    story.refresh_from_db()
    assert (story.headline, Correction.objects.count(), heard) == ("Rate cut", 0, [])


def test_only_a_live_story_is_corrected_and_not_by_a_reporter(
    desk, staff, filed, published, client
):
    draft = filed("Rate cut")
    answer = desk.get(url(draft), follow=True)
    assert "Only a live story can be corrected." in answer.content.decode()

    story = published("Rate held")
    client.force_login(staff("Reporter"))
    assert client.get(url(story)).status_code == 302
    client.post(url(story), form(story, headline="No") | {"publish": "yes"})
    story.refresh_from_db()
    assert (story.headline, Correction.objects.count()) == ("Rate held", 0)


def test_a_story_is_withdrawn_only_with_a_reason(desk, published, heard):
    story = published("Rate cut")
    heard.clear()
    way = reverse("wagtailsnippets_newsroom_story:unpublish", args=[story.pk])
    refused = desk.post(way, {"reason": "  "})
    assert refused.status_code == 422
    assert "Say why the story is withdrawn." in refused.content.decode()
    story.refresh_from_db()
    assert (story.live, heard) == (True, [])

    desk.post(way, {"reason": " A court. "})
    story.refresh_from_db()
    assert (story.live, Withdrawal.objects.get().reason) == (False, "A court.")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_first_page_costs_the_same_however_much_is_on(
    desk, filed, published, django_assert_num_queries, monkeypatch, rows
):
    monkeypatch.setattr(publication, "FRESH_FOR", 3600.0)  # On a slow machine too.
    today = publication.now().astimezone(publication.current().zone).date()
    Desk.objects.create(picks_a_day=5)
    for number in range(rows):
        published(f"Live {number}", picked_on=today, access="premium")
        filed(f"Draft {number}")
    Story.objects.filter(live=True).update(first_published_at=publication.now())
    desk.get("/desk/")
    with django_assert_num_queries(HOME_COST):
        page = desk.get("/desk/").content.decode()
    assert f"<strong>{rows}</strong> of 5" in page
    assert page.count(">Live 0") == 2  # Among today's, and among the picks.
    assert page.count(f">Live {rows - 1}") == 2
    assert page.count(">Draft ") == rows


HOME_COST = 13
