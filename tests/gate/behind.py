"""
A web process for the gate alone: `granian tests.gate.behind:application`. It tells how
requests reach it, takes and gives large bodies, and notes clients that leave.
"""

from __future__ import annotations

import asyncio
import hashlib
import json

from broadsheet.gate.alone import Backroom, Errands
from broadsheet.gate.core.pages import PressedPage

TOKEN = b"a-token-of-the-tests"
PIECE = b"p" * 65_536
PIECES = 1600  # 100 MB.
PAGE = PressedPage(7, 2, "<p>पूरा</p>".encode(), b"<p>cut</p>")
left: list[str] = []
listed: list[str] = []


async def application_behind(scope, receive, send) -> None:
    path = scope["path"]
    if path == "/take":
        await take(receive, send)
    elif path == "/give":
        await give(send)
    elif path == "/wait":
        left.append((await until_left(receive))["type"])
    elif path == "/break":
        await begin(send)
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
        raise RuntimeError("broken off, as the test asks")
    else:
        await tell(scope, send)


async def take(receive, send) -> None:
    digest, size, more = hashlib.sha256(), 0, True
    while more:
        message = await receive()
        digest.update(message.get("body", b""))
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await say(send, {"size": size, "sha256": digest.hexdigest()})


async def give(send) -> None:
    await begin(send, (b"content-type", b"application/octet-stream"))
    for _ in range(PIECES):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def until_left(receive):
    message = {"type": "http.request"}
    async with asyncio.timeout(20):
        while message["type"] != "http.disconnect":
            message = await receive()
    return message


async def tell(scope, send) -> None:
    told = {
        "method": scope["method"],
        "raw_path": scope["raw_path"].decode("latin-1"),
        "query": scope["query_string"].decode(),
        "client": scope["client"],
        "scheme": scope["scheme"],
        "headers": [[n.decode(), v.decode("latin-1")] for n, v in scope["headers"]],
        "left": left,
        "listed": listed,
    }
    await say(send, told)


async def begin(send, *headers) -> None:
    start = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), *headers]
    await send({"type": "http.response.start", "status": 200, "headers": start})


async def say(send, told) -> None:
    body = json.dumps(told).encode()
    await begin(send, (b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.body", "body": body})


def mint(cookies) -> str | None:
    if "broken" in cookies:
        raise RuntimeError("a session that breaks the minter")
    return f"pass-of-{cookies['session']}" if "session" in cookies else None


application = Backroom(
    application_behind,
    Errands(
        press=lambda story_id: PAGE if story_id == PAGE.story_id else None,
        press_listing=listed.append,
        mint=mint,
        claimed=lambda path: path.startswith("/old/"),
    ),
    TOKEN,
)
