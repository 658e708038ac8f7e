"""Imports and deliveries at the desk, and whose business they are."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

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


def cost(chief, path):
    """Return a page and what it costs, once whatever is cached has been read."""
    chief.get(path)
    with CaptureQueriesContext(connection) as queries:
        page = chief.get(path).content.decode()
    return page, len(queries)


def test_imports_are_listed_at_one_cost(chief, at):
    run(at)
    _, for_one = cost(chief, "/desk/imports/")
    run(at)
    run(at)
    page, for_three = cost(chief, "/desk/imports/")
    assert for_three == for_one <= MOST
    assert page.count("40 new, 2 refused") == 3
    assert page.count("not finished") == 3
    assert "3 August 2026, 10:00" in page  # By the paper's clock.


def test_a_report_says_what_came_and_why_it_changed(chief, at):
    page = chief.get(f"/desk/imports/{run(at, finished_at=at).pk}/").content.decode()
    for said in ("Posts", "<td>42</td><td>40</td>", "It has no date.", "a.xml"):
        assert said in page
    assert "Old &lt;b&gt;news&lt;/b&gt;" in page
    assert "The first 1 of 3" in page
    assert chief.get("/desk/imports/999999/").status_code == 404


def fail_a_delivery(at):
    told = Announcement.objects.create(
        id=new_id(at), topic="newsroom.events.StoryPublished", payload={}, at=at
    )
    Delivery.objects.create(
        announcement=told,
        handler="main.hearers.press_story",
        attempts=1,
        last_error="OSError: <disk full>",
    )


def test_failed_deliveries_are_listed_at_one_cost(chief, at):
    fail_a_delivery(at)
    _, for_one = cost(chief, "/desk/deliveries/")
    fail_a_delivery(at)
    fail_a_delivery(at)
    page, for_three = cost(chief, "/desk/deliveries/")
    assert for_three == for_one <= MOST
    assert page.count("OSError: &lt;disk full&gt;") == 3
    assert page.count("main.hearers.press_story") == 3


@pytest.mark.parametrize("path", ["/desk/imports/", "/desk/deliveries/"])
def test_they_are_shown_to_whoever_may_see_them(client, db, path):
    person = Reader.objects.create_user("reporter@example.com", "x")
    person.user_permissions.add(Permission.objects.get(codename="access_admin"))
    client.force_login(person)
    assert client.get(path).status_code == 302
    home = client.get("/desk/").content.decode()
    assert (path in home, "gravatar" in home) == (False, False)


MOST = 9  # Queries, the session and the permissions included.
