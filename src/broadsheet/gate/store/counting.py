"""
The connection that counts. It does nothing else, so its one statement is prepared once,
sent and read without all that a driver must do for statements of every kind: a batch
costs a few microseconds instead of some two hundred, beside what each ask costs.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from itertools import count
from struct import iter_unpack
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from broadsheet.gate.core.meter import Ask
from broadsheet.gate.core.vocabulary import Meter

from . import statements

NAME = b"count"
ARRAY_HEAD = 20  # Bytes before the elements of an array of one dimension.


class Line:
    """
    One connection, opened when it is first needed. One batch at a time. Whatever goes
    wrong, a `psycopg.Error` is raised and the next batch takes a new connection.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: AsyncConnection[Any] | None = None
        self._watched = -1  # The socket; a lost connection no longer tells its own.
        self._results: asyncio.Future[list[PGresult]] | None = None
        self._got: list[PGresult] = []

    @property
    def connected(self) -> bool:
        return self._connection is not None

    async def count(self, asks: Sequence[Ask]) -> list[Meter]:
        try:
            connection = self._connection or await self._open()
            result = await self._exchange(connection, statements.columns(asks))
        except BaseException:  # Also if nobody waits any more: an answer may be due.
            await self.close()
            raise
        return _meters(result, asks)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        self._look_away()
        if connection is not None:
            await connection.close()

    def _look_away(self) -> None:
        """Watch the socket no longer, before its number is another's."""
        if self._watched >= 0:
            asyncio.get_running_loop().remove_reader(self._watched)
            self._watched = -1

    async def _open(self) -> AsyncConnection[Any]:
        connection = await AsyncConnection.connect(
            self._conninfo, autocommit=True, connect_timeout=2
        )
        await connection.execute("SET synchronous_commit TO off")  # See postgres.py.
        self._connection, self._watched = connection, connection.fileno()
        asyncio.get_running_loop().add_reader(self._watched, self._readable)
        connection.pgconn.send_prepare(NAME, _numbered(statements.COUNT))
        await self._answer(connection)
        return connection

    async def _exchange(
        self, connection: AsyncConnection[Any], columns: statements.Columns
    ) -> PGresult:
        connection.pgconn.send_query_prepared(
            NAME,
            [column.encode() for column in columns],
            result_format=Format.BINARY,
        )
        return await self._answer(connection)

    async def _answer(self, connection: AsyncConnection[Any]) -> PGresult:
        """Return the one result of what has been sent."""
        loop = asyncio.get_running_loop()
        self._results, self._got = loop.create_future(), []
        while connection.pgconn.flush():
            await asyncio.sleep(0.001)  # A batch that the socket has no room for yet.
        results = await self._results
        for result in results:
            if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
                raise psycopg.errors.error_from_result(result)
        if len(results) != 1:
            raise psycopg.OperationalError("the connection gave no answer")
        return results[0]

    def _readable(self) -> None:
        connection, results = self._connection, self._results
        if connection is None:
            return
        pgconn = connection.pgconn
        try:
            pgconn.consume_input()
            while not pgconn.is_busy():
                result = pgconn.get_result()
                if result is None:
                    break
                self._got.append(result)
            else:
                return
        except psycopg.Error as error:
            self._look_away()
            if results is not None and not results.done():
                results.set_exception(error)
            return
        if results is not None and not results.done():
            results.set_result(self._got)


def _numbered(statement: str) -> bytes:
    """Return `statement` with its placeholders as the server's own."""
    numbers = count(1)
    return re.sub("%s", lambda _: f"${next(numbers)}", statement).encode()


def _meters(result: PGresult, asks: Iterable[Ask]) -> list[Meter]:
    value = result.get_value
    rows = {value(row, 0): row for row in range(result.ntuples)}
    meters = []
    for ask in asks:
        row = rows[ask.identity.bytes]
        stories, drawn = _stories(value(row, 1)), int.from_bytes(value(row, 2) or b"")
        opened = value(row, 3) == b"\x01"
        meters.append(statements.answered(ask, stories, drawn, opened))
    return meters


def _stories(array: bytes | None) -> list[int]:
    return [story for (story,) in iter_unpack(">4xq", (array or b"")[ARRAY_HEAD:])]
