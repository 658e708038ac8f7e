"""
Gift links: `/gift/<token>/` shows the story whole, or leads to its own address.

A reader who needs no gift is sent on to the story, and a gift that is dead, forged or
used up leads there too, to whatever wall is hers. Only a view that reads can use up an
opening, and only when its page is at hand: not HEAD, not a page fetched ahead, not the
robot that draws a preview. If the store cannot be asked, nothing is opened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from broadsheet.gate.core import gifts
from broadsheet.gate.core.decide import decide
from broadsheet.gate.core.gifts import Claim, GiftAsk
from broadsheet.gate.core.known import Crawler
from broadsheet.gate.core.meter import MONTH, period_start
from broadsheet.gate.core.pages import SplitPage
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import GiftStanding, Purpose, Reading
from broadsheet.gate.store import Store, StoreDown

from . import reply
from .address import Known, raw_path, welcomed, with_welcome
from .doorman import glance
from .memory import Memory, Tally
from .newcomers import stranger
from .recorder import Recorder
from .remembered import Printed, Printer
from .reply import NO_BODY, RawHeaders, Replies, start_message
from .request import Request, Scope, Send

Who = Callable[[Request, datetime], Awaitable[tuple[Visitor, RawHeaders]]]
Crawl = Callable[[Known, SplitPage, Crawler, Scope, Send], Awaitable[None]]

FRONT = b"/"  # For a token that names no story of ours.


class Gifts:
    """Answers at gifts' addresses, with what it borrows from the gate."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        *,
        memory: Memory,
        printer: Printer,
        replies: Replies,
        tally: Tally,
        who: Who,
        crawl: Crawl,
        recorder: Recorder,
    ) -> None:
        self._store, self._keyring = store, keyring
        self._memory, self._printer, self._replies = memory, printer, replies
        self._tally, self._who, self._crawl = tally, who, crawl
        self._recorder = recorder

    async def answer(self, token: str, scope: Scope, send: Send) -> None:
        send = reply.as_gift(send)
        try:
            await self._answer(gifts.read(token), scope, send)
        except StoreDown:
            self._tally.faults["store"] += 1
            head = scope["method"] == "HEAD"
            await self._replies.out_of_reach(send, head=head)

    async def _answer(self, claim: Claim | None, scope: Scope, send: Send) -> None:
        await self._memory.ready()
        known = await self._memory.known(claim.story_id) if claim else None
        if claim is None or known is None:
            await self._replies.moved(send, FRONT)
            return
        # The page comes first: a gift is not used up for a page that cannot be shown.
        page = None if known.refused else await self._memory.page(known)
        if page is None:
            await self._replies.moved(send, known.raw)
            return
        await self._view(claim, known, page, scope, send)

    async def _view(
        self, claim: Claim, known: Known, page: SplitPage, scope: Scope, send: Send
    ) -> None:
        crawler = glance(scope["headers"])
        request, at = Request.of(scope), self._memory.now()
        visitor, cookies = await self._who(request, at)
        if crawler is None and self._needs_no_gift(known, visitor):
            await self._replies.elsewhere(send, known.raw, cookies)
            return
        # A reader whose browser brings no device is known by her login.
        device = visitor.device or visitor.identity
        reads = crawler is None and request.purpose is Purpose.READ
        try:
            standing = await self._stand(claim, known, device, at, opens=reads)
        except StoreDown:
            self._tally.faults["store"] += 1
            await self._replies.elsewhere(send, known.raw, cookies)
            return
        if standing is GiftStanding.DEAD:
            await self._replies.moved(send, known.raw)
        elif crawler is not None:
            await self._crawl(known, page, crawler, scope, send)
        elif request.ahead and standing is GiftStanding.SEALED:
            await self._replies.not_ahead(send)
        elif device is None and reads:
            await self._welcome(known, scope, send, at)
        else:
            reading = Reading(
                known.facts,
                request.purpose,
                visitor.features,
                policy=self._memory.orders.policy,
                gift=standing,
            )
            printed = self._print(reading, known, page, visitor, at)
            headers = [*printed.start["headers"], *cookies]
            await send(start_message(200, headers))
            await send(NO_BODY if request.head else printed.body)

    def _needs_no_gift(self, known: Known, visitor: Visitor) -> bool:
        """Test if the story is open to her anyway: free, or by a right of her own."""
        reading = Reading(known.facts, Purpose.GLANCE, visitor.features)
        return decide(reading).full

    async def _stand(
        self,
        claim: Claim,
        known: Known,
        device: UUID | None,
        at: datetime,
        *,
        opens: bool,
    ) -> GiftStanding:
        """Return what the gift is worth; if it `opens`, after it has been opened."""
        ask = GiftAsk(
            nonce=claim.nonce,
            device=device,
            feature=gifts.feature_for(known.facts.access),
            since=period_start(MONTH, self._memory.orders.zone, at),
            at=at,
        )
        found = await self._store.gift(ask)
        if found is None or not gifts.proves(self._keyring, claim, found.link):
            return GiftStanding.DEAD
        standing = gifts.worth(found, at)
        if opens and device is not None and standing is GiftStanding.SEALED:
            return await self._store.open_gift(ask)
        return standing

    def _print(
        self,
        reading: Reading,
        known: Known,
        page: SplitPage,
        visitor: Visitor,
        at: datetime,
    ) -> Printed:
        """Return the page that is decided on; its view is tallied and recorded."""
        furniture, orders = self._memory.furniture, self._memory.orders
        reader = visitor.reader is not None
        printed = self._printer.print(reading, known, page, furniture, reader=reader)
        self._tally.views[printed.decision.reason.value] += 1
        self._recorder.note(orders, visitor, reading, printed.decision, at)
        return printed

    async def _welcome(
        self, known: Known, scope: Scope, send: Send, at: datetime
    ) -> None:
        """Give the browser a device to open the gift with, as the story itself does."""
        now = int(at.timestamp())
        if welcomed(scope["query_string"], now):  # It keeps no cookies.
            await self._replies.elsewhere(send, known.raw, [])
            return
        cookies = stranger(self._keyring, self._memory.orders.policy.budget, at)
        address = with_welcome(raw_path(scope), scope["query_string"], now)
        await self._replies.round_trip(send, address, cookies)
