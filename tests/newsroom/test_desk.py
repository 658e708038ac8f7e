"""The desk, through Wagtail's own views: what an editor presses, and what follows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from wagtail.models import Workflow
from wagtail.test.utils.form_data import (
    inline_formset,
    nested_form_data,
    rich_text,
    streamfield,
)

from broadsheet.news.newsroom import actions, queries
from broadsheet.news.newsroom.events import (
    AuthorChanged,
    SectionChanged,
    StoryPublished,
    StoryWithdrawn,
)
from broadsheet.news.newsroom.models import Author, Section, Story
from broadsheet.news.newsroom.rules import Block
from broadsheet.plumbing import publication
from broadsheet.readers.models import Reader

LIST = "wagtailsnippets_newsroom_story:list"
ADD = "wagtailsnippets_newsroom_story:add"
EDIT = "wagtailsnippets_newsroom_story:edit"


@pytest.fixture
def staff(paper: None) -> dict[str, Reader]:
    actions.open_newsroom()
    people = {}
    for role in ("Reporter", "Sub-editor", "Editor"):
        people[role] = Reader.objects.create_user(f"{role.lower()}@example.com", "x")
        people[role].groups.add(Group.objects.get(name=role))
    return people


@pytest.fixture
def editor(staff: dict[str, Reader], client: Any) -> Any:
    client.force_login(staff["Editor"])
    return client


def form(text: str = "<p>It held. Nobody was surprised.</p>", **parts: Any) -> dict:
    given = {
        "headline": "Rate held",
        "standfirst": "",
        "dateline": "MUMBAI",
        "agency": "",
        "section": Section.objects.get(slug="markets").pk,
        "access": "metered",
        "slug": "",
        "tags": "RBI",
        "picture": "",
        "caption": "",
        "picked_on": "",
        "embargo_until": "",
        "go_live_at": "",
        "expire_at": "",
        "body": streamfield([("paragraph", rich_text(text))]),
        "bylines": inline_formset(
            [{"author": Author.objects.get(slug="asha-rao").pk, "ORDER": 1}]
        ),
    }
    return nested_form_data(given | parts)


def typed(instant: datetime) -> str:
    """Write an instant as an editor would: by the paper's own clock."""
    return f"{instant.astimezone(publication.current().zone):%Y-%m-%d %H:%M}"


def edit_form(story: Story, **parts: Any) -> dict:
    line = story.bylines.get()
    given = {
        "bylines": inline_formset(
            [{"author": line.author_id, "ORDER": 1, "id": line.pk}], initial=1
        ),
        "slug": story.slug,
    }
    return form(**(given | parts))


def publish(**data: Any) -> dict[str, Any]:
    return {**data, "action-publish": "yes"}


def errors(answer: Any) -> dict[str, list[str]]:
    return dict(answer.context["form"].errors)


def test_a_saved_draft_is_not_live(editor, heard):
    answer = editor.post(reverse(ADD), form())
    story = Story.objects.get()

    assert answer.status_code == 302
    assert (story.live, story.slug, story.word_count) == (False, "rate-held", 5)
    assert heard == []


def test_publish_at_the_desk_goes_live_and_is_announced(editor, heard):
    editor.post(reverse(ADD), publish(**form()))
    story = Story.objects.get()
    page = queries.page(story.pk)

    assert page is not None
    assert (page.dateline, page.bylines[0].name) == ("MUMBAI", "Asha Rao")
    assert [told for told, _at in heard] == [
        StoryPublished(story.pk, story.live_revision_id)
    ]
    assert [t.headline for t in queries.topic("rbi").teasers] == ["Rate held"]


def test_an_edited_live_story_waits_as_a_draft_then_is_announced_anew(editor, heard):
    editor.post(reverse(ADD), publish(**form()))
    story = Story.objects.get()
    first = story.live_revision_id

    editor.post(reverse(EDIT, args=[story.pk]), edit_form(story, headline="Rate cut"))
    assert queries.page(story.pk).headline == "Rate held"
    assert len(heard) == 1

    editor.post(
        reverse(EDIT, args=[story.pk]), publish(**edit_form(story, headline="Rate cut"))
    )
    page = queries.page(story.pk)
    assert (page.headline, page.is_updated) == ("Rate cut", True)
    assert page.path == f"/markets/rate-held-{story.pk}/"  # An address stays.
    assert [told for told, _at in heard] == [
        StoryPublished(story.pk, first),
        StoryPublished(story.pk, page.revision),
    ]
    assert page.revision > first


