"""Two gates, the newsroom, and PostgreSQL between them: what is live is seen at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from broadsheet.front.web import listings
from broadsheet.gate.asgi import Gate
from broadsheet.gate.core.listings import PACE
from broadsheet.gate.house.threads import in_gate_thread
from broadsheet.gate.store.postgres import PostgresStore
from broadsheet.kit import clock
from broadsheet.news.newsroom import actions
from broadsheet.plumbing import publication
from broadsheet.plumbing.models import Publication
from tests.gate.conftest import RING, device_cookie, fetch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


class Nodes:
    """Two processes' gates, as far as they share nothing but the database."""

    def __init__(self) -> None:
        database = connection.settings_dict
        names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD"}
        names |= {"host": "HOST", "port": "PORT"}
        parts = {mine: str(database[its]) for mine, its in names.items()}
        address = make_conninfo(**{k: v for k, v in parts.items() if v})
        self.passed_on: list[str] = []
        self.gates = [self._gate(address) for _ in range(2)]

    def _gate(self, address: str) -> Gate:
        return Gate(
            self._django,
            store=PostgresStore(address),
            keyring=RING,
            presser=lambda _: None,
            lister=in_gate_thread(listings.press_for_gate),
            minter=lambda _: None,
        )

    async def _django(self, scope, receive, send) -> None:
        self.passed_on.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"Django's page"})

    async def get(self, node: int, path: str = "/") -> str:
        cookie = device_cookie(at=clock.wall())
        return (await fetch(self.gates[node], path, cookie)).body

    async def ready(self, path: str = "/") -> None:
        """Ask until both have the page."""
        for node in (0, 1):
            for _ in range(100):
                if "Django's page" not in await self.get(node, path):
                    break
                await asyncio.sleep(0.05)

    async def seen_after(self, words: str, *, gone: bool = False) -> float:
        """Return after how many seconds both show, or no longer show, these words."""
        began = clock.steady()
        while clock.steady() - began < 5:
            pages = [await self.get(node) for node in (0, 1)]
            if all((words in page) is not gone for page in pages):
                return clock.steady() - began
            await asyncio.sleep(0.01)
        raise AssertionError(f"{words!r} was not seen in five seconds")


@pytest.fixture
async def nodes(settled):
    made = Nodes()
    await made.ready()
    yield made
    for gate in made.gates:
        await gate.close()


@pytest.fixture
def settled(published):
    """The newsroom has printed a story."""
    publication.move_clock(timedelta(0))
    published("The first")


async def done(verb, **words):
    return await asyncio.to_thread(in_gate_thread(verb), **words)


def print_story(headline: str) -> int:
    now = publication.now()
    words = {"section_slug": "markets", "standfirst": "", "blocks": []}
    story = actions.file(headline=headline, at=now, **words)
    actions.publish(story_id=story.pk, at=now)
    return story.pk


async def test_a_publish_a_correction_and_a_kill_are_seen_within_a_second(nodes):
    story_id = await done(print_story, headline="Rain at last")
    assert await nodes.seen_after("Rain at last") < 1.0

    change = {"text": "It was snow.", "changes": {"headline": "Snow at last"}}
    now = publication.now()
    await done(actions.correct, story_id=story_id, at=now, **change)
    assert await nodes.seen_after("Snow at last") < 1.0

    await done(actions.withdraw, story_id=story_id, reason="x", at=now)
    assert await nodes.seen_after("Snow at last", gone=True) < 1.0


async def test_a_burst_of_publishing_presses_the_front_once_a_second(nodes):
    began = clock.steady()
    presses: set[str] = set()
    for number in range(40):
        await done(print_story, headline=f"News {number}")
        for node in (0, 1):
            await nodes.get(node)
        presses.add(await done(last_press))
    assert await nodes.seen_after("News 39") < 1.0
    presses.add(await done(last_press))
    lasted = clock.steady() - began
    assert 2 <= len(presses) <= lasted / PACE + 2
    assert nodes.passed_on == ["/"]


def last_press() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT begun_at::text FROM gate_pressedlisting")
        return str(cursor.fetchone()[0])


async def test_a_renamed_paper_is_seen_within_a_second(nodes):
    await done(rename, name="The New Paper")
    assert await nodes.seen_after("<title>The New Paper") < 1.5


def rename(name: str) -> None:
    Publication.objects.update(name=name)
