"""
Gift links in PostgreSQL, wherever the meter is.

A link is a row, and each device that has opened it is another. To open one, the device
and then the link are locked, and the facts are read anew: so one link lets in exactly
as many devices as it says, and one device opens exactly as many gifts as it may.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from broadsheet.gate.core.gifts import (
    DEFAULT_TERMS,
    GiftAsk,
    GiftFacts,
    GiftLink,
    worth,
)
from broadsheet.gate.core.vocabulary import GiftStanding

FIND = f"""
SELECT link.nonce, link.story_id, link.giver,
       extract(epoch FROM link.expires_at)::bigint, link.opens,
       link.opened, link.revoked_at IS NOT NULL,
       EXISTS (SELECT FROM gate_giftopening AS opening
                WHERE opening.link_id = link.nonce AND opening.device = %(device)s),
       (SELECT count(*) FROM gate_giftopening AS opening
         WHERE opening.device = %(device)s AND opening.opened_at >= %(since)s),
       coalesce(terms.per_device, {DEFAULT_TERMS.per_device}),
       coalesce(terms.outlives, {DEFAULT_TERMS.outlives})
           OR EXISTS (SELECT FROM gate_grant AS held
                       WHERE held.reader = link.giver AND held.feature = %(feature)s
                         AND held.starts <= %(at)s AND held.ends > %(at)s)
  FROM gate_giftlink AS link
  LEFT JOIN (SELECT per_device, outlives FROM gate_giftterms ORDER BY id LIMIT 1)
       AS terms ON true
 WHERE link.nonce = %(nonce)s
"""  # noqa: S608  Only our own defaults are put into this text.

_LOCK_DEVICE = "SELECT pg_advisory_xact_lock(hashtextextended('gift ' || %s::text, 0))"
_LOCK_LINK = "SELECT FROM gate_giftlink WHERE nonce = %s FOR UPDATE"
_OPEN = "INSERT INTO gate_giftopening (link_id, device, opened_at) VALUES (%s, %s, %s)"
_COUNT = "UPDATE gate_giftlink SET opened = opened + 1 WHERE nonce = %s"


def values(ask: GiftAsk) -> dict[str, Any]:
    return {
        "nonce": ask.nonce,
        "device": ask.device,
        "feature": ask.feature,
        "since": ask.since,
        "at": ask.at,
    }


def facts(row: tuple[Any, ...]) -> GiftFacts:
    return GiftFacts(GiftLink(*row[:5]), *row[5:])


async def open_with(connection: AsyncConnection[Any], ask: GiftAsk) -> GiftStanding:
    """Open the gift for the device if it may be. Belongs in a transaction."""
    await connection.execute(_LOCK_DEVICE, (ask.device,))
    await connection.execute(_LOCK_LINK, (ask.nonce,))
    # A statement of its own: it sees what was committed while we waited for the locks.
    row = await (await connection.execute(FIND, values(ask))).fetchone()
    standing = worth(facts(row), ask.at) if row else GiftStanding.DEAD
    if standing is not GiftStanding.SEALED:
        return standing
    await connection.execute(_OPEN, (ask.nonce, ask.device, ask.at))
    await connection.execute(_COUNT, (ask.nonce,))
    return GiftStanding.OPENED


class GiftShelf:
    """Gifts in a process's memory: for tests. Nothing awaits between look and write."""

    def __init__(self) -> None:
        self._links: dict[UUID, GiftLink] = {}
        self._opened: dict[UUID, set[UUID]] = {}
        self.revoked: set[UUID] = set()
        self.unbacked: set[UUID] = set()

    def file(self, link: GiftLink) -> None:
        self._links[link.nonce] = link
        self._opened.setdefault(link.nonce, set())

    def opened(self, nonce: UUID) -> int:
        return len(self._opened[nonce])

    def find(self, ask: GiftAsk) -> GiftFacts | None:
        link = self._links.get(ask.nonce)
        if link is None:
            return None
        return GiftFacts(
            link,
            len(self._opened[ask.nonce]),
            ask.nonce in self.revoked,
            ask.device in self._opened[ask.nonce],
            sum(ask.device in devices for devices in self._opened.values()),
            DEFAULT_TERMS.per_device,
            link.giver not in self.unbacked,
        )

    def open(self, ask: GiftAsk) -> GiftStanding:
        found = self.find(ask)
        standing = worth(found, ask.at) if found else GiftStanding.DEAD
        if standing is not GiftStanding.SEALED or ask.device is None:
            return standing
        self._opened[ask.nonce].add(ask.device)
        return GiftStanding.OPENED
