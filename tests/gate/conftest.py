"""A newspaper of six stories, a gate before it, and browsers at its door."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from broadsheet.gate.asgi import Gate
from broadsheet.gate.core import passes
from broadsheet.gate.core.pages import PressedPage
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.core.vocabulary import Orders, Pass, Policy, StoryFacts
from broadsheet.gate.store.memory import MemoryStore
from broadsheet.plumbing import publication
from tests.gate.valkeys import FIRST_PORT, OneServer, SixServers

AT = datetime(2026, 8, 3, 4, 30, tzinfo=UTC)
RING = Keyring.of("a secret of the tests")
DEVICE = UUID("00000000-0000-4000-8000-00000000d001")
READER = UUID("00000000-0000-4000-8000-00000000a001")
NEWS_BIT = 1

FURNITURE = {
    "account:anonymous": '<a href="/accounts/login/?next={{path}}">Log in</a>',
    "account:reader": "<a>Account</a>",
    "trouble": "<p>owing</p>",
    "meter": "<p>{{count}} of {{limit}}, {{remaining}} left</p>",
    "wall:metered": "<p>limit of {{limit}} in {{section}}</p>",
    "wall:premium": "<p>premium</p>",
    "wall:cookies": "<p>cookies</p>",
    "wall:register": "<p>sign up for {{limit}}</p>",
    "ad:top": "<ins>top</ins>",
    "ad:mid": "<ins>mid</ins>",
}


def facts(story_id: int, access: str = "metered", **changes) -> StoryFacts:
    values = {
        "path": f"/business/a-story-{story_id}/",
        "section": "Business",
        "published_at": AT,
        "revision": 1,
        **changes,
    }
    return StoryFacts(story_id=story_id, access=access, **values)


def pressed(story_id: int, revision: int = 1) -> PressedPage:
    top = f"<html><!--slot:account--><!--slot:trouble--><!--slot:ad:top--><h1>Story {story_id}</h1>"
    return PressedPage(
        story_id,
        revision,
        full=f"{top}<!--slot:gift--><!--slot:meter--><p>canary{story_id}</p></html>".encode(),
        cut=f"{top}<p>lead-in</p><!--slot:wall--></html>".encode(),
    )


@dataclass
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: str

    def __getitem__(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key == name]
        return found[0] if found else None

    @property
    def cookies(self) -> dict[str, str]:
        set_cookies = [v for key, v in self.headers if key == "set-cookie"]
        pairs = (one.partition(";")[0].partition("=") for one in set_cookies)
        return {name: value for name, _, value in pairs}

    @property
    def shows_all(self) -> bool:
        return "canary" in self.body


async def fetch(
    app, raw: str, cookies=None, *, method="GET", headers=(), client=None
) -> Reply:
    """Ask `app` for `raw`, an address spelled exactly so."""
    path, _, query = raw.partition("?")
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    if cookies:
        pairs = "; ".join(f"{name}={value}" for name, value in cookies.items())
        sent.append((b"cookie", pairs.encode("latin-1")))
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": sent,
        "client": client,
    }
    messages = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        messages.append(message)

    await app(scope, receive, send)
    start, *bodies = messages
    return Reply(
        start["status"],
        [(name.decode(), value.decode()) for name, value in start["headers"]],
        b"".join(part["body"] for part in bodies).decode(),
    )


@dataclass
class Browser:
    """Keeps cookies and follows the round trip, as browsers do."""

    gate: object
    cookies: dict[str, str] = field(default_factory=dict)
    keeps: bool = True

    async def get(self, raw: str, **options) -> Reply:
        for _ in range(3):
            reply = await fetch(self.gate, raw, self.cookies, **options)
            if self.keeps:
                self.cookies |= reply.cookies
            if reply.status != 302:
                return reply
            raw = reply["location"]
        raise AssertionError(f"{raw} redirects for ever")

    async def read(self, story_id: int, **options) -> Reply:
        return await self.get(f"/business/a-story-{story_id}/", **options)


def device_cookie(device: UUID = DEVICE, at: datetime = AT) -> dict[str, str]:
    return {passes.DEVICE_COOKIE: passes.device_cookie(RING, device, at)}


def reader_pass(reader: UUID = READER, bits: int = 0, **changes) -> dict[str, str]:
    values = {
        "expires": int(AT.timestamp()) + 600,
        "entitled_until": int(AT.timestamp()) + 3600 if bits else 0,
        **changes,
    }
    carried = Pass(identity=reader, bits=bits, **values)
    return {passes.READER_COOKIE: passes.reader_pass(RING, carried)}


class Newspaper:
    """The gate under test, with everything around it in the open."""

    def __init__(self, store, **options) -> None:
        self.store = store
        self.at = AT
        self.pressed: list[int] = []
        self.unpressable: set[int] = set()
        self.minted: list[dict[str, str]] = []
        self.sessions: dict[str, dict[str, str]] = {}
        self.passed_on: list[str] = []
        self.gate = Gate(
            self._django,
            store=store,
            keyring=RING,
            presser=self._press,
            minter=self._mint,
            wall=lambda: self.at,
            **options,
        )

    def browser(self, **cookies) -> Browser:
        return Browser(self.gate, dict(cookies))

    def later(self, **by) -> None:
        self.at += timedelta(**by)

    async def _django(self, scope, receive, send) -> None:
        self.passed_on.append(scope["path"])
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b"Django's page"})

    def _press(self, story_id: int) -> PressedPage | None:
        self.pressed.append(story_id)
        return None if story_id in self.unpressable else pressed(story_id)

    def _mint(self, cookies) -> str | None:
        self.minted.append(dict(cookies))
        found = self.sessions.get(cookies["__Host-broadsheet-session"])
        return found and found[passes.READER_COOKIE]


@pytest.fixture
async def paper():
    """Stories 1 to 9 are metered, 20 is free, 30 premium, 40 a vertical's."""
    store = MemoryStore(Orders(Policy(limit_anonymous=3, extra_registered=2)))
    for story_id in range(1, 10):
        store.file_story(facts(story_id))
        store.press(pressed(story_id))
    for story_id, access in ((20, "free"), (30, "premium"), (40, "vertical:investor")):
        store.file_story(facts(story_id, access))
        store.press(pressed(story_id))
    store.file_furniture(FURNITURE)
    newspaper = Newspaper(store)
    yield newspaper
    await newspaper.gate.close()


