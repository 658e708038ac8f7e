"""How often the rules for walls have won, a row a rule and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import psycopg
from psycopg import AsyncConnection

from . import StoreDown

RULES = """
SELECT rule.id, variant.name, rule.segment, rule.section, rule.access, rule.source,
       rule.device, rule.language, rule.state = 'dry'
  FROM gate_wallrule AS rule JOIN gate_wallvariant AS variant
       ON variant.id = rule.variant_id
 WHERE rule.state <> 'off'
 ORDER BY rule.place, rule.id
"""

# Rows are taken in their keys' order, so two processes cannot hold each other up.
_HIT = """
INSERT INTO gate_wallhit AS hit (rule_id, day, shown, times)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::bool[], %s::bigint[])
ON CONFLICT (rule_id, day, shown) DO UPDATE SET times = hit.times + excluded.times
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule has won so many times on a day. `shown`: not only dry."""

    rule_id: int
    day: date
    shown: bool
    times: int


class WallBook(Protocol):
    """May raise `StoreDown`."""

    async def write(self, hits: Sequence[Hit]) -> None: ...


class PostgresWallBook:
    """Takes a connection for each of its rare statements."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo

    async def write(self, hits: Sequence[Hit]) -> None:
        columns = (
            [hit.rule_id for hit in hits],
            [hit.day for hit in hits],
            [hit.shown for hit in hits],
            [hit.times for hit in hits],
        )
        try:
            async with await AsyncConnection.connect(
                self._conninfo, autocommit=True, connect_timeout=2
            ) as connection:
                await connection.execute(_HIT, columns)
        except psycopg.Error as error:
            raise StoreDown(type(error).__name__) from error
