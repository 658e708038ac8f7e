"""
What does clearing cookies win, and whom does a budget for new devices hurt? Readers who
do not exist read for a month through the real gate over PostgreSQL, with the budget off
and at several settings: some clear their cookies, most are honest.

`leak`: full stories beyond the limit of three, a reader and month. `false wall`: honest
readers of whom at least one view in the month met the registration wall. Nobody here
ever signs up, so a reader who is asked to is asked again. The lot is drawn by a fixed
seed: the same command gives the same table, whatever the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.main.settings")
os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")

LIMIT = 3
STORIES = 400
BEGINS = datetime(2026, 8, 31, 18, 30, tzinfo=UTC)  # 1 September in Mumbai.
SEED = 21

# New devices of an address, of its neighbourhood, hours, more for each known one.
SETTINGS: dict[str, tuple[int, int, int, int]] = {
    "off": (0, 0, 24, 1),
    "1, nearby 0": (1, 0, 24, 1),
    "3, nearby 20": (3, 20, 24, 1),
    "10, nearby 50": (10, 50, 24, 1),
    "30, nearby 100": (30, 100, 24, 1),
    "3, nearby 20, none for known": (3, 20, 24, 0),
}


@dataclass(slots=True)
class Person:
    """A reader with a browser, or a program; `jar` holds the cookies that it keeps."""

    name: str
    honest: bool
    address: Callable[[random.Random], str]
    sessions: Callable[[random.Random, int], list[int]]  # Of a day: stories in each.
    clears: str = ""  # "session", "story", or never.
    jar: dict[str, str] = field(default_factory=dict)
    full: int = 0
    asked: int = 0
    views: int = 0


def at(address: str) -> Callable[[random.Random], str]:
    return lambda lot: address


def daily(*stories: int) -> Callable[[random.Random, int], list[int]]:
    return lambda lot, day: list(stories)


def now_and_then(lot: random.Random, day: int) -> list[int]:
    """Once in six days, one story or two."""
    return [lot.choice((1, 1, 2))] if lot.random() < 1 / 6 else []


def many(
    name: str, count: int, address: Callable[[int], Any], old: float, lot: random.Random
) -> Iterator[Person]:
    """Yield honest readers, a share `old` of whom the paper has seen before."""
    for number in range(count):
        person = Person(name, True, address(number), now_and_then)
        if lot.random() < old:
            age = timedelta(days=lot.uniform(0, 89))
            person.jar = device(UUID(int=lot.getrandbits(128)), BEGINS - age)
        yield person


def device(identity: UUID, since: datetime) -> dict[str, str]:
    from broadsheet.gate.core import passes

    return {passes.DEVICE_COOKIE: passes.device_cookie(ring(), identity, since)}


def ring() -> Any:
    from broadsheet.gate.core.passes import Keyring

    return Keyring.of("a secret of the benchmark")


def people(scale: Scale) -> Iterator[Person]:
    lot = random.Random(SEED)
    home = "81.2.69."
    yield Person("keeps her cookies", True, at(home + "10"), daily(4))
    yield Person(
        "clears cookies once a day", False, at(home + "20"), daily(4), "session"
    )
    yield Person(
        "private window, twice a day", False, at("81.2.70.30"), daily(2, 2), "session"
    )
    yield Person(
        "clears cookies for each story", False, at("81.2.71.40"), daily(4), "story"
    )
    yield Person(
        "program, one address", False, at("81.2.72.50"), daily(scale.program), "story"
    )
    yield from many("household of 4", 4, lambda n: at("81.2.73.60"), 0.5, lot)
    yield from many("NAT of 500", 500, lambda n: at("81.2.74.70"), 0.6, lot)
    yield from many(
        "NAT of 500, none seen before", 500, lambda n: at("81.2.76.80"), 0, lot
    )
    yield Person(
        "clears for each story, in the NAT", False, at("81.2.74.70"), daily(4), "story"
    )
    hop = lambda lot: f"81.2.75.{lot.randrange(1, 17)}"  # noqa: E731  A pool of 16.
    yield from many("mobile, 200 hopping over 16", 200, lambda n: hop, 0.6, lot)


@dataclass(frozen=True, slots=True)
class Scale:
    days: int
    program: int  # Stories a day.


QUICK, FULL = Scale(4, 30), Scale(30, 200)


# --- The gate -------------------------------------------------------------------------


class Paper:
    """The real gate over a real store, at a time that we say."""

    def __init__(self, conninfo: str) -> None:
        from broadsheet.gate.asgi import Gate
        from broadsheet.gate.store.postgres import PostgresStore

        self.now = BEGINS
        self.gate = Gate(
            self._nobody,
            store=PostgresStore(conninfo),
            keyring=ring(),
            presser=lambda story_id: None,
            minter=lambda cookies: None,
            wall=lambda: self.now,
        )

    async def _nobody(self, scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError(f"{scope['path']} is not a story of ours")

    async def view(self, person: Person, story: int, lot: random.Random) -> str:
        """Return "full", "register" or "wall", after the round trip for the cookie."""
        path, query = f"/business/a-story-{story}/", b""
        client = (person.address(lot), 5000)
        for _ in range(3):
            status, headers, body = await self._ask(path, query, person.jar, client)
            for value in (v for k, v in headers if k == b"set-cookie"):
                name, _, rest = value.decode().partition("=")
                person.jar[name] = rest.partition(";")[0]
            if status == 200:
                return body.rpartition(b"|")[2].decode()
            location = next(v for k, v in headers if k == b"location")
            query = location.partition(b"?")[2]
        raise AssertionError("redirected for ever")

    async def _ask(
        self, path: str, query: bytes, jar: dict[str, str], client: tuple[str, int]
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        cookies = "; ".join(f"{name}={value}" for name, value in jar.items())
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query,
            "headers": [(b"cookie", cookies.encode())] if cookies else [],
            "client": client,
        }
        await self.gate(scope, _nothing, send)
        return sent[0]["status"], sent[0]["headers"], sent[1]["body"]


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def live(conninfo: str, scale: Scale) -> list[Person]:
    """Let everybody read for a month; return them with what they got."""
    paper, everybody = Paper(conninfo), list(people(scale))
    lots = {id(one): random.Random(SEED * 1000 + n) for n, one in enumerate(everybody)}
    order = random.Random(SEED)
    for day in range(scale.days):
        plans = [
            (person, session, stories)
            for person in everybody
            for session, stories in enumerate(person.sessions(lots[id(person)], day))
        ]
        order.shuffle(plans)
        plans.sort(key=lambda plan: plan[1])
        for place, (person, _, stories) in enumerate(plans):
            # From seven in the morning until eleven at night.
            hour = 7 + 16 * place / len(plans)
            paper.now = BEGINS + timedelta(days=day, hours=hour)
            await read(paper, person, stories, lots[id(person)])
    await paper.gate.close()
    return everybody


async def read(paper: Paper, person: Person, stories: int, lot: random.Random) -> None:
    if person.clears:
        person.jar.clear()
    for _ in range(stories):
        if person.clears == "story":
            person.jar.clear()
        got = await paper.view(person, person.views % STORIES + 1, lot)
        person.views += 1
        person.full += got == "full"
        person.asked += got == "register"


# --- The table ------------------------------------------------------------------------


def sum_up(everybody: list[Person]) -> dict[str, dict[str, float]]:
    """Return, by population, the leak of a reader, and who was walled falsely."""
    table = {}
    for name in dict.fromkeys(person.name for person in everybody):
        group = [person for person in everybody if person.name == name]
        leak = sum(max(0, person.full - LIMIT) for person in group) / len(group)
        row = {"leak_per_reader": round(leak, 2)}
        if group[0].honest:
            walled = sum(person.asked > 0 for person in group) / len(group)
            row["false_wall_percent"] = round(100 * walled, 1)
        table[name] = row
    return table


def file(conninfo: str) -> None:
    """Write stories whose pages say only what was decided, behind a bar."""
    import psycopg

    pieces = {"wall:metered": "|wall", "wall:register": "|register"}
    with psycopg.connect(conninfo) as connection:
        for story in range(1, STORIES + 1):
            connection.execute(
                "INSERT INTO gate_storyfact VALUES"
                " (%s, %s, 'metered', 'business', now(), 1, NULL)",
                (story, f"/business/a-story-{story}/"),
            )
            connection.execute(
                "INSERT INTO gate_pressedpage VALUES (%s, 1, %s, %s, now())",
                (story, b"|full", b"<!--slot:wall-->"),
            )
        for name, html in pieces.items():
            connection.execute(
                "INSERT INTO gate_furniture VALUES (%s, %s, now())", (name, html)
            )


def measure(scale: Scale) -> dict[str, object]:
    from broadsheet.gate.house import models

    conninfo = _conninfo()
    file(conninfo)
    tables = {}
    for name, (narrow, wide, hours, per_known) in SETTINGS.items():
        for model in (models.MeterRow, models.NewcomerRow, models.NewcomerSalt):
            model.objects.all().delete()
        models.Policy.objects.all().delete()
        models.Policy.objects.create(
            limit_anonymous=LIMIT,
            new_devices=narrow,
            new_devices_nearby=wide,
            new_devices_hours=hours,
            new_devices_per_known=per_known,
        )
        tables[name] = sum_up(asyncio.run(live(conninfo, scale)))
    return {
        "claim": "what clearing cookies wins, and whom a budget for new devices hurts",
        "figures": {
            f"{setting} | {population} | {what}": figure
            for setting, table in tables.items()
            for population, row in table.items()
            for what, figure in row.items()
        },
        "ratios": {
            f"program's leak at {setting!r} of off": round(
                table["program, one address"]["leak_per_reader"]
                / tables["off"]["program, one address"]["leak_per_reader"],
                3,
            )
            for setting, table in tables.items()
        },
        "against": f"the budget off, over {scale.days} days",
    }


def _conninfo() -> str:
    from django.db import connection
    from psycopg.conninfo import make_conninfo

    held = connection.settings_dict
    parts = {"dbname": held["NAME"], "user": held["USER"], "host": held["HOST"]}
    parts |= {"password": held["PASSWORD"], "port": str(held["PORT"])}
    return make_conninfo(**{name: value for name, value in parts.items() if value})


def in_a_scratch_database(scale: Scale) -> dict[str, object]:
    """Measure in a test database, made and dropped here, so that no paper is touched."""
    import django
    from django.db import connection

    django.setup()
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0)
    try:
        return measure(scale)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def printed(found: dict[str, Any]) -> Iterator[str]:
    """Yield the figures as a table: a row a population, a column a setting."""
    cells = {tuple(key.split(" | ")): value for key, value in found["figures"].items()}
    yield "| leak; false wall | " + " | ".join(SETTINGS) + " |"
    yield "|---" * (len(SETTINGS) + 1) + "|"
    for name in dict.fromkeys(population for _, population, _ in cells):
        row = []
        for setting in SETTINGS:
            leak = cells[setting, name, "leak_per_reader"]
            false = cells.get((setting, name, "false_wall_percent"))
            row.append(f"{leak:g}" + ("" if false is None else f"; {false:g} %"))
        yield f"| {name} | " + " | ".join(row) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="Four days, not thirty.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    options = parser.parse_args()
    found = in_a_scratch_database(QUICK if options.quick else FULL)
    if options.json:
        print(json.dumps(found))
        return
    for line in printed(found):
        print(line)


if __name__ == "__main__":
    main()
