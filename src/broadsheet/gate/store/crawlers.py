"""
What the gate keeps of crawlers: the lists that operators publish, and who came.

Visits are written many at a time, by whoever holds the gate, never by a view. They say
which machine read which story and hold nothing of any person, not even an address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import psycopg
from psycopg import AsyncConnection

from . import StoreDown

RANGES, KEYS = "ranges", "keys"  # What a document is.

_DOCUMENTS = "SELECT what, name, document FROM gate_crawlerdocument ORDER BY what, name"
_VISIT = """
INSERT INTO gate_crawlervisit (kind, name, proof, story_id, verdict, at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[],
                     %s::timestamptz[])
"""


@dataclass(frozen=True, slots=True)
class Document:
    """A file as its publisher publishes it: ranges, or an agent's public keys."""

    what: str
    name: str  # The file's, without .json; or the agent's host.
    text: str


@dataclass(frozen=True, slots=True)
class Visit:
    kind: str
    name: str
    proof: str
    story_id: int
    verdict: str
    at: datetime


class Book(Protocol):
    """Both may raise `StoreDown`."""

    async def documents(self) -> Sequence[Document]: ...

    async def write(self, visits: Sequence[Visit]) -> None: ...


class PostgresBook:
    """Takes a connection for each of its few, unhurried statements."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo

    async def documents(self) -> Sequence[Document]:
        try:
            async with await self._connect() as connection:
                rows = await (await connection.execute(_DOCUMENTS)).fetchall()
        except psycopg.Error as error:
            raise StoreDown(type(error).__name__) from error
        return [Document(*row) for row in rows]

    async def write(self, visits: Sequence[Visit]) -> None:
        columns = (
            [visit.kind for visit in visits],
            [visit.name for visit in visits],
            [visit.proof for visit in visits],
            [visit.story_id for visit in visits],
            [visit.verdict for visit in visits],
            [visit.at for visit in visits],
        )
        try:
            async with await self._connect() as connection:
                await connection.execute(_VISIT, columns)
        except psycopg.Error as error:
            raise StoreDown(type(error).__name__) from error

    async def _connect(self) -> AsyncConnection[tuple[str, ...]]:
        return await AsyncConnection.connect(
            self._conninfo, autocommit=True, connect_timeout=2
        )
