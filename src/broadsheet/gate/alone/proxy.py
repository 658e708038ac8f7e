"""
Everything but stories: on to a web process over its socket, and its answer back.

Bodies go through in pieces, both ways, each when the last has been taken. The target
goes through as it was spelled. Of the headers, those that speak of one connection only
stay behind, and the hop is added, which the web process takes off again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress

import httpcore

from broadsheet.gate.asgi.address import raw_path
from broadsheet.gate.asgi.reply import body_message, start_message
from broadsheet.gate.asgi.request import Receive, Scope, Send
from broadsheet.kit.headers import Headers

from . import hop

log = logging.getLogger(__name__)
RawHeaders = list[tuple[bytes, bytes]]

MOST = 64  # Requests under way from one gate; the next waits its turn,
TURN = 5.0  # so many seconds, and is told to come again.
SILENCE = 60.0  # Seconds that a web process may say nothing.
# A connection rests shorter than a web process would keep it (30 s), so that none is
# closed from the other end at the moment that a request goes out.
REST = 5.0

_CONNECTION = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te"
    b" trailer transfer-encoding upgrade expect".split()
)
# A client may name more of them in Connection; but not who she is, or how long her body.
_NEVER_DROPPED = frozenset(
    b"authorization content-length cookie forwarded host x-forwarded-for"
    b" x-forwarded-host x-forwarded-proto x-real-ip".split()
)
_AWAY = "This page is out of reach for a moment. Please try again."
_BROKEN = "This page broke off on its way. Please try again."
_LATE = "This page took too long. Please try again."
_UNREADABLE = "This request cannot be understood."


class Left(Exception):
    """The client has gone; nobody waits for an answer."""


class Proxy:
    """The application behind a gate, which lives at the socket `address`."""

    def __init__(
        self, address: str, token: bytes, headers: Headers, *, silence: float = SILENCE
    ) -> None:
        self._token = token
        self._times = {"connect": 2.0, "pool": TURN, "read": silence, "write": silence}
        self._security = [(name.encode(), value.encode()) for name, value in headers]
        self._pool = httpcore.AsyncConnectionPool(
            uds=address,
            max_connections=MOST,
            max_keepalive_connections=16,
            keepalive_expiry=REST,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["type"] == "http":
            body = Body(receive)
            sending = asyncio.ensure_future(self._send_on(scope, body, send))
            leaving = asyncio.ensure_future(body.left())
            try:
                await asyncio.wait(
                    {sending, leaving}, return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                leaving.cancel()
                if not sending.done():
                    sending.cancel()
                with suppress(asyncio.CancelledError):
                    await sending

    async def close(self) -> None:
        await self._pool.aclose()

    async def _send_on(self, scope: Scope, body: Body, send: Send) -> None:
        answer = Answer(send)
        fault: tuple[int, str]
        try:
            await self._exchange(scope, body, answer)
            return
        except Left:
            return
        except httpcore.LocalProtocolError:
            fault = 400, _UNREADABLE
        except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout):
            fault = 503, _AWAY
        except httpcore.TimeoutException:
            fault = 504, _LATE
        except (httpcore.NetworkError, httpcore.RemoteProtocolError):
            fault = 502, _BROKEN
        if answer.begun:  # Too late for another status: the connection is broken off.
            raise ConnectionError(fault[1])
        log.warning("A web process gave no answer (%d)", fault[0])
        await answer.fault(*fault, self._security)

    async def _exchange(self, scope: Scope, body: Body, answer: Answer) -> None:
        headers, content = await self._request(scope, body)
        async with self._pool.stream(
            scope["method"].encode(),
            httpcore.URL(scheme=b"http", host=b"web", port=None, target=_target(scope)),
            headers=headers,
            content=content,
            extensions={"timeout": self._times},
        ) as reply:
            await answer.begin(reply.status, _end_to_end(reply.headers))
            async for piece in reply.aiter_stream():
                await answer.go_on(piece)
            await answer.end()

    async def _request(
        self, scope: Scope, body: Body
    ) -> tuple[RawHeaders, AsyncIterator[bytes] | bytes]:
        headers = hop.without(_end_to_end(scope["headers"]))
        headers.append(hop.Hop.of_view(scope).header(self._token))
        first, more = await body.first()
        sized = any(name == b"content-length" for name, _ in headers)
        if not more:
            if first and not sized:
                headers.append((b"content-length", b"%d" % len(first)))
            return headers, first
        if not sized:
            headers.append((b"transfer-encoding", b"chunked"))
        return headers, body.pieces()


class Body:
    """What the client sends, piece by piece; and after it, that she has gone."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._first = b""
        self._read = asyncio.Event()

    async def first(self) -> tuple[bytes, bool]:
        """Return the first piece, and whether more follows."""
        self._first, more = await self._next()
        return self._first, more

    async def pieces(self) -> AsyncIterator[bytes]:
        piece, more = self._first, True
        while True:
            if piece:
                yield piece
            if not more:
                return
            piece, more = await self._next()

    async def _next(self) -> tuple[bytes, bool]:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Left
        more = bool(message.get("more_body", False))
        if not more:
            self._read.set()
        return message.get("body", b""), more

    async def left(self) -> None:
        """Return when the client has gone. Before the whole body is read, `_next` sees it."""
        await self._read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass


class Answer:
    """What goes back to the client."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def begin(self, status: int, headers: RawHeaders) -> None:
        self.begun = True
        await self._send(start_message(status, headers))

    async def go_on(self, piece: bytes) -> None:
        await self._send(
            {"type": "http.response.body", "body": piece, "more_body": True}
        )

    async def end(self) -> None:
        await self._send(body_message(b""))

    async def fault(self, status: int, sentence: str, security: RawHeaders) -> None:
        text = sentence.encode() + b"\n"
        headers = [
            *security,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"content-length", b"%d" % len(text)),
        ]
        if status == 503:
            headers.append((b"retry-after", b"5"))
        await self.begin(status, headers)
        await self._send(body_message(text))


def _target(scope: Scope) -> bytes:
    """Return path and query as the client spelled them."""
    path, query = raw_path(scope), scope["query_string"]
    return path + b"?" + query if query else path


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Return the headers that do not end with the connection they came over."""
    lowered = [(name.lower(), value) for name, value in headers]
    named = {
        word.strip().lower()
        for name, value in lowered
        if name == b"connection"
        for word in value.split(b",")
    }
    dropped = _CONNECTION | (named - _NEVER_DROPPED)
    return [each for each in lowered if each[0] not in dropped]
