"""Imports and deliveries at the desk, and whose business they are."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from broadsheet.kit.ids import new_id
from broadsheet.news.archive.models import ImportRun
from broadsheet.plumbing import publication
from broadsheet.plumbing.models import Announcement, Delivery
from broadsheet.readers.models import Reader


@pytest.fixture(autouse=True)
def plain_files(settings, monkeypatch):
    monkeypatch.setattr(publication, "FRESH_FOR", 3600.0)  # On a slow machine too.
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": plain}}


@pytest.fixture
def chief(client, db):
    client.force_login(Reader.objects.create_superuser("chief@example.com"))
    return client


def run(at, **parts):
    report = {
        "stories": {"new": 40, "refused": 2},
        "counts": [{"kind": "posts", "in": 42, "out": 40}],
        "notes": [
            {"id": 7, "kind": "post", "title": "Old <b>news</b>", "outcome": "refused",
             "reason": "It has no date."}
        ],
        "notes_in_all": 3,
    }  # fmt: skip
    given = {
        "origin": "old.example",
        "started_at": at,
        "report": report,
        "files": ["a.xml"],
    }
    return ImportRun.objects.create(**(given | parts))


@pytest.mark.parametrize("rows", [1, 3])
def test_imports_are_listed_at_one_cost(chief, at, django_assert_num_queries, rows):
    for _ in range(rows):
        run(at)
    chief.get("/desk/imports/")
    with django_assert_num_queries(LIST_COST):
        page = chief.get("/desk/imports/").content.decode()
    assert page.count("40 new, 2 refused") == rows
    assert page.count("not finished") == rows
    assert "3 August 2026, 10:00" in page  # By the paper's clock.


def test_a_report_says_what_came_and_why_it_changed(chief, at):
    page = chief.get(f"/desk/imports/{run(at, finished_at=at).pk}/").content.decode()
    for said in ("Posts", "<td>42</td><td>40</td>", "It has no date.", "a.xml"):
        assert said in page
    assert "Old &lt;b&gt;news&lt;/b&gt;" in page
    assert "The first 1 of 3" in page
    assert chief.get("/desk/imports/999999/").status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_failed_deliveries_are_listed_at_one_cost(
    chief, at, django_assert_num_queries, rows
):
    for number in range(rows):
        told = Announcement.objects.create(
            id=new_id(at), topic="newsroom.events.StoryPublished", payload={}, at=at
        )
        Delivery.objects.create(
            announcement=told, handler="main.hearers.press_story", attempts=number + 1,
            last_error="OSError: <disk full>",
        )  # fmt: skip
    chief.get("/desk/deliveries/")
    with django_assert_num_queries(LIST_COST + 1):
        page = chief.get("/desk/deliveries/").content.decode()
    assert page.count("OSError: &lt;disk full&gt;") == rows
    assert page.count("main.hearers.press_story") == rows


@pytest.mark.parametrize("path", ["/desk/imports/", "/desk/deliveries/"])
def test_they_are_shown_to_whoever_may_see_them(client, db, path):
    person = Reader.objects.create_user("reporter@example.com", "x")
    person.user_permissions.add(Permission.objects.get(codename="access_admin"))
    client.force_login(person)
    assert client.get(path).status_code == 302
    home = client.get("/desk/").content.decode()
    assert (path in home, "gravatar" in home) == (False, False)


LIST_COST = 7
