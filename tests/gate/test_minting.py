"""A login's whole life at the gate: Django's session vouches, a grant opens and closes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from broadsheet.gate.asgi import Gate
from broadsheet.gate.core.passes import READER_COOKIE
from broadsheet.gate.house import actions, queries
from broadsheet.gate.house.threads import in_gate_thread
from broadsheet.gate.store.postgres import PostgresStore
from broadsheet.plumbing import publication
from broadsheet.readers.models import Reader
from tests.gate.conftest import FURNITURE, Browser, facts, pressed


async def do(verb, *args, **kwargs):
    return await asyncio.to_thread(in_gate_thread(verb), *args, **kwargs)


def join_and_log_in() -> tuple[Reader, dict[str, str]]:
    reader = Reader.objects.create_user("carol@example.com", "a long password")
    client = Client()
    client.force_login(reader, "django.contrib.auth.backends.ModelBackend")
    return reader, {name: morsel.value for name, morsel in client.cookies.items()}


def leave() -> None:
    Reader.objects.filter(email="carol@example.com").delete()
    Session.objects.all().delete()


@pytest.fixture
async def gate(conninfo):
    at = await do(publication.now)
    await do(actions.file_story, facts(30, "premium"), at=at)
    await do(actions.file_furniture, FURNITURE, at=at)

    def press(story_id):
        actions.press(pressed(story_id), at=at)
        return pressed(story_id)

    async def not_found(scope, receive, send):
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    standing = Gate(
        not_found,
        store=PostgresStore(conninfo),
        keyring=queries.keyring(),
        presser=in_gate_thread(press),
        minter=in_gate_thread(queries.mint),
        session_cookie=settings.SESSION_COOKIE_NAME,
    )
    yield standing
    await standing.close()
    await do(leave)


async def test_a_session_a_grant_and_its_end(gate):
    at = await do(publication.now)
    reader, cookies = await do(join_and_log_in)
    browser = Browser(gate, cookies)

    before = await browser.read(30)
    await do(
        actions.admit,
        reader.public_id,
        feature="news",
        starts=at,
        ends=at + timedelta(days=90),
        source="subscriptions",
        reference="s1",
        at=at,
    )
    await asyncio.sleep(0.8)
    during = await browser.read(30)
    again = await browser.read(30)
    await do(actions.dismiss, source="subscriptions", reference="s1", ends=at, at=at)
    await asyncio.sleep(0.8)
    after = await browser.read(30)

    shown = [reply.shows_all for reply in (before, during, again, after)]
    assert shown == [False, True, True, False]
    given = [list(reply.cookies) for reply in (before, during, again, after)]
    assert given == [[READER_COOKIE], [READER_COOKIE], [], [READER_COOKIE]]
    assert all("<a>Account</a>" in reply.body for reply in (before, during, after))
    assert dict(gate.tally.faults) == {}


async def test_a_session_that_ended_vouches_for_nobody(gate):
    _, cookies = await do(join_and_log_in)
    await do(Session.objects.all().delete)
    browser = Browser(gate, cookies)

    reply = await browser.read(30)

    assert (reply.status, reply.cookies) == (200, {})
    assert "Log in" in reply.body


async def test_the_page_is_pressed_filed_and_then_taken_from_the_store(gate, conninfo):
    first = await Browser(gate).read(30)
    store = PostgresStore(conninfo)
    await store.open()
    try:
        assert await store.page(30) == pressed(30)
    finally:
        await store.close()
    assert (first.status, first.shows_all) == (200, False)
