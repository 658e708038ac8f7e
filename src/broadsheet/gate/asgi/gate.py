"""The application. One view of a story, from the address to the last byte."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from broadsheet.gate.core import passes
from broadsheet.gate.core.decide import decide, needs_meter
from broadsheet.gate.core.passes import DEVICE_COOKIE, READER_COOKIE, Keyring
from broadsheet.gate.core.visitor import Visitor, identify
from broadsheet.gate.core.vocabulary import (
    NOBODY,
    Decision,
    Meter,
    Purpose,
    Reading,
    Reason,
    Standing,
)
from broadsheet.gate.store import Store, StoreDown
from broadsheet.kit import clock
from broadsheet.kit.headers import Headers, security

from . import reply
from .address import Known, raw_path, story_meant, welcomed, with_welcome
from .memory import DEFAULT_ROOM, Memory, Presser, Room, Tally
from .reply import Answer, RawHeaders, Replies
from .request import App, Receive, Request, Scope, Send

Minter = Callable[[Mapping[str, str]], str | None]
Claimed = Callable[[str], bool]

SESSION_COOKIE = "__Host-broadsheet-session"
THREADS = 4  # For pressing and minting, which may wait for the database.
REFUSED_FOR = 10.0  # Seconds for which a session that names nobody is not asked again.
REFUSED_MOST = 10_000


class Gate:
    """
    Stands before `app` and answers story pages. `presser` renders a story whose page
    is not filed, `minter` makes a reader pass out of a session's cookies, `claimed`
    says whether what looks like a misspelled address was one of the system that the
    paper came from; all may block, and are called in threads. `tally` counts views and
    faults.
    """

    def __init__(  # noqa: PLR0913  What it needs of the house, each by its name.
        self,
        app: App,
        *,
        store: Store,
        keyring: Keyring,
        presser: Presser,
        minter: Minter,
        claimed: Claimed = lambda _path: False,
        session_cookie: str = SESSION_COOKIE,
        headers: Headers | None = None,
        wall: Callable[[], datetime] = clock.wall,
        room: Room = DEFAULT_ROOM,
    ) -> None:
        self._app, self._store = app, store
        self._keyring, self._minter = keyring, minter
        self._claimed = claimed
        self._session_cookie = session_cookie
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gate")
        self._replies = Replies(security() if headers is None else headers)
        self._refused: dict[str, float] = {}
        self.tally = Tally()
        self._memory = Memory(
            store,
            presser,
            threads=self._threads,
            tally=self.tally,
            wall=wall,
            room=room,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            story_id = story_meant(scope["path"])
            if story_id is not None:
                await self._story(story_id, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Open and close with the server. Django knows nothing of this, and need not."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._begin()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _begin(self) -> None:
        try:
            await self._memory.ready()
        except StoreDown:  # It may come back; the first view tries again.
            self.tally.faults["store"] += 1

    async def close(self) -> None:
        await self._memory.close()
        self._threads.shutdown(wait=False)

    # --- One view -----------------------------------------------------------------

    async def _story(
        self, story_id: int, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            await self._memory.ready()
            known = await self._memory.known(story_id)
            if known is None:
                await self._app(scope, receive, send)
            elif raw_path(scope) != known.raw:
                await self._alias(known, scope, receive, send)
            elif known.refused:
                await reply.gone(self._app, scope, receive, send)
            else:
                await self._view(known, scope, receive, send)
        except StoreDown:
            self.tally.faults["store"] += 1
            head = scope["method"] == "HEAD"
            await self._replies.out_of_reach(send, head=head)

    async def _alias(
        self, known: Known, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """
        Send another spelling on to the story; but what ends in the number of one of our
        stories by chance, as other systems' addresses do, is the application's to answer.
        """
        loop = asyncio.get_running_loop()
        path: str = scope["path"]
        try:
            claimed = await loop.run_in_executor(self._threads, self._claimed, path)
        except Exception:
            self.tally.faults["claim"] += 1
            claimed = False
        if claimed:
            await self._app(scope, receive, send)
        else:
            await self._replies.moved(send, known.raw)

    async def _view(
        self, known: Known, scope: Scope, receive: Receive, send: Send
    ) -> None:
        # The page comes first: a view that could not be shown must not be counted.
        page = await self._memory.page(known)
        if page is None:
            await self._app(scope, receive, send)
            return
        request = Request.of(scope)
        at = self._memory.now()
        visitor, cookies = await self._visitor(request, at)
        decision = await self._decide(known, visitor, request.purpose, at)
        self.tally.views[decision.reason.value] += 1
        if request.ahead and decision.reason in (Reason.COOKIES, Reason.UNREAD):
            await self._replies.not_ahead(send)
        elif decision.reason is Reason.COOKIES and self._may_return(request, scope, at):
            await self._welcome(known, scope, send, at)
        else:
            answer = Answer(decision, known, page, visitor.reader is not None, cookies)
            await self._show(answer, request, send)

    async def _show(self, answer: Answer, request: Request, send: Send) -> None:
        furniture = self._memory.furniture
        tag = answer.etag(furniture)
        headers = [
            *self._replies.page_headers(answer.decision),
            (b"etag", tag),
            *answer.cookies,
        ]
        # What has just cost a free story is sent, whatever the client says it holds.
        if request.has(tag) and not answer.decision.counts:
            await self._replies.not_modified(send, headers)
            return
        await self._replies.page(send, headers, answer.body(furniture), request.head)

    # --- Who, and may she ---------------------------------------------------------

    async def _visitor(
        self, request: Request, at: datetime
    ) -> tuple[Visitor, RawHeaders]:
        """Return who is there, and the new pass if a session had to vouch for her."""
        visitor = self._identify(request.cookies, at)
        if visitor.reader is not None or self._session_cookie not in request.cookies:
            return visitor, []
        minted = await self._mint(request.cookies)
        if minted is None:
            return visitor, []
        request.cookies[READER_COOKIE] = minted
        vouched = self._identify(request.cookies, at)
        return vouched, [reply.set_cookie(READER_COOKIE, minted)]

    def _identify(self, cookies: Mapping[str, str], at: datetime) -> Visitor:
        return identify(
            cookies,
            keyring=self._keyring,
            epochs=self._memory.epochs,
            orders=self._memory.orders,
            at=at,
        )

    async def _mint(self, cookies: Mapping[str, str]) -> str | None:
        session = cookies[self._session_cookie]
        if self._refused.get(session, 0.0) > clock.steady():
            return None
        loop = asyncio.get_running_loop()
        try:
            minted = await loop.run_in_executor(self._threads, self._minter, cookies)
        except Exception:
            self.tally.faults["mint"] += 1
            return None
        if minted is None:  # A login makes a new session, so this one stays nobody's.
            if len(self._refused) >= REFUSED_MOST:
                self._refused.clear()
            self._refused[session] = clock.steady() + REFUSED_FOR
        return minted

    async def _decide(
        self, known: Known, visitor: Visitor, purpose: Purpose, at: datetime
    ) -> Decision:
        reading = Reading(
            known.facts, purpose, visitor.features, policy=self._memory.orders.policy
        )
        if needs_meter(reading):
            reading = replace(
                reading, meter=await self._ask(known, visitor, purpose, at)
            )
        return decide(reading)

    async def _ask(
        self, known: Known, visitor: Visitor, purpose: Purpose, at: datetime
    ) -> Meter:
        """Return where the meter stands; for a view that reads, after it has counted."""
        orders = self._memory.orders
        ask = visitor.ask(known.facts.story_id, orders, at)
        if ask is None:
            return replace(NOBODY, limit=orders.policy.limit_anonymous)
        try:
            if purpose is Purpose.READ:
                return await self._store.count(ask)
            return await self._store.peek(ask)
        except StoreDown:
            self.tally.faults["store"] += 1
            return Meter(Standing.DOWN, limit=ask.limit)

    # --- The round trip for the cookie --------------------------------------------

    def _may_return(self, request: Request, scope: Scope, at: datetime) -> bool:
        """Test if the browser has not yet had its chance to bring a cookie back."""
        if request.head:
            return False
        return not welcomed(scope["query_string"], int(at.timestamp()))

    async def _welcome(
        self, known: Known, scope: Scope, send: Send, at: datetime
    ) -> None:
        device = passes.device_cookie(self._keyring, uuid4(), at)
        address = with_welcome(known.raw, scope["query_string"], int(at.timestamp()))
        cookie = reply.set_cookie(DEVICE_COOKIE, device)
        await self._replies.round_trip(send, address, [cookie])
