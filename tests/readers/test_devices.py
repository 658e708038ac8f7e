from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession

from broadsheet.readers import queries
from broadsheet.readers.events import LoggedOutEverywhere, SessionEnded

from .conftest import PASSWORD, browser, whoami

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 "
    "Mobile/15E148 Safari/604.1"
)


def logged_in(asha, **headers):
    client = browser(**headers)
    client.post("/accounts/password/", {"email": asha.email, "password": PASSWORD})
    return client


def text_of(response):
    return " ".join(response.content.decode().split())


def test_devices_are_told_in_words_and_ended_one_by_one(asha, clock, heard):
    laptop = logged_in(asha)
    clock.forward(minutes=2)
    phone = logged_in(asha, **{"user-agent": IPHONE})
    heard.clear()
    page = text_of(laptop.get("/account/security/"))
    assert "<strong>Firefox on Linux</strong> <em>this device</em>" in page
    assert "<strong>Safari on iPhone</strong>" in page
    assert page.count("this device") == 1
    assert page.count("from the network 127.0.0.0/24") == 2

    mine = laptop.session.session_key
    devices = queries.devices(asha, this_session=mine)
    assert [(d.browser, d.is_this) for d in devices] == [
        ("Safari", False),
        ("Firefox", True),
    ]
    response = laptop.post(f"/account/security/devices/{devices[0].id}/end/")
    assert response["Location"] == "/account/security/"
    assert heard == [SessionEnded(asha.public_id)]
    assert whoami(phone) is None
    assert whoami(laptop) == asha.email
    assert len(queries.devices(asha, this_session=mine)) == 1

    again = laptop.post(f"/account/security/devices/{devices[0].id}/end/", follow=True)
    assert "That device was logged out already." in text_of(again)
    assert len(heard) == 1


def test_nobody_ends_the_session_of_another(asha, heard):
    from broadsheet.readers.models import Reader

    ravi = Reader.objects.create_user("ravi@example.com", PASSWORD)
    victim = logged_in(asha)
    attacker = logged_in(ravi)
    heard.clear()
    row = UserSession.objects.get(user=asha)
    attacker.post(f"/account/security/devices/{row.pk}/end/")
    assert heard == []
    assert whoami(victim) == asha.email


def test_logging_out_everywhere_ends_the_unlisted_too(asha, heard):
    here, there, unlisted = logged_in(asha), logged_in(asha), browser()
    unlisted.force_login(asha)
    assert whoami(unlisted) == asha.email
    heard.clear()
    response = here.post("/account/security/log-out-everywhere/")
    assert response["Location"] == "/accounts/signed-out/"
    assert heard == [LoggedOutEverywhere(asha.public_id)]
    assert [whoami(c) for c in (here, there, unlisted)] == [None] * 3
    assert UserSession.objects.count() == 0


def test_logging_out_ends_this_session_alone(asha, heard):
    here, there = logged_in(asha), logged_in(asha)
    heard.clear()
    page = text_of(here.get("/accounts/logout/"))
    assert "Log out of this browser?" in page
    assert whoami(here) == asha.email
    assert here.post("/accounts/logout/")["Location"] == "/accounts/signed-out/"
    assert [whoami(c) for c in (here, there)] == [None, asha.email]
    assert heard == [SessionEnded(asha.public_id)]
    assert UserSession.objects.count() == 1
    assert "You are logged out" in text_of(here.get("/accounts/signed-out/"))
    here.post("/accounts/logout/")
    assert len(heard) == 1


def test_last_seen_moves_every_five_minutes(asha, clock):
    client = logged_in(asha)
    whoami(client)
    before = UserSession.objects.get().last_seen_at
    clock.forward(minutes=4)
    whoami(client)
    assert UserSession.objects.get().last_seen_at == before
    clock.forward(minutes=2)
    whoami(client)
    moved = UserSession.objects.get().last_seen_at - before
    assert 360 <= moved.total_seconds() < 370


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_two_queries(asha, count, django_assert_num_queries):
    for _ in range(count):
        logged_in(asha)
    with django_assert_num_queries(2):
        assert len(queries.devices(asha, this_session=None)) == count


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("get", "password/"),
        ("get", "email/"),
        ("get", "data.json"),
        ("post", "name/"),
        ("post", "prove/"),
        ("post", "log-out-everywhere/"),
        ("post", "devices/1/end/"),
    ],
)
def test_strangers_are_sent_to_log_in_and_back(transactional_db, method, path):
    response = getattr(browser(), method)("/account/security/" + path)
    assert response.status_code == 302
    quoted = ("/account/security/" + path).replace("/", "%2F")
    assert response["Location"] == f"/accounts/login/?next={quoted}"
