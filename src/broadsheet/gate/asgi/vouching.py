"""
Who is there: by her passes, or by a session that vouches for her.

A reader pass lives for minutes. When it has ended, the session is asked once and a new
pass goes out with the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from hashlib import blake2b

from broadsheet.gate.core.passes import READER_COOKIE, Keyring
from broadsheet.gate.core.visitor import Visitor, Wallet, open_wallet, visitor_with
from broadsheet.kit import clock

from . import reply
from .memory import Memory, Tally
from .remembered import Wallets
from .reply import RawHeaders
from .request import Request

Minter = Callable[[Mapping[str, str]], str | None]
Ask = Callable[[Mapping[str, str]], Awaitable[str | None]]

SESSION_COOKIE = "__Host-broadsheet-session"
REFUSED_FOR = 10.0  # Seconds for which a session that names nobody is not asked again.
REFUSED_MOST = 10_000


def in_threads(threads: ThreadPoolExecutor, minter: Minter) -> Ask:
    """Return `minter`, which may block, as a question that does not."""

    async def ask(cookies: Mapping[str, str]) -> str | None:
        return await asyncio.get_running_loop().run_in_executor(
            threads, minter, cookies
        )

    return ask


class Vouching:
    """Opens wallets, and asks about the sessions of those who bring no pass."""

    def __init__(
        self,
        keyring: Keyring,
        ask: Ask,
        memory: Memory,
        tally: Tally,
        session_cookie: str,
    ) -> None:
        self._keyring, self._ask = keyring, ask
        self._memory, self._tally = memory, tally
        self._session_cookie = session_cookie
        self._wallets = Wallets(keyring)
        self._refused: dict[bytes, float] = {}

    async def visitor(
        self, request: Request, at: datetime
    ) -> tuple[Visitor, RawHeaders]:
        """Return who is there, and the new pass if a session had to vouch for her."""
        wallet = self._wallets.of(request.cookies)
        visitor = self._with(wallet, at)
        if visitor.reader is not None or self._session_cookie not in wallet.cookies:
            return visitor, []
        minted = await self._mint(wallet.cookies)
        if minted is None:
            return visitor, []
        vouched = open_wallet({**wallet.cookies, READER_COOKIE: minted}, self._keyring)
        return self._with(vouched, at), [reply.set_cookie(READER_COOKIE, minted)]

    def _with(self, wallet: Wallet, at: datetime) -> Visitor:
        memory = self._memory
        return visitor_with(wallet, epochs=memory.epochs, orders=memory.orders, at=at)

    async def _mint(self, cookies: Mapping[str, str]) -> str | None:
        # The session itself opens an account; nobody's memory needs more than its digest.
        session = blake2b(
            cookies[self._session_cookie].encode(), digest_size=16
        ).digest()
        if self._refused.get(session, 0.0) > clock.steady():
            return None
        try:
            minted = await self._ask(cookies)
        except Exception:
            self._tally.faults["mint"] += 1
            return None
        if minted is None:  # A login makes a new session, so this one stays nobody's.
            if len(self._refused) >= REFUSED_MOST:
                self._refused.clear()
            self._refused[session] = clock.steady() + REFUSED_FOR
        return minted