GATE_TABLES = (
    "gate_change",
    "gate_crawlerdocument",
    "gate_crawlerrule",
    "gate_crawlervisit",
    "gate_forgotten",
    "gate_furniture",
    "gate_giftlink",
    "gate_giftmonth",
    "gate_giftopening",
    "gate_giftterms",
    "gate_grant",
    "gate_meterrow",
    "gate_newcomerrow",
    "gate_newcomersalt",
    "gate_policy",
    "gate_policyedition",
    "gate_pool",
    "gate_poolrule",
    "gate_pressedlisting",
    "gate_pressedpage",
    "gate_readerepoch",
    "gate_recordeddecision",
    "gate_release",
    "gate_storyfact",
    "gate_vertical",
    "gate_wallhit",
    "gate_wallrule",
    "gate_wallvariant",
    "plumbing_publication",
)


@pytest.fixture
def conninfo(db) -> str:
    """An empty gate in PostgreSQL, for connections that are not Django's."""
    database = connection.settings_dict
    parts = {
        "dbname": database["NAME"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "host": database["HOST"],
        "port": str(database["PORT"]),
    }
    found = make_conninfo(**{name: value for name, value in parts.items() if value})
    empty_gate(found)
    publication.forget()
    return found


def empty_gate(conninfo: str) -> None:
    with psycopg.connect(conninfo) as direct:
        direct.execute(f"TRUNCATE {', '.join(GATE_TABLES)} RESTART IDENTITY")


@pytest.fixture(scope="session")
def started_valkey():
    with TemporaryDirectory(prefix="broadsheet-") as folder:
        # Every count is on the disk before it is answered.
        lasting = ("--appendonly", "yes", "--appendfsync", "always")
        server = OneServer(Path(folder), FIRST_PORT, *lasting)
        yield server
        server.kill()


@pytest.fixture(scope="session")
def started_cluster():
    with TemporaryDirectory(prefix="broadsheet-") as folder:
        cluster = SixServers(Path(folder), FIRST_PORT + 1)
        yield cluster
        cluster.kill()


@pytest.fixture
def valkey(started_valkey) -> OneServer:
    """A real Valkey or Redis server, empty."""
    started_valkey.empty()
    return started_valkey


@pytest.fixture
def valkey_cluster(started_cluster) -> SixServers:
    """A real cluster of three masters and three replicas, empty."""
    started_cluster.empty()
    return started_cluster


@pytest.fixture(params=["valkey", "valkey_cluster"])
def valkeys(request):
    """First the one server, then the cluster."""
    return request.getfixturevalue(request.param)
