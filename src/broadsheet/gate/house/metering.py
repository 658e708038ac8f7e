"""
The meter from Django's side: the same rows that the gate in front counts in.

They are in PostgreSQL, reached through Django's own connection; or in Valkey, if
BROADSHEET_METER_URL says so. Then each verb may raise `StoreDown`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import connection

from broadsheet.gate.core import meter
from broadsheet.gate.core.meter import Ask, Reads
from broadsheet.gate.core.vocabulary import Meter
from broadsheet.gate.store import statements
from broadsheet.gate.store.blocking import BlockingMeter
from broadsheet.plumbing.meter_address import MeterAddress, Node

from . import models

Facts = list[tuple[Node, dict[str, Any]]]


class Counting(Protocol):
    def count(self, ask: Ask) -> Meter: ...
    def peek(self, ask: Ask) -> Meter: ...
    def reads(self, identity: UUID) -> Reads | None: ...
    def unite(self, device: UUID, reader: UUID) -> None: ...
    def erase(self, identity: UUID) -> None: ...


class InPostgres:
    """Each verb is a statement or three, in the caller's transaction."""

    def count(self, ask: Ask) -> Meter:
        if ask.limit < 1:
            return self.peek(ask)
        with connection.cursor() as cursor:
            cursor.execute(statements.COUNT, statements.columns([ask]))
            _, *answer = cursor.fetchone()
        return statements.answered(ask, *answer)

    def peek(self, ask: Ask) -> Meter:
        with connection.cursor() as cursor:
            cursor.execute(statements.PEEK, statements.peeked(ask))
            return meter.standing(ask, *cursor.fetchone())

    def reads(self, identity: UUID) -> Reads | None:
        row = models.MeterRow.objects.filter(identity=identity).first()
        if row is None:
            return None
        # What is missing at the end of `pools` was paid for out of the shared one.
        pools = {
            s: pool for s, pool in zip(row.stories, row.pools, strict=False) if pool
        }
        return Reads(row.since, dict(zip(row.stories, row.read_at, strict=True)), pools)

    def unite(self, device: UUID, reader: UUID) -> None:
        with connection.cursor() as cursor:
            for statement in statements.UNITE:
                cursor.execute(statement, {"both": [device, reader]})

    def erase(self, identity: UUID) -> None:
        models.MeterRow.objects.filter(identity=identity).delete()


@cache
def in_valkey(address: MeterAddress) -> BlockingMeter:
    """Return this process's one meter at the address."""
    return BlockingMeter(address)


def current() -> Counting:
    """Return the meter that the settings name."""
    address = settings.BROADSHEET.meter_url
    return in_valkey(address) if address else InPostgres()


def meter_facts() -> Facts:
    """
    Return what each master of the meter says of itself; nobody, if the meter is in
    PostgreSQL. Raise `StoreDown`.
    """
    address = settings.BROADSHEET.meter_url
    return in_valkey(address).facts() if address else []
