"""The store in PostgreSQL, over connections of the gate's own. Never Django."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from broadsheet.gate.core import meter
from broadsheet.gate.core.audience import WallRule
from broadsheet.gate.core.gifts import GiftAsk, GiftFacts
from broadsheet.gate.core.listings import FiledListing, seal_of
from broadsheet.gate.core.meter import Ask
from broadsheet.gate.core.pages import PressedPage
from broadsheet.gate.core.vocabulary import (
    GiftStanding,
    Grant,
    Meter,
    Orders,
    Policy,
    Recording,
    StoryFacts,
)
from broadsheet.kit import clock

from . import (
    Change,
    Kind,
    StoreDown,
    gifts,
    listings,
    newcomers,
    statements,
    walls,
)
from .coalesce import Coalescer
from .counting import Line

CHANNEL = "gate_changes"  # NOTIFY says only "look"; the table gate_change says what.
PULSE = 0.5  # Seconds between two looks when no NOTIFY comes: the fallback.
PATIENCE = 2.0  # Seconds after which a store that does not answer counts as down.
REST = 1.0  # Seconds after that in which it is not asked again.

# Whatever says that the server, not the statement, is at fault.
_DOWN = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.InternalError,
)

_STORY = """
SELECT story_id, path, access, section, published_at, revision,
       withdrawn_at IS NOT NULL
  FROM gate_storyfact WHERE story_id = %s
"""
_PAGE = "SELECT story_id, revision, full_html, cut_html FROM gate_pressedpage WHERE story_id = %s"
_FURNITURE = "SELECT name, html FROM gate_furniture"
_GRANTS = """
SELECT reader, feature, starts, ends, source, reference
  FROM gate_grant WHERE reader = %s AND ends > %s ORDER BY ends, feature
"""
_EPOCHS = "SELECT reader, epoch FROM gate_readerepoch WHERE raised_at >= %s"
_POLICY = """
SELECT limit_anonymous, extra_registered, period, lead_in_min, lead_in_max,
       store_down = 'open', line_from, new_devices, new_devices_nearby,
       new_devices_hours, new_devices_per_known
  FROM gate_policy ORDER BY id LIMIT 1
"""
_RECORDING = """
SELECT record_days, record_entitled FROM gate_policy ORDER BY id LIMIT 1
"""
_CRAWLERS = """
SELECT kind, action, name, price, currency FROM gate_crawlerrule ORDER BY kind, name
"""
_PUBLICATION = """
SELECT time_zone, clock_offset, name, tagline, locale, support_mail
  FROM plumbing_publication WHERE id = 1
"""
_NO_PUBLICATION = ("Asia/Kolkata", timedelta(0), "", "", "", "")
_POOLS = """
SELECT p.name, p.limit_anonymous, p.limit_anonymous + p.extra_registered, p.label,
       r.section, r.access
  FROM gate_pool AS p JOIN gate_poolrule AS r ON r.pool_id = p.name
 ORDER BY r.section, r.access
"""
_VERTICALS = "SELECT name, bit FROM gate_vertical ORDER BY bit"

# Transactions commit in another order than they take their numbers. So we look again
# at everything from the oldest one that was still open at the last look, and leave out
# what we have seen.
_NOW = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_CHANGES = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       c.id, c.kind, c.subject, c.number
  FROM (SELECT) AS always LEFT JOIN gate_change AS c ON c.txid >= %s
 ORDER BY c.id
"""


# A reader does not wait until the disk has her count, some milliseconds; others see it
# at once all the same. If the database server itself crashes, the counts of about half a
# second are forgotten, in the readers' favour. What was united or erased waits.
_DURABLE = "SET LOCAL synchronous_commit TO on"


async def _count_without_waiting(connection: AsyncConnection[Any]) -> None:
    await connection.execute("SET synchronous_commit TO off")


class LostConnection(StoreDown):
    """The connection broke under the statement. Another one may do."""


