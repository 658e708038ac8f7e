"""Cookies on Django's responses, seen by a client that logs in and out."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client, override_settings

from broadsheet.gate.core import passes
from broadsheet.gate.core.passes import DEVICE_COOKIE, READER_COOKIE
from broadsheet.gate.house import actions, minting, models, queries
from broadsheet.plumbing import publication
from broadsheet.readers.models import Reader
from tests.gate.conftest import facts

pytestmark = pytest.mark.django_db

WITH_PASSES = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "broadsheet.gate.house.middleware.PassMiddleware",
]


@pytest.fixture
def client():
    with override_settings(
        ROOT_URLCONF="tests.gate.urls", MIDDLEWARE=WITH_PASSES, ALLOWED_HOSTS=["*"]
    ):
        yield Client()


@pytest.fixture
def anne():
    return Reader.objects.create_user("anne@example.com", "a long password")


def carried(client):
    return passes.name_reader(minting.keyring(), client.cookies[READER_COOKIE].value)


def test_the_first_page_gives_a_device_cookie_and_keeps_it(client):
    first = client.get("/page/")
    second = client.get("/page/")

    assert list(first.cookies) == [DEVICE_COOKIE]
    assert list(second.cookies) == []
    attributes = {key: value for key, value in first.cookies[DEVICE_COOKIE].items()}
    assert attributes["max-age"] == 90 * 86400
    assert (attributes["path"], attributes["samesite"]) == ("/", "Lax")
    assert attributes["secure"] and attributes["httponly"]
    assert not attributes["domain"]


def test_data_gives_no_cookie_and_a_stranger_touches_no_session(client):
    reply = client.get("/data/")

    assert list(reply.cookies) == []
    assert "Cookie" not in reply.headers.get("Vary", "")


def test_a_spoilt_device_cookie_is_replaced(client):
    client.cookies[DEVICE_COOKIE] = "spoilt"

    assert list(client.get("/page/").cookies) == [DEVICE_COOKIE]


def test_a_login_mints_a_pass_that_is_kept_while_it_holds(client, anne):
    reply = client.get("/in/anne@example.com/")

    assert set(reply.cookies) == {
        DEVICE_COOKIE,
        READER_COOKIE,
        settings.SESSION_COOKIE_NAME,
    }
    assert carried(client).identity == anne.public_id
    assert list(client.get("/page/").cookies) == []


def test_a_lost_or_foreign_pass_is_minted_anew(client, anne):
    client.get("/in/anne@example.com/")
    other = Reader.objects.create_user("bert@example.com", "a long password")
    for text in ("", "spoilt", minting.token(other.public_id, publication.now())):
        client.cookies[READER_COOKIE] = text
        assert list(client.get("/page/").cookies) == [READER_COOKIE]
        assert carried(client).identity == anne.public_id


def test_logout_takes_the_pass_and_leaves_the_union_with_the_device(client, anne):
    at = publication.now()
    client.get("/in/anne@example.com/")
    for story_id in (1, 2):
        actions.file_story(facts(story_id), at=at)
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        assert queries.decide(story_id, cookies=cookies, at=at, count=True).full
    device = queries.device(cookies)

    reply = client.get("/out/")

    assert reply.cookies[READER_COOKIE].value == ""
    assert reply.cookies[READER_COOKIE]["secure"]
    assert reply.cookies[READER_COOKIE]["max-age"] == 0
    row = models.MeterRow.objects.get(identity=device)
    assert sorted(row.stories) == [1, 2]


def counted(client, *story_ids):
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    at = publication.now()
    for story_id in story_ids:
        actions.file_story(facts(story_id), at=at)
        assert queries.decide(story_id, cookies=cookies, at=at, count=True).full
    return queries.device(cookies)


def test_a_login_over_another_login_takes_along_what_that_one_has_read(client, anne):
    bert = Reader.objects.create_user("bert@example.com", "a long password")
    client.get("/in/anne@example.com/")
    device = counted(client, 1, 2)

    client.get("/in/bert@example.com/")

    for identity in (device, bert.public_id):
        row = models.MeterRow.objects.get(identity=identity)
        assert sorted(row.stories) == [1, 2]


def test_what_caches_may_keep_for_everybody_carries_nobodys_cookie(client, anne):
    client.get("/in/anne@example.com/")
    del client.cookies[READER_COOKIE]

    reply = client.get("/feed/")

    assert list(reply.cookies) == []
    assert reply.headers["Cache-Control"] == "public, max-age=300"


def test_a_page_or_a_cookie_is_for_no_shared_cache(client, anne):
    assert client.get("/page/").headers["Cache-Control"] == "private, no-cache"
    client.get("/in/anne@example.com/")
    del client.cookies[READER_COOKIE]

    reply = client.get("/data/")

    assert list(reply.cookies) == [READER_COOKIE]
    assert reply.headers["Cache-Control"] == "private, no-cache"
