"""One view of a page that lists stories, from the address to the last byte."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import ADFREE, NEWS, TROUBLE
from broadsheet.gate.store import StoreDown

from . import reply
from .listings import Held
from .memory import Memory
from .newcomers import stranger
from .reply import RawHeaders, Replies
from .request import App, Message, Receive, Request, Scope, Send

Who = Callable[[Request, datetime], Awaitable[tuple[Visitor, RawHeaders]]]


class Fronts:
    """
    Answers the front and its like from `memory`, to everybody alike but for the slots.
    What is not there, and whoever owes us a payment, is for `app`, which shows her the
    same page with a form of her own.
    """

    def __init__(
        self,
        app: App,
        memory: Memory,
        replies: Replies,
        keyring: Keyring,
        visitor: Who,
    ) -> None:
        self._app, self._memory, self._replies = app, memory, replies
        self._keyring, self._visitor = keyring, visitor

    async def answer(
        self, path: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        held = await self._find(path)
        if held is None:
            await self._pass_on(path, scope, receive, send)
            return
        request, at = Request.of(scope), self._memory.now()
        visitor, cookies = await self._visitor(request, at)
        if TROUBLE in visitor.features:
            await self._app(scope, receive, send)
            return
        printed = held.printed(
            self._memory.furniture,
            self._replies,
            reader=visitor.reader is not None,
            ads=not visitor.features & {NEWS, ADFREE},
        )
        if visitor.device is None:  # So that her first story costs no round trip.
            budget = self._memory.orders.policy.budget
            cookies = [*cookies, *stranger(self._keyring, budget, at)]
        await reply.show(send, printed, cookies, request, again=False)

    async def _find(self, path: str) -> Held | None:
        try:
            await self._memory.ready()
            return await self._memory.listings.find(path)
        except StoreDown:
            return None

    async def _pass_on(
        self, path: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Let the application answer, and have the page pressed for the next reader."""

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._memory.listings.answered(path, message["status"])
            await send(message)

        await self._app(scope, receive, telling)