class PostgresStore:
    """
    Keeps a pool of `size` connections for questions, one connection that counts, and
    one that listens.
    """

    def __init__(self, conninfo: str, *, size: int = 4) -> None:
        self._conninfo, self._size = conninfo, size
        self._down_until = 0.0
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=size,
            open=False,
            timeout=PATIENCE,
            configure=_count_without_waiting,
            kwargs={"autocommit": True, "connect_timeout": 2},
        )
        self._line = Line(conninfo)
        self._counts = Coalescer(self._count_all)
        self._newcomers = Coalescer(self._count_newcomers)
        self._looked: int | None = None
        self._seen: set[int] = set()

    async def open(self) -> None:
        await self._pool.open()
        self._looked = (await self._rows(_NOW))[0][0]

    async def close(self) -> None:
        await self._counts.close()
        await self._line.close()
        await self._newcomers.close()
        await self._pool.close()

    # --- The meter ----------------------------------------------------------------

    async def count(self, ask: Ask) -> Meter:
        if ask.limit < 1:
            return await self.peek(ask)
        return await self._counts.ask(ask)

    async def _count_all(self, asks: list[Ask]) -> list[Meter]:
        try:
            return await self._count_once(asks)
        except LostConnection:  # Counting the same story again is free.
            return await self._count_once(asks)

    async def _count_once(self, asks: list[Ask]) -> list[Meter]:
        self._refuse_while_down()
        connected = self._line.connected
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._line.count(asks)
        except TimeoutError as error:
            self._down_until = clock.steady() + REST
            raise StoreDown("no answer in time") from error
        except _DOWN as error:
            raise (LostConnection if connected else StoreDown)(str(error)) from error

    async def newcomer(self, ask: Ask) -> Meter:
        return await self._newcomers.ask(ask)

    async def _count_newcomers(self, asks: list[Ask]) -> list[Meter]:
        rows = await self._rows(newcomers.COUNT, statements.columns(asks))
        found = {identity: answer for identity, *answer in rows}
        return [statements.answered(ask, *found[ask.identity]) for ask in asks]

    async def newcomers(self, ask: Ask) -> Meter:
        rows = await self._rows(newcomers.PEEK, statements.peeked(ask))
        return meter.standing(ask, *rows[0])

    async def salt(self, begins: datetime) -> bytes:
        rows = await self._rows(newcomers.SALT, newcomers.salt_of(begins))
        return bytes(rows[0][0])

    async def peek(self, ask: Ask) -> Meter:
        rows = await self._rows(statements.PEEK, statements.peeked(ask))
        return meter.standing(ask, *rows[0])

    async def unite(self, device: UUID, reader: UUID) -> None:
        async with self._connection() as connection, connection.transaction():
            await connection.execute(_DURABLE)
            for statement in statements.UNITE:
                await connection.execute(statement, {"both": [device, reader]})

    async def erase(self, identity: UUID) -> None:
        async with self._connection() as connection, connection.transaction():
            await connection.execute(_DURABLE)
            await connection.execute(statements.ERASE, (identity,))

    # --- Gifts --------------------------------------------------------------------

    async def gift(self, ask: GiftAsk) -> GiftFacts | None:
        rows = await self._rows(gifts.FIND, gifts.values(ask))
        return gifts.facts(rows[0]) if rows else None

    async def open_gift(self, ask: GiftAsk) -> GiftStanding:
        async with self._connection() as connection, connection.transaction():
            await connection.execute(_DURABLE)
            return await gifts.open_with(connection, ask)

    # --- Facts --------------------------------------------------------------------

    async def story(self, story_id: int) -> StoryFacts | None:
        rows = await self._rows(_STORY, (story_id,))
        return StoryFacts(*rows[0]) if rows else None

    async def page(self, story_id: int) -> PressedPage | None:
        rows = await self._rows(_PAGE, (story_id,))
        return PressedPage(*rows[0]) if rows else None

    async def listing(self, path: str) -> FiledListing | None:
        rows = await self._rows(listings.FIND, (path,))
        return listings.filed(*rows[0]) if rows else None

    async def furniture(self) -> Mapping[str, str]:
        return dict(await self._rows(_FURNITURE))

    async def grants(self, reader: UUID, at: datetime) -> Sequence[Grant]:
        return [Grant(*row) for row in await self._rows(_GRANTS, (reader, at))]

    async def epochs(self, since: datetime) -> Mapping[UUID, int]:
        return dict(await self._rows(_EPOCHS, (since,)))

    async def orders(self) -> Orders:
        rows = await self._rows(_POLICY)
        policy = statements.policy(*rows[0]) if rows else Policy()
        rules = [statements.rule(*row) for row in await self._rows(_CRAWLERS)]
        pools = [statements.pool_rule(*row) for row in await self._rows(_POOLS)]
        publication = await self._rows(_PUBLICATION)
        zone, offset, *words = publication[0] if publication else _NO_PUBLICATION
        return Orders(
            policy=replace(policy, crawlers=tuple(rules), pools=tuple(pools)),
            zone=ZoneInfo(zone),
            clock_offset=offset,
            verticals=tuple(await self._rows(_VERTICALS)),
            walls=tuple(WallRule(*row) for row in await self._rows(walls.RULES)),
            masthead=seal_of(zone, *words),
            recording=Recording(*(await self._rows(_RECORDING) or [()])[0]),
        )

    # --- What has changed ---------------------------------------------------------

    async def changes(self) -> AsyncGenerator[Sequence[Change], None]:
        try:
            async with await AsyncConnection.connect(
                self._conninfo, autocommit=True, connect_timeout=2
            ) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                while True:
                    yield await self._look(connection)
                    async for _ in connection.notifies(timeout=PULSE, stop_after=1):
                        pass
        except _DOWN as error:
            raise StoreDown(type(error).__name__) from error

    async def _look(self, connection: AsyncConnection[Any]) -> Sequence[Change]:
        cursor = await connection.execute(_CHANGES, (self._looked,))
        rows = await cursor.fetchall()
        self._looked = rows[0][0]
        fresh = [row for row in rows if row[1] is not None and row[1] not in self._seen]
        self._seen = {row[1] for row in rows if row[1] is not None}
        return [
            Change(Kind(kind), subject, number) for _, _, kind, subject, number in fresh
        ]

    # --- Connections --------------------------------------------------------------

    async def _rows(self, statement: str, values: Any = ()) -> list[Any]:
        # Each statement here may be run twice: counting the same story again is free.
        for _ in range(self._size):
            try:
                return await self._rows_once(statement, values)
            except LostConnection:  # A server that restarted has broken all of them.
                continue
        return await self._rows_once(statement, values)

    async def _rows_once(self, statement: str, values: Any) -> list[Any]:
        async with self._connection() as connection:
            return await (await connection.execute(statement, values)).fetchall()

    def _refuse_while_down(self) -> None:
        if clock.steady() < self._down_until:  # Let nobody wait for what just failed.
            raise StoreDown("a moment ago")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        self._refuse_while_down()
        lent: AsyncConnection[Any] | None = None
        try:
            async with asyncio.timeout(PATIENCE), self._pool.connection() as lent:
                yield lent
        except (PoolTimeout, TimeoutError) as error:
            self._down_until = clock.steady() + REST
            raise StoreDown(type(error).__name__) from error
        except _DOWN as error:
            lost = lent is not None and lent.closed
            raise (LostConnection if lost else StoreDown)(str(error)) from error
