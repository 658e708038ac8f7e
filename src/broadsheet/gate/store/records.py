"""
Recorded decisions in PostgreSQL: written many at a time, each kind spelled out once.

Views that were decided alike, of one story with one count, differ only in who and when.
So a batch is two lists, and a view costs the gate about a microsecond of its time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from broadsheet.gate.core.record import Kind, digest, edition_text, kind_of
from broadsheet.gate.core.vocabulary import Decision, Orders, Reading

from . import StoreDown

# Who is forgotten stays so, also in the batches that gates have not written yet. The
# eraser takes this lock alone, and waits for the writers that hold it together.
LOCK = 0x6272645F7265636F
EDITION_LOCK = 0x6272645F65646974

WRITERS_LOCK = f"SELECT pg_advisory_xact_lock_shared({LOCK})"
ERASERS_LOCK = f"SELECT pg_advisory_xact_lock({LOCK})"
EDITORS_LOCK = f"SELECT pg_advisory_xact_lock({EDITION_LOCK})"

WRITE = """
INSERT INTO gate_recordeddecision
       (at, identity, registered, story_id, access, section, published_at, revision,
        standing, count, allowance, verdict, reason, more, policy)
SELECT v.at, v.identity, (k.kind->>0)::boolean, (k.kind->>1)::bigint, k.kind->>2,
       k.kind->>3, (k.kind->>4)::timestamptz, (k.kind->>5)::bigint, k.kind->>6,
       (k.kind->>7)::integer, (k.kind->>8)::integer, k.kind->>9, k.kind->>10,
       nullif(k.kind->11, 'null'), %(policy)s
  FROM (SELECT (view->>0)::timestamptz AS at, (view->>1)::uuid AS identity,
               (view->>2)::integer AS place, turn
          FROM jsonb_array_elements(%(views)s::jsonb) WITH ORDINALITY AS n(view, turn)
       ) AS v
  JOIN jsonb_array_elements(%(kinds)s::jsonb) WITH ORDINALITY AS k(kind, place)
    ON k.place = v.place + 1
 WHERE NOT EXISTS (SELECT FROM gate_forgotten AS f
                    WHERE f.identity = v.identity AND v.at <= f.at)
 ORDER BY v.turn
"""
NEWEST = "SELECT number, digest FROM gate_policyedition ORDER BY number DESC LIMIT 1"
SAME = "SELECT max(number) FROM gate_policyedition WHERE digest = %s"
FILE = """
INSERT INTO gate_policyedition (digest, content, at, by)
VALUES (%s, %s::jsonb, %s, %s) RETURNING number
"""


class View:
    """One decision, by whom and when; what it is made of stays as it is until written."""

    __slots__ = ("at", "decision", "identity", "reading", "registered")

    def __init__(
        self,
        at: datetime,
        identity: UUID,
        registered: bool,
        reading: Reading,
        decision: Decision,
    ) -> None:
        self.at, self.identity, self.registered = at, identity, registered
        self.reading, self.decision = reading, decision


def values(views: Sequence[View], policy: int) -> dict[str, Any]:
    """Return the views, all of one policy, as WRITE takes them."""
    kinds: list[Kind] = []
    places: dict[tuple[int, bool], int] = {}
    lines = []
    for view in views:
        # The printer gives views that are decided alike the very same decision.
        key = (id(view.decision), view.registered)
        place = places.get(key)
        if place is None:
            place = places[key] = len(kinds)
            kinds.append(kind_of(view.registered, view.reading, view.decision))
        # By hand: nothing in it would have to be quoted, and it is half the time.
        lines.append(f'["{view.at.isoformat()}","{view.identity.hex}",{place}]')
    listed = f"[{','.join(lines)}]"
    return {"policy": policy, "views": listed, "kinds": json.dumps(kinds)}


class Archive(Protocol):
    """Keeps records. Both may raise `StoreDown`; `Unwritable` is for good."""

    async def edition(self, orders: Orders, at: datetime) -> int:
        """Return the number of the policy in `orders`, filed now if it is new."""
        ...

    async def write(self, views: Sequence[View], policy: int) -> None: ...

    async def close(self) -> None: ...


class Unwritable(Exception):
    """The database will never take these views. Do not try again."""


class PostgresArchive:
    """Holds one connection of its own, made anew when it breaks."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: AsyncConnection[Any] | None = None

    async def edition(self, orders: Orders, at: datetime) -> int:
        text = edition_text(orders)
        mark = digest(text)
        try:
            connection = await self._connected()
            async with connection.transaction():
                await connection.execute(EDITORS_LOCK)
                found = await (await connection.execute(SAME, (mark,))).fetchone()
                if found is None or found[0] is None:
                    filed = await connection.execute(FILE, (mark, text, at, None))
                    found = await filed.fetchone()
        except psycopg.Error as error:
            raise await self._failed(error) from error
        return int(found[0]) if found else 0

    async def write(self, views: Sequence[View], policy: int) -> None:
        try:
            connection = await self._connected()
            async with connection.transaction():
                # A statement of its own: the next one must see what the eraser did.
                await connection.execute(WRITERS_LOCK)
                await connection.execute(WRITE, values(views, policy))
        except psycopg.Error as error:
            raise await self._failed(error) from error

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _connected(self) -> AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(
                self._conninfo, autocommit=True, connect_timeout=2
            )
            await self._connection.execute("SET synchronous_commit TO off")
            await self._connection.execute("SET statement_timeout TO '10s'")
        return self._connection

    async def _failed(self, error: psycopg.Error) -> Exception:
        if isinstance(error, (psycopg.DataError, psycopg.IntegrityError)):
            return Unwritable(type(error).__name__)
        await self.close()
        return StoreDown(type(error).__name__)
