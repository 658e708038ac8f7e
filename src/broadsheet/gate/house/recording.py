"""
The records from Django's side: written, kept for their days, forgotten on request.

A partition holds a day of UTC. They are made a week ahead; what comes for a day that has
none, as when a test clock is moved, is kept in a partition for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db import connection, transaction

from broadsheet.gate.core import record
from broadsheet.gate.core.record import Edition, Record
from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import Decision, Orders, Reading, Reason, Verdict
from broadsheet.gate.store import records as store
from broadsheet.gate.store.records import View

from . import models

TABLE = "gate_recordeddecision"
AHEAD = timedelta(days=7)
ONE_DAY = timedelta(days=1)
FORGOTTEN_FOR = timedelta(days=1)  # No gate holds a view for as long.
_PARTITION = re.compile(rf"{TABLE}_(\d{{8}})")
_PATIENCE = (
    "SET LOCAL lock_timeout TO '5s'"  # Readers' records must not queue behind us.
)


# --- Writing --------------------------------------------------------------------------


def keep(
    visitor: Visitor, orders: Orders, reading: Reading, decision: Decision, at: datetime
) -> None:
    """Record a decision that Django's side has made. Two to six statements."""
    if visitor.identity is None:
        return
    if not record.wanted(orders.recording, reading, decision):
        return
    known = visitor.reader is not None
    view = View(at, visitor.identity, known, reading, decision)
    with transaction.atomic(), connection.cursor() as cursor:
        number = _number_of(orders, at)
        cursor.execute(store.WRITERS_LOCK)
        cursor.execute(store.WRITE, store.values([view], number))


def _number_of(orders: Orders, at: datetime) -> int:
    """Return the edition of the orders; the newest of those that say the same."""
    mark = record.digest(record.edition_text(orders))
    rows = models.PolicyEdition.objects.filter(digest=mark).order_by("-number")
    found = rows.values_list("number", flat=True).first()
    return file_edition(orders, by=None, at=at) if found is None else found


@transaction.atomic
def file_edition(orders: Orders, *, by: UUID | None, at: datetime) -> int:
    """File the orders as the newest edition, unless they are. Return its number."""
    text = record.edition_text(orders)
    mark = record.digest(text)
    with connection.cursor() as cursor:
        cursor.execute(store.EDITORS_LOCK)
        cursor.execute(store.NEWEST)
        newest = cursor.fetchone()
        if newest is None or newest[1] != mark:
            cursor.execute(store.FILE, (mark, text, at, by))
            return int(cursor.fetchone()[0])
    # A gate may have seen the edit before we came to say whose it is.
    models.PolicyEdition.objects.filter(pk=newest[0], by=None).update(by=by)
    return int(newest[0])


# --- Reading --------------------------------------------------------------------------


def edition_at(at: datetime) -> Edition | None:
    """Return the edition that held at `at`, if one was filed by then."""
    row = models.PolicyEdition.objects.filter(at__lte=at).order_by("-number").first()
    return None if row is None else _edition(row)


def edition(number: int) -> Edition | None:
    row = models.PolicyEdition.objects.filter(pk=number).first()
    return None if row is None else _edition(row)


def editions(numbers: Sequence[int]) -> dict[int, Edition]:
    rows = models.PolicyEdition.objects.filter(pk__in=numbers)
    return {row.number: _edition(row) for row in rows}


def _edition(row: models.PolicyEdition) -> Edition:
    return Edition(row.number, record.orders_in(row.content), row.at, row.by)


def recorded(
    rows: Sequence[models.RecordedDecision], known: dict[int, Edition] | None = None
) -> Iterator[Record]:
    """
    Return the rows as records, each with its own policy; but for those whose edition is
    gone, which cannot be decided again. One query at most.
    """
    found = known or editions(sorted({row.policy for row in rows}))
    for row in rows:
        if row.policy not in found:
            continue
        policy = found[row.policy].orders.policy
        yield Record(
            row.at,
            row.identity,
            row.registered,
            record.reading_of(vars(row), policy),
            row.policy,
            Verdict(row.verdict),
            Reason(row.reason),
        )


def of_identity(identity: UUID) -> list[dict[str, object]]:
    """Return what is recorded of a reader or a device, ready for JSON."""
    rows = models.RecordedDecision.objects.filter(identity=identity)
    columns = ("at", "story_id", "section", "count", "allowance", "verdict", "reason")
    return [
        {**row, "at": row["at"].isoformat()}
        for row in rows.order_by("at", "pk").values(*columns)
    ]


# --- Forgetting -----------------------------------------------------------------------


@transaction.atomic
def forget(identity: UUID, *, at: datetime) -> None:
    """
    Delete what is recorded of the identity, and what gates have yet to write. Writers
    wait until the transaction ends, for a moment.
    """
    with connection.cursor() as cursor:
        cursor.execute(store.ERASERS_LOCK)
    models.Forgotten.objects.update_or_create(identity=identity, defaults={"at": at})
    models.RecordedDecision.objects.filter(identity=identity).delete()


@transaction.atomic
def tend(days: int, *, at: datetime) -> int:
    """
    Make the days ahead, drop those that were kept for `days` days, and return how many
    were dropped. Waits five seconds at most for whoever reads them.
    """
    today = at.astimezone(UTC).date()
    made = _partitions()
    with connection.cursor() as cursor:
        cursor.execute(_PATIENCE)
    for ahead in range(AHEAD.days + 1):
        day = today + timedelta(days=ahead)
        if day not in made:
            _make(day)
    oldest = at - timedelta(days=days)
    over = [day for day in made if _midnight(day + ONE_DAY) <= oldest]
    for day in over:
        _drop(day)
    # What is not a whole day yet, and what came for days that had no partition.
    models.RecordedDecision.objects.filter(at__lt=oldest).delete()
    models.Forgotten.objects.filter(at__lt=at - FORGOTTEN_FOR).delete()
    return len(over)


def _partitions() -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits "
            "WHERE inhparent = %s::regclass",
            (TABLE,),
        )
        names = [_PARTITION.fullmatch(name) for (name,) in cursor.fetchall()]
    return sorted(date.fromisoformat(name[1]) for name in names if name)


def _make(day: date) -> None:
    """Make the day's partition, with what came for it before it was there."""
    name, window = _name(day), (_midnight(day), _midnight(day + ONE_DAY))
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING ALL)")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {TABLE}_rest WHERE at >= %s AND at < %s "  # noqa: S608  Our own names.
            f"RETURNING *) INSERT INTO {name} SELECT * FROM moved",
            window,
        )
        first, end = (moment.isoformat() for moment in window)
        cursor.execute(
            f"ALTER TABLE {TABLE} ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{first}') TO ('{end}')"
        )


def _drop(day: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {_name(day)}")


def _name(day: date) -> str:
    return f"{TABLE}_{day:%Y%m%d}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
