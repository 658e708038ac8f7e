"""Every page of the desk that an editor of the newsroom opens is drawn."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from wagtail.models import Site

from broadsheet.news.newsroom import actions
from broadsheet.news.newsroom.models import Author, Picture, Section, Story
from broadsheet.news.newsroom.rules import Block
from broadsheet.readers.models import Reader

from .conftest import photo

STORY = "wagtailsnippets_newsroom_story"


@pytest.fixture
def desk(paper: None, client: Any) -> Any:
    actions.open_newsroom()
    editor = Reader.objects.create_user("editor@example.com", "x")
    editor.groups.add(Group.objects.get(name="Editor"))
    client.force_login(editor)
    return client


@pytest.fixture
def story(published: Any, picture: int, at: Any) -> Story:
    other = published("Another story")
    first = published(
        picture=picture,
        tags=["RBI"],
        blocks=[
            Block("paragraph", {"html": "One. Two."}),
            Block("image", {"picture": picture}),
            Block("gallery", {"pictures": [{"picture": picture}] * 2}),
            Block("table", {"rows": [["a", "b"]], "header": True}),
            Block("related", {"stories": [other.pk]}),
            Block("embed", {"url": "https://example.com/", "title": "Film"}),
            Block("html", {"html": "<div>x</div>"}),
            Block("quote", {"html": "No.", "attribution": "Asha"}),
            Block("heading", {"text": "Then", "level": 3}),
            Block("list", {"html": "<ul><li>a</li></ul>"}),
        ],
    )
    return actions.correct(story_id=first.pk, text="It was wrong.", at=at)


@pytest.mark.parametrize(
    "view", ["edit", "history", "usage", "unpublish", "workflow_history", "compare"]
)
def test_a_storys_pages_are_drawn(desk, story, view):
    if view == "compare":
        revisions = [r.pk for r in story.revisions.order_by("pk")]
        url = reverse(f"{STORY}:revisions_compare", args=[story.pk, *revisions])
    else:
        url = reverse(f"{STORY}:{view}", args=[story.pk])
    answer = desk.get(url)

    assert answer.status_code == 200
    assert view != "edit" or "Another story" in answer.content.decode()
    assert "Rate held" in answer.content.decode()


def test_the_menu_leads_to_the_newsroom(desk, published):
    published()
    page = desk.get(reverse("wagtailadmin_home")).content.decode()

    for name in ("Newsroom", "/desk/stories/", "/desk/sections/", "/desk/authors/"):
        assert name in page


@pytest.mark.parametrize(
    "name",
    [
        "wagtailsnippets_newsroom_section:list",
        "wagtailsnippets_newsroom_section:add",
        "wagtailsnippets_newsroom_author:list",
        "wagtailsnippets_newsroom_author:add",
        f"{STORY}:add",
        "wagtailimages:index",
        "wagtailimages:add",
    ],
)
def test_the_other_pages_are_drawn(desk, name):
    assert desk.get(reverse(name)).status_code == 200


def test_an_editor_writes_an_information_page(desk):
    root = Site.objects.get().root_page
    url = reverse("wagtailadmin_pages:add", args=["newsroom", "infopage", root.pk])

    assert "Standfirst" in desk.get(url).content.decode()


def test_an_author_and_a_section_are_edited(desk):
    for name, row in (("section", Section), ("author", Author)):
        url = reverse(
            f"wagtailsnippets_newsroom_{name}:edit", args=[row.objects.first().pk]
        )
        assert desk.get(url).status_code == 200


def test_a_picture_is_uploaded_with_its_words(desk):
    file = SimpleUploadedFile("gate.png", photo(90, 60), "image/png")
    data = {"title": "Gate", "file": file, "credit": "PTI", "tags": "", "collection": 1}
    refused = desk.post(reverse("wagtailimages:add"), data | {"description": ""})
    assert list(refused.context["form"].errors) == ["description"]

    file.seek(0)
    desk.post(reverse("wagtailimages:add"), data | {"description": "A gate"})
    row = Picture.objects.get()
    assert (row.description, row.credit) == ("A gate", "PTI")
