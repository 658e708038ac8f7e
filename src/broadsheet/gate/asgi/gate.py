"""The application. One view of a story, from the address to the last byte."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from broadsheet.gate.core.decide import decide, must_register, needs_meter
from broadsheet.gate.core.known import Crawler
from broadsheet.gate.core.pages import SplitPage
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import (
    NOBODY,
    Meter,
    Purpose,
    Reading,
    Reason,
    Standing,
    Verdict,
)
from broadsheet.gate.store import Store, StoreDown
from broadsheet.kit import clock
from broadsheet.kit.headers import Headers, security

from . import reply

from .address import Known, gift_meant, raw_path, story_meant  # isort: skip
from .address import welcomed, with_welcome  # isort: skip
from .doorman import Doorman, glance
from .edge import Edge, Inside, Terms
from .fronts import Fronts
from .gifts import Gifts
from .listings import Lister, listing_meant
from .memory import DEFAULT_ROOM, Memory, Presser, Room, Tally
from .newcomers import Newcomers, settled, stranger
from .recorder import Recorder
from .remembered import Printed, Printer
from .reply import OUT_OF_REACH, RawHeaders, Replies
from .request import App, Receive, Request, Scope, Send
from .told import tell
from .vouching import SESSION_COOKIE, Minter, Vouching, in_threads
from .walls import Walls

Claimed = Callable[[str], bool]

# A page that is fetched ahead is not shown by these, lest it cost or send a story.
_NOT_AHEAD = (Reason.COOKIES, Reason.UNREAD)
THREADS = 4  # For pressing and minting, which may wait for the database.


class Gate:
    """
    Stands before `app` and answers story pages. `presser` renders a story whose page
    is not filed, `lister` presses and files a page that lists stories, `minter` makes a
    reader pass out of a session's cookies, `claimed` says whether what looks like a
    misspelled address was one of the system that the paper came from; all may block, and
    are called in threads. `tally` counts views and faults.
    """

    def __init__(  # noqa: PLR0913  All that main has and the gate may not import.
        self,
        app: App,
        *,
        store: Store,
        keyring: Keyring,
        presser: Presser,
        minter: Minter,
        lister: Lister | None = None,
        claimed: Claimed = lambda _path: False,
        session_cookie: str = SESSION_COOKIE,
        headers: Headers | None = None,
        wall: Callable[[], datetime] = clock.wall,
        room: Room = DEFAULT_ROOM,
        doorman: Doorman | None = None,
        recorder: Recorder | None = None,
        apology: str = OUT_OF_REACH,
        walls: Walls | None = None,
        edge: Terms | None = None,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._claimed = claimed
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gate")
        self._replies = Replies(security() if headers is None else headers, apology)
        self._printer = Printer(self._replies, room.printed_bytes)
        self._doorman = doorman or Doorman()
        self._walls = walls or Walls()
        self.tally = Tally()
        self._recorder = recorder or Recorder()
        self._recorder.tally = self.tally
        self._newcomers = Newcomers(store, self.tally)
        self._memory = Memory(
            store,
            presser,
            threads=self._threads,
            tally=self.tally,
            wall=wall,
            room=room,
            lister=lister,
        )
        ask = in_threads(self._threads, minter)
        vouching = Vouching(keyring, ask, self._memory, self.tally, session_cookie)
        self._visitor = vouching.visitor
        inside = Inside(self, self._memory, self._printer, keyring, self._visitor)
        self._app = Edge(app, edge, inside)
        self._fronts = Fronts(
            self._app, self._memory, self._replies, keyring, self._visitor
        )
        self._gifts = Gifts(
            store,
            keyring,
            memory=self._memory,
            printer=self._printer,
            replies=self._replies,
            tally=self.tally,
            who=self._visitor,
            crawl=self._crawl,
            recorder=self._recorder,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            token = gift_meant(scope["path"])
            if token is not None:
                await self._gifts.answer(token, scope, send)
                return
            story_id = story_meant(scope["path"])
            if story_id is not None:
                await self._story(story_id, scope, receive, send)
                return
            listing = listing_meant(scope)
            if listing is not None:
                await self._fronts.answer(listing, scope, receive, send)
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
        await self._doorman.close()
        await self._recorder.close()
        await self._walls.close()
        await self._newcomers.settle()
        await self._memory.close()
        self._threads.shutdown(wait=False)

    # --- One view -----------------------------------------------------------------

    async def _story(
        self, story_id: int, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            held = self._memory.at_hand(story_id)
            if held is not None and raw_path(scope) == held[0].raw:
                if not held[0].refused:
                    await self._view(*held, scope, send)
                    return
            await self._story_anew(story_id, scope, receive, send)
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

    async def _story_anew(
        self, story_id: int, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer for a story that is not at hand, or not at this address, or gone."""
        await self._memory.ready()
        known = await self._memory.known(story_id)
        if known is None:
            await self._app(scope, receive, send)
        elif raw_path(scope) != known.raw:
            await self._alias(known, scope, receive, send)
        elif known.refused:
            await reply.gone(self._app, scope, receive, send)
        else:
            # The page comes first: a view that could not be shown must not be counted.
            page = await self._memory.page(known)
            if page is None:
                await self._app(scope, receive, send)
            else:
                await self._view(known, page, scope, send)

    async def _view(
        self, known: Known, page: SplitPage, scope: Scope, send: Send
    ) -> None:
        crawler = glance(scope["headers"])
        if crawler is not None:
            await self._crawl(known, page, crawler, scope, send)
            return
        request = Request.of(scope)
        at = self._memory.now()
        visitor, cookies = await self._visitor(request, at)
        reading, let_in = await self._read(known, visitor, request, scope, at)
        cookies = [*cookies, *let_in] if let_in else cookies
        orders = self._memory.orders
        printed = self._printer.print(
            reading,
            known,
            page,
            self._memory.furniture,
            reader=visitor.reader is not None,
            variant=self._walls.variant(reading, visitor, orders, scope, at),
        )
        reason = printed.decision.reason
        self.tally.views[reason.value] += 1
        tell(scope, reading, printed, visitor)
        self._recorder.note(orders, visitor, reading, printed.decision, at)
        if request.ahead and reason in _NOT_AHEAD:
            await self._replies.not_ahead(send)
        elif reason is Reason.COOKIES and self._may_return(request, scope, at):
            await self._welcome(known, scope, send, at)
        else:
            await self._show(printed, cookies, request, send)

    async def _crawl(
        self, known: Known, page: SplitPage, crawler: Crawler, scope: Scope, send: Send
    ) -> None:
        """Answer a machine by the rule for its kind: without a meter, or round trip."""
        request, at = Request.of(scope), self._memory.now()
        policy = self._memory.orders.policy
        visitant = await self._doorman.identify(crawler, scope, at)
        visitor, cookies = await self._visitor(request, at)
        reading = Reading(
            known.facts,
            request.purpose,
            visitor.features,
            policy=policy,
            crawler=visitant,
        )
        decision = decide(reading)
        self.tally.views[decision.reason.value] += 1
        self._doorman.note(visitant, decision, at)
        tell(scope, reading, decision)
        if decision.verdict not in (Verdict.FULL, Verdict.CUT):
            rule = policy.rule(visitant)
            await self._replies.closed_to_machines(send, rule, head=request.head)
            return
        printed = self._printer.print(
            reading,
            known,
            page,
            self._memory.furniture,
            reader=visitor.reader is not None,
        )
        headers = reply.for_machines(decision, cookies)
        await self._show(printed, headers, request, send)

    async def _show(
        self, printed: Printed, cookies: RawHeaders, request: Request, send: Send
    ) -> None:
        # What has just cost a free story is sent, whatever the client says it holds.
        counted = printed.decision.counts
        await reply.show(send, printed, cookies, request, again=counted)

    # --- Who, and may she ---------------------------------------------------------

    async def _read(
        self,
        known: Known,
        visitor: Visitor,
        request: Request,
        scope: Scope,
        at: datetime,
    ) -> tuple[Reading, RawHeaders]:
        """
        Return all that the decision rests on, and the cookie of a new device that was
        let in. After this, the view has counted.
        """
        purpose, policy = request.purpose, self._memory.orders.policy
        reading = Reading(known.facts, purpose, visitor.features, policy=policy)
        if not needs_meter(reading):
            return reading, []
        let_in: RawHeaders = []
        if purpose is Purpose.READ and (policy.budget.on or visitor.new):
            address = self._doorman.address(scope)
            if not await self._newcomers.greet(visitor, address, policy.budget, at):
                meter = await self._ask(known, visitor, Purpose.GLANCE, at)
                return must_register(reading, meter), []
            let_in = settled(self._keyring, visitor, at)
        meter = await self._ask(known, visitor, purpose, at)
        return replace(reading, meter=meter), let_in

    async def _ask(
        self, known: Known, visitor: Visitor, purpose: Purpose, at: datetime
    ) -> Meter:
        """Return where the meter stands; for a view that reads, after it has counted."""
        orders, story = self._memory.orders, known.facts
        pool = orders.policy.pool(story.section, story.access) or orders.policy.shared
        ask = visitor.ask(story.story_id, pool, orders, at)
        if ask is None:
            return replace(NOBODY, limit=pool.anonymous)
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
        budget = self._memory.orders.policy.budget
        cookies = stranger(self._keyring, budget, at)
        address = with_welcome(known.raw, scope["query_string"], int(at.timestamp()))
        await self._replies.round_trip(send, address, cookies)
