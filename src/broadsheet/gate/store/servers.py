"""
Valkey or Redis as the meter needs it: one server, or a cluster that finds the right one.

What waits at the same moment goes to a server in one round trip, and each server is a
lane of its own: one that is down or slow holds up nobody whose row is elsewhere. We
route by ourselves, because the client's own cluster closes every connection, also those
in use, when one server fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ConnectionError,
    MovedError,
    NoScriptError,
    RedisError,
    ResponseError,
)

from broadsheet.kit import clock
from broadsheet.plumbing.meter_address import MeterAddress, Node

from . import StoreDown
from .scripts import Call

PATIENCE = 2.0  # Seconds after which a server that does not answer counts as down.
REST = 1.0  # Seconds after that in which it is not asked again.
LARGEST = 512  # Calls in one round trip.
HOPS = 5  # Servers that one call is sent to, while slots move.
LOOK_PATIENCE = 0.5  # Seconds for one server to say who has which slots.
LOOK_REST = 0.5  # Seconds between two such looks.
SLOTS = 16384
_CLUSTER_SLOTS = Call(b"", ("CLUSTER", "SLOTS"), ("CLUSTER", "SLOTS"))

Waiting = tuple[Call, bool, "asyncio.Future[Any]"]


class Servers(Protocol):
    async def ask(self, call: Call) -> Any:
        """Return the answer, from whichever server has the key. Raise `StoreDown`."""
        ...

    async def facts(self) -> Sequence[tuple[Node, dict[str, Any]]]:
        """Return what each master says of itself (INFO). Raise `StoreDown`."""
        ...

    async def close(self) -> None: ...


def at(address: MeterAddress) -> Servers:
    """Return the servers at the address. Connects with the first call."""
    return Cluster(address) if address.cluster else Single(address)


class Server:
    """One server. A connection that broke is made anew once, then it counts as down."""

    def __init__(self, node: Node, address: MeterAddress) -> None:
        self.node = node
        self.down_until = 0.0
        self._waiting: list[Waiting] = []
        self._worker: asyncio.Task[None] | None = None
        self._client = Redis(
            host=node[0],
            port=node[1],
            db=address.database,
            username=address.username,
            password=address.password,
            ssl=address.tls,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            # Each call here may be sent twice: counting the same story again is free.
            retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
            protocol=2,  # All that is needed, and all versions speak it.
        )

    async def ask(self, call: Call, *, asking: bool = False) -> Any:
        """
        Return the answer. Raise `StoreDown`, or the `ResponseError` that came for it.
        `asking` takes a slot that is just moving here.
        """
        if clock.steady() < self.down_until:  # Let nobody wait for what just failed.
            raise StoreDown("a moment ago")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((call, asking, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await future

    async def info(self) -> dict[str, Any]:
        """Return what the server says of itself. Raise `StoreDown`."""
        try:
            async with asyncio.timeout(PATIENCE):
                return dict(await self._client.info("everything"))
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreDown(_said(error)) from error

    async def close(self) -> None:
        if self._worker is not None:
            await self._worker
        await self._client.aclose()

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
            # A reader who has gone costs nothing: what she did not see is not counted.
            batch = [waiting for waiting in batch if not waiting[2].done()]
            if batch:
                _settle(batch, await self._answers(batch))

    async def _answers(self, batch: list[Waiting]) -> list[Any]:
        try:
            async with asyncio.timeout(PATIENCE):
                answers = await self._send(batch)
                # A server that has started anew knows no script: send those whole.
                missed = [
                    place
                    for place, answer in enumerate(answers)
                    if isinstance(answer, NoScriptError)
                ]
                if missed:
                    again = [batch[place] for place in missed]
                    whole = await self._send(again, whole=True)
                    for place, answer in zip(missed, whole, strict=True):
                        answers[place] = answer
        except (RedisError, OSError, TimeoutError) as error:
            self.down_until = clock.steady() + REST
            return [StoreDown(_said(error)) for _ in batch]
        except Exception as error:  # A fault of ours must not leave anyone waiting.
            return [error for _ in batch]
        return answers

    async def _send(self, batch: list[Waiting], *, whole: bool = False) -> list[Any]:
        """Return an answer for each, or the `ResponseError` that came for it."""
        line = self._client.pipeline(transaction=False)
        places = []
        for call, asking, _ in batch:
            if asking:
                line.execute_command("ASKING")
            line.execute_command(*(call.whole if whole else call.quick))
            places.append(len(line) - 1)
        answers = await line.execute(raise_on_error=False)
        return [answers[place] for place in places]


def _settle(batch: list[Waiting], answers: list[Any]) -> None:
    for (_, _, future), answer in zip(batch, answers, strict=True):
        if future.done():
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


class Single:
    """One server, with everything on it."""

    def __init__(self, address: MeterAddress) -> None:
        self._server = Server(address.nodes[0], address)

    async def ask(self, call: Call) -> Any:
        try:
            return await self._server.ask(call)
        except ResponseError as error:
            raise StoreDown(_said(error)) from error

    async def facts(self) -> Sequence[tuple[Node, dict[str, Any]]]:
        return [(self._server.node, await self._server.info())]

    async def close(self) -> None:
        await self._server.close()


class Cluster:
    """
    Sends each call to the master of its key's slot, and learns from refusals and
    failures who that is now. `address` names some of the servers; they name the rest.
    """

    def __init__(self, address: MeterAddress) -> None:
        self._address = address
        self._servers: dict[Node, Server] = {}
        self._known: set[Node] = set(address.nodes)
        self._masters: list[Node | None] = [None] * SLOTS
        self._looking: asyncio.Task[None] | None = None
        self._look_after = 0.0

    async def ask(self, call: Call) -> Any:
        slot = key_slot(call.key)
        for _ in range(HOPS):
            node = await self._master_of(slot)
            try:
                return await self._server(node).ask(call)
            except MovedError as moved:  # For good: this slot, and perhaps others.
                self._masters[slot] = _named(moved, node)
                await self._look()
            except AskError as other:  # For this call: the slot is just moving.
                return await self._asked(_named(other, node), call)
            except (StoreDown, ResponseError) as error:
                await self._look()
                if self._masters[slot] == node:  # No replica has taken its place yet.
                    raise StoreDown(_said(error)) from error
        raise StoreDown("the cluster sends us from one server to the next")

    async def _asked(self, node: Node, call: Call) -> Any:
        try:
            return await self._server(node).ask(call, asking=True)
        except ResponseError as error:
            raise StoreDown(_said(error)) from error

    async def facts(self) -> Sequence[tuple[Node, dict[str, Any]]]:
        await self._look()
        if None in self._masters:
            raise StoreDown("some slots of the cluster have no server")
        masters = sorted({node for node in self._masters if node is not None})
        return [(node, await self._server(node).info()) for node in masters]

    async def close(self) -> None:
        if self._looking is not None:
            await self._looking
        for server in self._servers.values():
            await server.close()

    def _server(self, node: Node) -> Server:
        if node not in self._servers:
            self._servers[node] = Server(node, self._address)
        return self._servers[node]

    # --- Who has which slots ------------------------------------------------------

    async def _master_of(self, slot: int) -> Node:
        if self._masters[slot] is None:
            await self._look()
        node = self._masters[slot]
        if node is None:
            raise StoreDown(f"no server of the cluster has slot {slot}")
        return node

    async def _look(self) -> None:
        """Ask the cluster who has which slots, unless somebody just has."""
        if self._looking is None or self._looking.done():
            if clock.steady() < self._look_after:
                return
            self._looking = asyncio.create_task(self._look_once())
        await asyncio.shield(self._looking)

    async def _look_once(self) -> None:
        servers = [self._server(node) for node in sorted(self._known)]
        for server in sorted(servers, key=lambda one: one.down_until):
            try:
                async with asyncio.timeout(LOOK_PATIENCE):
                    self._learn(server, await server.ask(_CLUSTER_SLOTS))
                break
            except (StoreDown, ResponseError, TimeoutError):
                continue
        self._look_after = clock.steady() + LOOK_REST

    def _learn(self, server: Server, ranges: Any) -> None:
        """Take over who has which slots: [[first, last, master, replica…]…]."""
        masters: list[Node | None] = [None] * SLOTS
        known = set(self._address.nodes)
        for first, last, *nodes in ranges:
            names = [_node(host, port, server.node) for host, port, *_ in nodes]
            masters[first : last + 1] = [names[0]] * (last + 1 - first)
            known.update(names)
        self._masters, self._known = masters, known


def _named(error: AskError, asked: Node) -> Node:
    # A server that does not know its own name leaves it out: it is the one we asked.
    return error.host or asked[0], int(error.port)


def _node(host: bytes | None, port: int, asked: Node) -> Node:
    return (host or b"").decode() or asked[0], port
