"""The web process's side: only gates come in, and each request is as the gate met it."""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor

from broadsheet.gate.asgi.reply import body_message, start_message
from broadsheet.gate.asgi.request import App, Receive, Scope, Send

from . import hop
from .errands import Errands

log = logging.getLogger(__name__)
THREADS = 4  # Errands at once.


class Backroom:
    """
    Stands before `app` in a web process whose socket only gates should reach. It gives
    `app` the peer and the scheme that the gate saw, and runs the gates' `errands`.
    """

    def __init__(self, app: App, errands: Errands, token: bytes) -> None:
        self._app, self._errands, self._token = app, errands, token
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="errand")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        came = hop.read(scope["headers"], self._token)
        if came is None:
            await _say(send, 403, b"Only the gate comes in here.\n")
        elif came.kind == hop.ERRAND:
            await self._run(scope, receive, send)
        else:
            met = {
                **scope,
                "headers": hop.without(scope["headers"]),
                "scheme": came.scheme,
                "client": came.peer,
            }
            await self._app(met, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Nothing to open; Django knows nothing of this, and need not."""
        for phase in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{phase}.complete"})
        self._threads.shutdown(wait=False)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = str(scope["path"]).strip("/")
        loop = asyncio.get_running_loop()
        try:
            question = json.loads(await _body(receive))
            answer = await loop.run_in_executor(
                self._threads, self._errands.run, name, question
            )
        except Exception:
            log.exception("An errand of the gate failed", extra={"errand": name})
            await _say(send, 500, b"The errand failed.\n")
        else:
            await _say(send, 200, json.dumps(answer).encode())


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _say(send: Send, status: int, text: bytes) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(text)),
    ]
    await send(start_message(status, headers))
    await send(body_message(text))
