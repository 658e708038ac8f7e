"""DNS by the machine's own resolver, in a few threads, with an end to its patience."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from broadsheet.gate.core.crawlers import Address, read_address

THREADS = 4
MOST_WAITING = 16  # Questions at once; the next is not asked.
PATIENCE = 2.0  # Seconds. The question may go on in its thread; nobody waits for it.


class NoDns:
    """Knows nothing, so nothing is proved by it."""

    async def names(self, address: Address) -> Sequence[str]:
        return ()

    async def addresses(self, name: str) -> Sequence[Address]:
        return ()


class SystemDns:
    def __init__(self, patience: float = PATIENCE) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="dns")
        self._waiting = 0
        self._patience = patience

    async def names(self, address: Address) -> Sequence[str]:
        return await self._ask(_names, str(address))

    async def addresses(self, name: str) -> Sequence[Address]:
        found = [read_address(text) for text in await self._ask(_addresses, name)]
        return [address for address in found if address is not None]

    async def _ask(
        self, question: Callable[[str], Sequence[str]], about: str
    ) -> Sequence[str]:
        if self._waiting >= MOST_WAITING:
            return ()
        self._waiting += 1
        loop = asyncio.get_running_loop()
        asked = loop.run_in_executor(self._threads, question, about)
        asked.add_done_callback(self._answered)
        with suppress(TimeoutError, OSError, UnicodeError):
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(asked)
        return ()

    def _answered(self, asked: asyncio.Future[Sequence[str]]) -> None:
        self._waiting -= 1
        if not asked.cancelled():
            asked.exception()  # Looked at, so that nobody complains it was not.


def _names(address: str) -> Sequence[str]:
    name, others, _ = socket.gethostbyaddr(address)
    return (name, *others[:3])


def _addresses(name: str) -> Sequence[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(name, None)]