def test_what_the_desk_saves_is_sanitised(editor):
    bad = (
        '<p>Held.<script>alert(1)</script> <a href="javascript:alert(2)">a</a></p>'
        '<p onclick="alert(3)" style="x">Yes.</p>'
    )
    body = streamfield(
        [
            ("paragraph", rich_text("<p>Safe.</p>")),
            ("html", f"<div onload=x>{bad}</div><iframe src=//e></iframe>"),
            ("quote", {"html": rich_text("<p>Q</p>"), "attribution": ""}),
            ("embed", {"url": "https://example.com/film", "title": "Film"}),
        ]
    )
    editor.post(reverse(ADD), publish(**form(body=body)))
    story = Story.objects.get()
    stored = json.dumps(list(story.body.raw_data)) + json.dumps(
        story.live_revision.content
    )

    assert len(story.body) == 4
    for evil in ("script", "onclick", "style", "iframe", "onload", "alert(1)"):
        assert evil not in stored
    assert "Held." in stored


def test_a_picture_of_lies_in_rich_text_is_dropped(editor):
    """The editor's own form is not the only sender: this posts raw content state."""
    state = {
        "blocks": [
            {
                "key": "a",
                "type": "unstyled",
                "depth": 0,
                "text": "Click",
                "inlineStyleRanges": [],
                "entityRanges": [{"offset": 0, "length": 5, "key": 0}],
            }
        ],
        "entityMap": {
            "0": {
                "type": "LINK",
                "mutability": "MUTABLE",
                "data": {"url": "javascript:alert(1)"},
            }
        },
    }
    body = streamfield([("paragraph", json.dumps(state))])
    editor.post(reverse(ADD), publish(**form(body=body)))
    story = Story.objects.get()

    assert [raw["value"] for raw in story.body.raw_data] == [
        '<p><a rel="noopener">Click</a></p>'
    ]


def test_the_desk_refuses_to_publish_under_embargo(editor, heard):
    until = publication.now() + timedelta(hours=1)
    data = form(embargo_until=typed(until))
    answer = editor.post(reverse(ADD), publish(**data))

    (sentence,) = errors(answer)["embargo_until"]
    assert sentence.startswith("This story is under embargo until ")
    assert (Story.objects.count(), heard) == (0, [])

    editor.post(reverse(ADD), data)  # A draft may wait.
    assert [story.live for story in Story.objects.all()] == [False]


def test_the_desk_schedules_and_the_clock_publishes(editor, heard):
    now = publication.now().replace(second=0, microsecond=0)
    due = now + timedelta(hours=2)
    data = form(
        go_live_at=typed(due),
        embargo_until=typed(due - timedelta(hours=1)),
    )
    editor.post(reverse(ADD), publish(**data))
    story = Story.objects.get()
    assert (story.live, heard) == (False, [])
    assert listed(editor, status="scheduled") == ["Rate held"]

    assert actions.publish_due(at=due - timedelta(seconds=1)) == (0, 0)
    assert actions.publish_due(at=due) == (1, 0)
    assert actions.publish_due(at=due) == (0, 0)
    story.refresh_from_db()
    assert story.first_published_at == due
    assert heard == [(StoryPublished(story.pk, story.live_revision_id), due)]


def test_unpublish_at_the_desk_is_a_withdrawal(editor, staff, heard):
    editor.post(reverse(ADD), publish(**form()))
    story = Story.objects.get()
    url = reverse("wagtailsnippets_newsroom_story:unpublish", args=[story.pk])
    editor.post(url, {"reason": "Wrong in fact."})

    assert queries.page(story.pk) is None
    assert [told for told, _at in heard][1:] == [StoryWithdrawn(story.pk)]
    (row,) = story.withdrawals.all()
    assert (row.reason, row.by) == ("Wrong in fact.", staff["Editor"])


@pytest.mark.parametrize("bulk", [False, True])
def test_a_story_that_readers_have_seen_cannot_be_deleted(editor, heard, bulk):
    editor.post(reverse(ADD), publish(**form()))
    story = Story.objects.get()
    url = reverse("wagtailsnippets_newsroom_story:delete", args=[story.pk])
    if bulk:
        url = reverse("wagtail_bulk_action", args=["newsroom", "story", "delete"])
        url += f"?id={story.pk}"
    answer = editor.post(url, follow=True)

    assert "withdraw it instead" in answer.content.decode()
    assert queries.page(story.pk) is not None
    assert len(heard) == 1


