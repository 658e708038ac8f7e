"""The meter in Valkey or Redis; everything else stays with PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any
from uuid import UUID

from broadsheet.gate.core import meter
from broadsheet.gate.core.meter import Ask, Reads
from broadsheet.gate.core.vocabulary import Meter
from broadsheet.plumbing.meter_address import MeterAddress, Node

from . import scripts, servers
from .postgres import PostgresStore
from .scripts import Row


class ValkeyMeter:
    """
    The four verbs of the meter. Each may raise `StoreDown`, and may then be tried
    again: done twice, each is as if done once. Rows go by themselves, a day after all
    that is in them has stopped counting.
    """

    def __init__(self, address: MeterAddress) -> None:
        self._cluster = address.cluster
        self._servers = servers.at(address)

    async def close(self) -> None:
        await self._servers.close()

    async def count(self, ask: Ask) -> Meter:
        if ask.limit < 1:
            return await self.peek(ask)
        return scripts.counted(ask, await self._servers.ask(scripts.count(ask)))

    async def peek(self, ask: Ask) -> Meter:
        return meter.peek(await self.reads(ask.identity), ask)

    async def reads(self, identity: UUID) -> Reads | None:
        """Return the row as it is, for whoever explains it."""
        return scripts.seen(await self._servers.ask(scripts.look(identity)))

    async def unite(self, device: UUID, reader: UUID) -> None:
        """
        Give both the union. On one server this is one step, and nothing is ever seen in
        between. In a cluster the two rows may be on two servers, and no step can span
        them: the device's row is added to the reader's, and that union to the device's.

        Between the two steps the reader already has the union and the device only its
        own; a view that comes then is counted exactly, in its own row, within its own
        limit. What it adds is carried to the other row as well: we go on until a row
        holds no more than what was brought to it, so that both hold the same at one
        moment, or one holds a view that was counted after that moment. If we fail in
        between, each row holds its own or more, never less; uniting again completes it.
        """
        if not self._cluster:
            await self._unite([device, reader], Row())
            return
        carried = await self._unite([device], Row())
        for identity in cycle([reader, device]):
            found = await self._unite([identity], carried)
            if found.same_as(carried):
                return
            carried = found

    async def _unite(self, identities: list[UUID], given: Row) -> Row:
        return scripts.united(await self._servers.ask(scripts.unite(identities, given)))

    async def erase(self, identity: UUID) -> None:
        await self._servers.ask(scripts.erase(identity))

    async def facts(self) -> Sequence[tuple[Node, dict[str, Any]]]:
        """Return what each server says of itself, for whoever examines it."""
        return await self._servers.facts()


class ValkeyStore(PostgresStore):
    """PostgreSQL's store, but for the meter. One may be down without the other."""

    def __init__(self, conninfo: str, address: MeterAddress, *, size: int = 4) -> None:
        super().__init__(conninfo, size=size)
        self._meter = ValkeyMeter(address)

    async def close(self) -> None:
        await self._meter.close()
        await super().close()

    async def count(self, ask: Ask) -> Meter:
        return await self._meter.count(ask)

    async def peek(self, ask: Ask) -> Meter:
        return await self._meter.peek(ask)

    async def newcomer(self, ask: Ask) -> Meter:
        return await self._meter.count(ask)

    async def newcomers(self, ask: Ask) -> Meter:
        return await self._meter.peek(ask)

    async def unite(self, device: UUID, reader: UUID) -> None:
        await self._meter.unite(device, reader)

    async def erase(self, identity: UUID) -> None:
        await self._meter.erase(identity)
