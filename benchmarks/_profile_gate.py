"""
Where does a view's time go in the gate itself? `python benchmarks/_profile_gate.py` prints
microseconds of processor time a view, without a server and with a store in memory; with
a kind of view as its argument it prints that kind's profile too.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import sys
import time
from itertools import repeat
from typing import Any
from uuid import uuid4

from broadsheet.gate.asgi import Gate
from broadsheet.gate.core import passes
from broadsheet.gate.core.pages import PressedPage
from broadsheet.gate.core.passes import DEVICE_COOKIE, READER_COOKIE, Keyring
from broadsheet.gate.core.vocabulary import Orders, Pass, StoryFacts
from broadsheet.gate.store.memory import MemoryStore
from broadsheet.kit import clock

RING = Keyring.of("a secret of the profile")
VIEWS, TURNS = 20_000, 5
TOP = b"<!--slot:account-->%b<!--slot:ad:top-->" % (b"h" * 3000)
FULL = b"%b<!--slot:meter-->%b<!--slot:ad:mid-->" % (TOP, b"w" * 7000)
CUT = b"%b%b<!--slot:wall-->" % (TOP, b"w" * 1000)
FURNITURE = {
    "account:anonymous": '<a href="/accounts/login/?next={{path}}">Log in</a>',
    "account:reader": '<a href="/account/">Account</a>',
    "meter": "{{count}} of {{limit}}",
    "wall:metered": "{{limit}}" + "w" * 2000,
    "wall:premium": "w" * 2000,
    "ad:top": "ad",
    "ad:mid": "ad",
}


def device() -> str:
    return f"{DEVICE_COOKIE}={passes.device_cookie(RING, uuid4(), clock.wall())}"


def subscriber() -> str:
    now = int(clock.wall().timestamp())
    carried = Pass(uuid4(), now + passes.READER_LIFE, now + 86_400, 0, 1)
    return f"{device()}; {READER_COOKIE}={passes.reader_pass(RING, carried)}"


def view(story_id: int, cookie: str) -> dict[str, Any]:
    path = f"/business/a-story-{story_id}/"
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"cookie", cookie.encode())],
    }


async def receive() -> Any:
    raise AssertionError("The gate read a body.")


async def send(message: Any) -> None:
    assert message.get("status", 200) == 200


def stories() -> MemoryStore:
    """Stories 1 to 4 are metered, 5 is premium."""
    store = MemoryStore(Orders())
    for story_id in range(1, 6):
        path = f"/business/a-story-{story_id}/"
        access = "premium" if story_id == 5 else "metered"
        store.file_story(
            StoryFacts(story_id, path, access, "Business", clock.wall(), 1)
        )
        store.press(PressedPage(story_id, 1, FULL, CUT))
    store.file_furniture(FURNITURE)
    return store


async def turn(gate: Gate, views: list[dict[str, Any]]) -> float:
    began = time.thread_time()
    for one in views:
        await gate(one, receive, send)
    return (time.thread_time() - began) / len(views) * 1e6


async def main(profiled: str) -> None:
    async def nobody(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("The gate passed a story on.")

    gate = Gate(
        nobody,
        store=stories(),
        keyring=RING,
        presser=lambda story_id: None,
        minter=lambda cookies: None,
    )
    reader = device()
    for story_id in (1, 2, 3):
        await gate(view(story_id, reader), receive, send)
    kinds = {
        "subscriber": lambda: repeat(view(1, subscriber()), VIEWS),
        "counted": lambda: (view(2, device()) for _ in range(VIEWS)),
        "reread": lambda: repeat(view(1, reader), VIEWS),
        "cut": lambda: repeat(view(5, reader), VIEWS),
        "walled": lambda: repeat(view(4, reader), VIEWS),
    }
    for kind, views in kinds.items():
        turns = [await turn(gate, list(views())) for _ in range(TURNS)]
        print(f"{kind:12} {min(turns):6.1f} us")
        if kind == profiled:
            with cProfile.Profile() as profile:
                await turn(gate, list(views()))
            pstats.Stats(profile).sort_stats("tottime").print_stats(20)
    await gate.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else ""))