def test_a_draft_can_be_deleted_at_the_desk(editor):
    editor.post(reverse(ADD), form())
    story = Story.objects.get()
    editor.post(reverse("wagtailsnippets_newsroom_story:delete", args=[story.pk]))

    assert Story.objects.count() == 0


@pytest.mark.parametrize("field", ["headline", "section"])
def test_a_draft_without_a_needed_part_is_no_error_page(editor, field):
    answer = editor.post(reverse(ADD), form(**{field: ""}))

    assert answer.status_code in (200, 302)
    assert Story.objects.filter(live=True).count() == 0


def test_a_renamed_section_or_author_is_announced(editor, heard):
    section, author = Section.objects.get(slug="markets"), Author.objects.first()
    url = reverse("wagtailsnippets_newsroom_section:edit", args=[section.pk])
    data = {"name": "Markets", "slug": "markets", "rank": 1, "access": "metered"}
    editor.post(url, data | {"rank": 3})
    assert heard == []
    editor.post(url, data | {"slug": "money"})
    url = reverse("wagtailsnippets_newsroom_author:edit", args=[author.pk])
    editor.post(url, {"name": "New Name", "slug": author.slug})

    assert [told for told, _at in heard] == [
        SectionChanged(section.pk),
        AuthorChanged(author.pk),
    ]


def test_a_section_cannot_take_a_reserved_address_at_the_desk(editor):
    url = reverse("wagtailsnippets_newsroom_section:add")
    data = {"name": "X", "slug": "search", "rank": 1, "access": "metered"}

    assert list(errors(editor.post(url, data))) == ["slug"]
    assert list(errors(editor.post(url, data | {"slug": "x", "access": "gold"}))) == [
        "access"
    ]
    assert Section.objects.count() == 2


def test_the_form_offers_the_classes_that_sections_have(editor):
    actions.open_section(name="Smart", slug="smart", access="vertical:smart")
    page = editor.get(reverse(ADD)).content.decode()

    for access in ("free", "metered", "premium", "vertical:smart"):
        assert f'<option value="{access}"' in page
    answer = editor.post(reverse(ADD), publish(**form(access="gold")))
    assert list(errors(answer)) == ["access"]


# --- Roles ------------------------------------------------------------------------------


def test_a_reporter_files_but_does_not_publish(staff, client, heard):
    client.force_login(staff["Reporter"])
    client.post(reverse(ADD), publish(**form()))

    assert [story.live for story in Story.objects.all()] == [False]
    assert heard == []


def test_a_sub_editor_lets_a_reporters_story_into_print(staff, client, heard):
    story = _submitted(staff, client)
    assert listed(client, status="review") == ["Rate held"]
    answer = _approve(staff, client, story)
    story.refresh_from_db()

    assert answer.status_code == 302
    assert story.live
    assert [told for told, _at in heard] == [
        StoryPublished(story.pk, story.live_revision_id)
    ]


def test_approval_under_embargo_is_refused_in_one_sentence(staff, client, heard):
    until = publication.now() + timedelta(hours=1)
    story = _submitted(staff, client, embargo_until=typed(until))
    answer = _approve(staff, client, story, follow=True)
    story.refresh_from_db()

    assert "This story is under embargo until " in answer.content.decode()
    assert (story.live, heard) == (False, [])
    assert story.current_workflow_state.status == "in_progress"


def test_approval_in_the_form_under_embargo_keeps_the_text(staff, client, heard):
    until = typed(publication.now() + timedelta(hours=1))
    story = _submitted(staff, client, embargo_until=until)
    client.force_login(staff["Sub-editor"])
    data = edit_form(story, headline="Typed now", embargo_until=until)
    data |= {"action-workflow-action": "yes", "workflow-action-name": "approve"}
    answer = client.post(reverse(EDIT, args=[story.pk]), data, follow=True)
    story.refresh_from_db()

    assert "This story is under embargo until " in answer.content.decode()
    assert (story.headline, story.live, heard) == ("Typed now", False, [])


def _submitted(staff: Any, client: Any, **parts: Any) -> Story:
    client.force_login(staff["Reporter"])
    client.post(reverse(ADD), {**form(**parts), "action-submit": "yes"})
    story = Story.objects.get()
    assert story.current_workflow_state is not None
    return story


