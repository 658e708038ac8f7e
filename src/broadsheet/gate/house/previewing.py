"""
A change of the policy, tried on what was recorded. Reads the records by identity from a
cursor of the server's, so that memory stays flat however many there are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection, transaction

from broadsheet.gate.core import record
from broadsheet.gate.core.meter import LONGEST
from broadsheet.gate.core.previewing import Preview, Wish, preview
from broadsheet.gate.core.record import Record
from broadsheet.gate.core.vocabulary import Orders, Reading, Reason, Verdict
from broadsheet.plumbing import publication

from . import models

AT_ONCE = 2000  # Rows fetched together.
KINDS = 50_000  # Readings kept, of views that were decided alike.
ENOUGH = 50_000  # Views from which a page at the desk is made: a few seconds.

_NAMES = (
    *("story_id", "access", "section", "published_at", "revision", "standing"),
    *("count", "allowance", "more"),
)
# A row whose edition is gone cannot be decided again.
_SOME = """
       at >= %(start)s AND at < %(until)s AND uuid_hash(identity) & %(mask)s = 0
   AND policy IN (SELECT number FROM gate_policyedition)
"""
_ROWS = f"""
SELECT at, identity, registered, policy, verdict, reason, story_id, access, section,
       published_at, revision, standing, count, allowance, more::text
  FROM gate_recordeddecision WHERE {_SOME} ORDER BY identity, at, id
"""  # noqa: S608  No value is ever put into this text.
_HOW_MANY = f"SELECT count(*) FROM gate_recordeddecision WHERE {_SOME}"  # noqa: S608  The same.
_ABOUT = f"EXPLAIN (FORMAT JSON) {_ROWS}"  # The planner's guess costs nothing.


def tried(
    wish: Wish,
    *,
    since: datetime,
    until: datetime,
    one_in: int = 1,
    progress: Callable[[Iterator[Record], int], Iterator[Record]] | None = None,
) -> Preview:
    """
    Return what the wish would have made of the window. `one_in` is a power of two: only
    so many of the identities are looked at. `progress` is given the records and how many
    they are; to know that, they are counted first.
    """
    window = _window(since, until, one_in)
    with transaction.atomic():  # A cursor outside one would copy all rows aside first.
        editions = _editions()
        records = _records(window, editions)
        if progress is not None:
            records = progress(records, _count(window))
        zone = publication.current().zone
        return preview(records, editions, wish, since=since, zone=zone)


def share(since: datetime, until: datetime) -> int:
    """Return of how many identities one is looked at, so that a page is made in time."""
    window = _window(since, until, 1)
    with connection.cursor() as cursor:
        cursor.execute(_ABOUT, window)
        plan = cursor.fetchone()[0]
    rows = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"]
    one_in = 1
    while rows // one_in > ENOUGH:
        one_in *= 2
    return one_in


def _window(since: datetime, until: datetime, one_in: int) -> dict[str, Any]:
    # No period is longer, so each meter is full as it was when the window begins.
    return {"start": since - LONGEST, "until": until, "mask": one_in - 1}


def _editions() -> dict[int, Orders]:
    rows = models.PolicyEdition.objects.order_by("number")
    return {row.number: record.orders_in(row.content) for row in rows}


def _count(window: Mapping[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_HOW_MANY, window)
        return int(cursor.fetchone()[0])


def _records(
    window: Mapping[str, Any], editions: dict[int, Orders]
) -> Iterator[Record]:
    @lru_cache(maxsize=KINDS)
    def reading(policy: int, *columns: Any) -> Reading:
        row = dict(zip(_NAMES, columns, strict=True))
        row["more"] = json.loads(row["more"]) if row["more"] else None
        return record.reading_of(row, editions[policy].policy)

    with connection.chunked_cursor() as cursor:
        cursor.execute(_ROWS, window)
        while rows := cursor.fetchmany(AT_ONCE):
            for at, identity, registered, policy, verdict, reason, *columns in rows:
                yield Record(
                    at,
                    identity,
                    registered,
                    reading(policy, *columns),
                    policy,
                    Verdict(verdict),
                    Reason(reason),
                )


def as_json(found: Preview, *, until: datetime, one_in: int = 1) -> dict[str, Any]:
    before, after = found.before, found.after
    sections = sorted({*before.by_section, *after.by_section})
    return {
        "since": found.since.isoformat(),
        "until": until.isoformat(),
        "one_in": one_in,
        "views": found.views,
        "identities": found.identities,
        **{
            side: {"walls": sums.walls, "walled": sums.walled, "free_reads": sums.free}
            for side, sums in (("before", before), ("after", after))
        },
        "days": [
            {
                "day": day.isoformat(),
                "before": before.by_day[day],
                "after": after.by_day[day],
            }
            for day in sorted({*before.by_day, *after.by_day})
        ],
        "sections": [
            {
                "section": name,
                "before": before.by_section[name],
                "after": after.by_section[name],
            }
            for name in sections
        ],
    }
