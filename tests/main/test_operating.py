"""Probes, metrics, request ids, headers: asked through the whole stack."""

from __future__ import annotations

import json
import logging

import pytest
from django.db import connection, transaction
from django.test import Client

from broadsheet.kit import headers
from broadsheet.plumbing.models import Announcement, Delivery


def test_healthz_asks_nobody(client):
    # No database mark: a query would fail this test.
    answer = client.get("/healthz", headers={"host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_says_yes_when_every_migration_is_applied(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


@pytest.mark.django_db
def test_readyz_names_the_migration_that_is_missing(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'plumbing'")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert "plumbing.0001_publication_and_outbox first" in answer.json()["reason"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/authors/%00/", "/topics/a%00b/", "/desk/%00/"])
def test_nothing_is_at_an_address_that_no_text_can_hold(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.django_db
def test_metrics_know_routes_and_backlog_but_no_paths(client, at):
    client.get("/accounts/login/?next=/secret/")
    client.get("/no/such/page/")
    with transaction.atomic():
        fact = Announcement.objects.create(
            id="01a20c3a-db95-756d-bbd4-71535db1c835", topic="t", payload={}, at=at
        )
        Delivery.objects.create(announcement=fact, handler="a")
        Delivery.objects.create(announcement=fact, handler="b", last_error="no")
    said = client.get("/metrics").content.decode()
    assert 'route="accounts:login",status="200"' in said
    assert 'route="none",status="404"' in said
    assert "broadsheet_outbox_waiting 2.0\n" in said
    assert "broadsheet_outbox_failed 1.0\n" in said
    assert "secret" not in said and "such" not in said


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "192.0.2.7"}, 403),
        ({"REMOTE_ADDR": ""}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=192.0.2.7"}, 403),
        ({"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Bearer "}, 403),
        ({"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Bearer é"}, 403),
    ],
)
def test_metrics_are_for_this_machine_without_a_token(given, status):
    assert Client(**given).get("/metrics").status_code == status


@pytest.mark.django_db
def test_metrics_are_for_whoever_holds_the_token(settings):
    from dataclasses import replace

    settings.BROADSHEET = replace(settings.BROADSHEET, metrics_token="t0ken")
    for token, status in (("t0ken", 200), ("t0kem", 403), ("", 403)):
        given = {"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": f"Bearer {token}"}
        assert Client(**given).get("/metrics").status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["abcdefgh", "A.b-c_d.0123", "a" * 64])
def test_a_sane_request_id_is_kept(client, given):
    answer = client.get("/accounts/login/", headers={"x-request-id": given})
    assert answer["X-Request-Id"] == given


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["", "short", "a" * 65, 'x"y\\z{}12', "ab\tcdefgh"])
def test_a_strange_request_id_is_replaced(client, given):
    answer = client.get("/accounts/login/", headers={"x-request-id": given})
    assert answer["X-Request-Id"] != given
    assert len(answer["X-Request-Id"]) == 36


@pytest.mark.django_db
def test_a_line_a_request_and_no_person_in_it(client, caplog):
    with caplog.at_level(logging.INFO, logger="broadsheet.requests"):
        client.get(
            "/accounts/login/?email=kavya@example.com&token=s3cret",
            headers={"cookie": "a=b", "x-request-id": "request-0001"},
        )
    line = next(r.msg for r in caplog.records if r.name == "broadsheet.requests")
    said = json.dumps(line)
    assert line["event"] == "answered"
    assert line["route"] == "accounts:login"
    assert (line["status"], line["method"]) == (200, "GET")
    assert line["request_id"] == "request-0001"
    for never in ("kavya", "s3cret", "a=b", "127.0.0.1", "?"):
        assert never not in said


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/desk/", "/no/such/page/"])
def test_every_answer_carries_the_headers_of_the_table(client, settings, path):
    answer = client.get(path)
    table = headers.of_page(path, (settings.BROADSHEET.gateway_url,))
    assert {name: answer[name] for name, _ in table} == dict(table)


@pytest.mark.django_db
def test_an_answer_keeps_a_header_of_its_own(client):
    # A link in a login letter must not be told to other sites.
    assert client.get("/accounts/login/")["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db
def test_no_cache_may_keep_a_page_that_says_nothing_of_caches(client):
    assert client.get("/search/").headers["Cache-Control"] == "private, no-cache"
    assert "private" in client.get("/nowhere/at-all/").headers["Cache-Control"]