def _approve(staff: Any, client: Any, story: Story, **how: Any) -> Any:
    client.force_login(staff["Sub-editor"])
    task = story.current_workflow_state.current_task_state
    url = reverse(
        "wagtailsnippets_newsroom_story:workflow_action",
        args=[story.pk, "approve", task.pk],
    )
    return client.post(url, {"comment": ""}, **how)


def test_opening_the_newsroom_twice_changes_nothing(staff):
    def rows() -> tuple[int, ...]:
        groups = Group.objects.filter(name__in=["Reporter", "Sub-editor", "Editor"])
        return (
            *(group.permissions.count() for group in groups.order_by("name")),
            Workflow.objects.filter(name="Sub-editing").count(),
        )

    before = rows()
    actions.open_newsroom()

    assert rows() == before == (16, 6, 10, 1)


# --- The list ----------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_however_long(
    editor, published, django_assert_num_queries, monkeypatch, rows
):
    monkeypatch.setattr(publication, "FRESH_FOR", 3600.0)  # On a slow machine too.
    for number in range(rows):
        published(f"Story {number}")
    editor.get(reverse(LIST))

    with django_assert_num_queries(LIST_COST):
        page = editor.get(reverse(LIST)).content.decode()
    assert page.count("Story ") >= rows


LIST_COST = 14


def listed(client: Any, **query: Any) -> list[str]:
    answer = client.get(reverse(LIST), query)
    return [story.headline for story in answer.context["object_list"]]


def test_the_list_is_filtered_and_searched(editor, published, filed, at):
    rate = published("Rate held", access="premium")
    published("Monsoon arrives early", section_slug="opinion", authors=["vikram-iyer"])
    filed("A draft of the rate")
    gone = published("Gone")
    actions.withdraw(story_id=gone.pk, reason="x", at=at)

    assert listed(editor) == [
        "Gone",
        "A draft of the rate",
        "Monsoon arrives early",
        "Rate held",
    ]
    assert listed(editor, section=rate.section_id) == [
        "Gone",
        "A draft of the rate",
        "Rate held",
    ]
    assert listed(editor, access="premium") == ["Rate held"]
    assert listed(editor, status="draft") == ["A draft of the rate"]
    assert listed(editor, status="withdrawn") == ["Gone"]
    assert listed(editor, status="live") == ["Monsoon arrives early", "Rate held"]
    assert listed(editor, status="scheduled") == listed(editor, status="review") == []
    vikram = Author.objects.get(slug="vikram-iyer").pk
    assert listed(editor, author=vikram) == ["Monsoon arrives early"]
    assert listed(editor, q="rat") == ["A draft of the rate", "Rate held"]
    assert listed(editor, q="RATE hel") == ["Rate held"]
    assert listed(editor, q="'&!:*") == listed(editor)
    assert listed(editor, q="ate") == []


# --- Preview --------------------------------------------------------------------------------


@pytest.fixture
def own_templates(settings: Any) -> None:
    engine = {**settings.TEMPLATES[0], "DIRS": [Path(__file__).parent / "templates"]}
    settings.TEMPLATES = [engine]


LONG = " ".join(["word"] * 60) + "."


@pytest.mark.parametrize(
    ("mode", "paragraphs"),
    [("full", ["First.", LONG, "Last."]), ("cut", ["First.", LONG])],
)
def test_both_renderings_are_previewed(editor, own_templates, filed, mode, paragraphs):
    story = filed(blocks=[Block("paragraph", {"html": "Old."})])
    url = reverse("wagtailsnippets_newsroom_story:preview_on_edit", args=[story.pk])
    text = f"<p>First.</p><p>{LONG}</p><p>Last.</p>"
    answer = editor.post(url, edit_form(story, text=text, headline="As typed"))
    assert answer.json() == {"is_valid": True, "is_available": True}
    lines = editor.get(url, {"mode": mode}).content.decode().strip().splitlines()

    path = f"/markets/rate-held-{story.pk}/"
    assert lines[0] == f"As typed|{path}|Markets|Asha Rao|{mode == 'cut'}"
    assert lines[1:] == [f'<p class="paragraph">{part}</p>' for part in paragraphs]


def test_a_story_never_saved_can_be_previewed(editor, own_templates):
    url = reverse("wagtailsnippets_newsroom_story:preview_on_add")
    answer = editor.post(url, form())
    assert answer.json() == {"is_valid": True, "is_available": True}
    first = editor.get(url, {"mode": "full"}).content.decode().splitlines()[0]

    assert first == "Rate held|/markets/rate-held-0/|Markets|Asha Rao|False"
