"""
Pressed listings in SQL, shared by the gate's own connections and by Django's.

A press writes down which transactions it could see (`seen`). It is fresh as long as
every change that concerns it was among them: no row is locked, or even touched, by those
who publish, and a transaction that was still open during the press is not forgotten.
"""

from __future__ import annotations

from datetime import datetime

from broadsheet.gate.core.listings import FiledListing, PressedListing

ALL = ""  # The subject of a change that concerns every listing.

FIND = """
SELECT l.path, l.html, l.masthead, l.made_at, l.until,
       extract(epoch FROM clock_timestamp() - l.begun_at)::float8,
       NOT EXISTS (
           SELECT FROM gate_change AS c
            WHERE c.kind = 'listing' AND c.subject IN (l.path, '')
              AND c.txid >= pg_snapshot_xmin(l.seen::pg_snapshot)::text::bigint
              AND NOT pg_visible_in_snapshot(c.txid::text::xid8, l.seen::pg_snapshot)
       )
  FROM gate_pressedlisting AS l WHERE l.path = %s
"""


def filed(
    path: str,
    html: bytes,
    masthead: str,
    made_at: datetime,
    until: datetime,
    age: float,
    fresh: bool,
) -> FiledListing:
    """Return a row of `FIND`."""
    listing = PressedListing(path, bytes(html), masthead, made_at, until)
    return FiledListing(listing, age, fresh)
