"""
Newcomers: new devices, held against the budget of the network that they come from.

Asked only while a budget is on, and only for a device that has never been let in; it is
let in once, and its cookie says so from then on. Whatever goes wrong lets it in.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID, uuid4

from broadsheet.gate.core import budget as budgets
from broadsheet.gate.core import passes
from broadsheet.gate.core.budget import Network, Window
from broadsheet.gate.core.crawlers import Address
from broadsheet.gate.core.passes import DEVICE_COOKIE, Keyring
from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import Budget, Standing
from broadsheet.gate.store import Store, StoreDown

from .memory import Tally
from .reply import RawHeaders, set_cookie

KNOWN_AFTER = 24 * 3600  # Seconds from a device's cookie until it vouches for others.
MOST_NOTED = 50_000  # Identities that one process remembers to have noted.
MOST_NOTING = 64  # Notes on their way; the next may be made at another view.


def settled(keyring: Keyring, visitor: Visitor, at: datetime) -> RawHeaders:
    """Return the cookie that tells a new device that it was let in; others have it."""
    if not visitor.new or visitor.device is None:
        return []
    device = passes.device_cookie(keyring, visitor.device, at)
    return [set_cookie(DEVICE_COOKIE, device)]


def stranger(keyring: Keyring, budget: Budget, at: datetime) -> RawHeaders:
    """
    Return the cookie of a device that is here for the first time. Every page that gives
    one gives it here: while a budget is on, none may be a way past it.
    """
    device = passes.device_cookie(keyring, uuid4(), at, new=budget.on)
    return [set_cookie(DEVICE_COOKIE, device)]


class Newcomers:
    def __init__(self, store: Store, tally: Tally) -> None:
        self._store, self._tally = store, tally
        self._window: Window | None = None
        self._salt = b""
        self._noted: set[tuple[UUID, Address]] = set()
        self._noting: set[asyncio.Task[None]] = set()

    async def greet(
        self, visitor: Visitor, address: Address | None, budget: Budget, at: datetime
    ) -> bool:
        """Test if she may have free stories without signing up. Old faces may."""
        if not budget.on:
            return True
        if visitor.new and visitor.device is not None:
            return await self.admit(visitor.device, address, budget, at)
        self.note(visitor, address, budget, at)
        return True

    async def admit(
        self, device: UUID, address: Address | None, budget: Budget, at: datetime
    ) -> bool:
        """
        Test if the networks of `address` may bring this device too, and count it there.
        Asked again for the same device, the answer stays yes at no cost.
        """
        if address is None:
            return True
        try:
            salt = await self._salt_of(Window.at(at, budget.hours))
            for network in budgets.networks(address, budget, salt):
                if not await self._has_room(network, device, budget, salt, at):
                    return False
        except StoreDown:
            self._tally.faults["budget"] += 1
        return True

    async def _has_room(
        self, network: Network, device: UUID, budget: Budget, salt: bytes, at: datetime
    ) -> bool:
        ask = budgets.ask_to_admit(network, 0, device, budget, salt, at)
        found = await self._store.newcomer(ask)
        if found.standing is not Standing.SPENT or not budget.per_known:
            return found.standing is not Standing.SPENT
        note = budgets.ask_to_note(network, device, budget, salt, at)
        known = (await self._store.newcomers(note)).count
        ask = budgets.ask_to_admit(network, known, device, budget, salt, at)
        return (await self._store.newcomer(ask)).standing is not Standing.SPENT

    # --- Those who have been here before ------------------------------------------

    def note(
        self, visitor: Visitor, address: Address | None, budget: Budget, at: datetime
    ) -> None:
        """
        Note that the network brought a reader, or a device that we have known for a day.
        Costs a view nothing: a task does it, once for each in a window.
        """
        identity, window = visitor.identity, Window.at(at, budget.hours)
        if identity is None or address is None or not budget.per_known:
            return
        if visitor.reader is None and visitor.issued > at.timestamp() - KNOWN_AFTER:
            return
        if window != self._window or len(self._noted) >= MOST_NOTED:
            self._noted.clear()
        if (identity, address) in self._noted or len(self._noting) >= MOST_NOTING:
            return
        self._noted.add((identity, address))
        task = asyncio.create_task(self._note(identity, address, budget, at))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _note(
        self, identity: UUID, address: Address, budget: Budget, at: datetime
    ) -> None:
        try:
            salt = await self._salt_of(Window.at(at, budget.hours))
            for network in budgets.networks(address, budget, salt):
                ask = budgets.ask_to_note(network, identity, budget, salt, at)
                await self._store.newcomer(ask)
        except StoreDown:
            self._tally.faults["budget"] += 1

    async def settle(self) -> None:
        """Wait until all that is on its way is noted."""
        await asyncio.gather(*self._noting)

    # --- The secret ---------------------------------------------------------------

    async def _salt_of(self, window: Window) -> bytes:
        if window != self._window:
            salt = await self._store.salt(window.begins)
            self._window, self._salt = window, salt
            return salt
        return self._salt
