"""Who sees what, at the desk: for those whose business it is, at one cost."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from broadsheet.gate.core import passes
from broadsheet.gate.house import actions, minting, models, queries
from broadsheet.kit.ids import new_id
from broadsheet.plumbing import publication
from broadsheet.readers.models import Reader
from tests.front.desk.test_works import chief as chief
from tests.front.desk.test_works import plain_files as plain_files
from tests.gate.conftest import facts

PAGE = "/desk/explain/"


@pytest.fixture
def device(db):
    """A browser that has read 1, 2 and 3 and met the wall at 4, a minute ago."""
    for story_id in range(1, 6):
        actions.file_story(facts(story_id), at=publication.now())
    found = new_id(publication.now())
    for story_id in (1, 2, 3, 4):
        read(found, story_id)
    return found


def read(device, story_id):
    at = publication.now()
    text = passes.device_cookie(minting.keyring(), device, at)
    cookies = {passes.DEVICE_COOKIE: text}
    return queries.decide(story_id, cookies=cookies, at=at, count=True)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def shown(client, **asked) -> str:
    return words(client.get(PAGE, asked).content.decode())


def staff(client, *permissions):
    reader = Reader.objects.create_user("staff@example.com", is_staff=True)
    for name in ("wagtailadmin.access_admin", *permissions):
        app, codename = name.split(".")
        reader.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    client.force_login(reader)
    return client


def test_the_page_says_why_a_browser_met_the_wall(chief, device):
    at = models.RecordedDecision.objects.get(reason="spent").at
    local = at.astimezone(publication.current().zone)
    page = shown(
        chief, story=4, who="device", named=device, at=f"{local:%Y-%m-%dT%H:%M:%S}"
    )
    assert "Shown was the lead-in and the wall." in page
    assert "The free stories of this period are used up." in page
    assert "3 of 3 free stories, from" in page
    for story_id in (1, 2, 3):
        assert f"/business/a-story-{story_id}/" in page
    assert "logged in as a registered reader: the whole story, counted (4 of 5)" in page
    assert "with a limit of 4: the whole story, counted (4 of 4)" in page
    now = shown(chief, story=2, who="device", named=device)
    assert "Shown now would be the whole story." in now


def test_the_page_costs_the_same_however_much_was_read(chief, device):
    other = new_id(publication.now())
    read(other, 1)

    def cost(who):
        with CaptureQueriesContext(connection) as counted:
            shown(chief, story=1, who="device", named=who)
        return len(counted)

    cost(device)
    costs = {cost(device), cost(other)}
    assert len(costs) == 1
    assert costs.pop() <= 24


def test_a_story_is_cut_for_each_kind_of_reader(chief, device):
    page = shown(chief, story=1)
    for line in (
        "A reader who is not logged in, 0 stories read the whole story, counted (1 of 3)",
        "A reader who is not logged in, 2 stories read the whole story, counted (3 of 3)",
        "A reader who is not logged in, 3 stories read the lead-in and the wall",
        "A registered reader, 4 stories read the whole story, counted (5 of 5)",
        "A subscriber the whole story A grant opens the story.",
        "A browser that keeps no cookies the lead-in and the wall",
        "Googlebot, with proof the lead-in, and what it takes to read on",
        "GPTBot, with proof nothing: the story is refused",
    ):
        assert line in page
    premium = shown(chief, story=1, access="premium")
    assert "The story in print is metered" in premium
    assert "A reader who is not logged in the lead-in, and what it takes" in premium
    draft = shown(chief, story=999, access="vertical:investor")
    assert "This story has never been published" in draft
    assert "Who has bought this vertical the whole story" in draft


def test_who_works_on_stories_sees_the_cuts_and_nobodys_reading(client, device):
    client = staff(client, "newsroom.change_story")
    page = shown(client, story=4, who="device", named=device)
    assert "A subscriber the whole story" in page
    assert "Shown" not in page and "Recorded views" not in page
    assert 'name="named"' not in client.get(PAGE).content.decode()


def test_without_either_permission_there_is_no_page(client, device):
    assert staff(client).get(PAGE).status_code == 302  # Back to the desk, with a word.


def test_mail_addresses_are_for_those_who_may_see_readers(client, chief, device):
    anne = Reader.objects.create_user("anne@example.com")
    by_mail = {"story": 4, "who": "reader", "named": "anne@example.com"}
    by_number = {**by_mail, "named": anne.public_id}
    assert "Shown now would be" in shown(chief, **by_mail)
    assert "anne@example.com" in shown(chief, **by_number)
    assert "Nobody is known by this." in shown(chief, **{**by_mail, "named": "no@x.in"})

    some = staff(client, "gate.view_recordeddecision")

    assert "Give the reader’s number." in shown(some, **by_mail)
    page = shown(some, **by_number)
    assert "Shown now would be" in page and "anne@" not in page


@pytest.mark.parametrize(
    "asked",
    [
        {"story": "x"},
        {"story": "0"},
        {"story": "1", "access": "<b>"},
        {"story": "1", "who": "nobody"},
        {"story": "1", "at": "noon"},
        {"story": "99999999999999999999"},
        {"story": "1", "who": "device", "named": "no"},
        {"story": "999", "who": "anonymous"},
    ],
)
def test_what_cannot_be_asked_is_refused_on_the_page(chief, device, asked):
    reply = chief.get(PAGE, asked)
    assert reply.status_code == 200
    assert "error-message" in reply.content.decode()
    assert "no-store" in reply["Cache-Control"]


def test_the_list_of_readers_leads_to_the_question(chief, device):
    anne = Reader.objects.create_user("anne@example.com")
    users = chief.get("/desk/users/").content.decode()
    assert f"{PAGE}?named={anne.public_id}" in users
    form = chief.get(PAGE, {"named": anne.public_id}).content.decode()
    assert f'value="{anne.public_id}"' in form
    assert 'value="reader" selected' in form


def test_a_moment_is_the_publications(chief, device):
    local = (publication.now() - timedelta(days=1)).astimezone(
        publication.current().zone
    )
    page = shown(
        chief, story=4, who="device", named=device, at=f"{local:%Y-%m-%dT%H:%M}"
    )
    assert "Shown would have been the whole story." in page
    assert f"No view near {local:%-d %B %Y, %H:%M}:00 was recorded" in page
