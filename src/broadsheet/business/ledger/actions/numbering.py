"""Numbers without a gap, in a series and a financial year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from broadsheet.kit.calendar import local_date
from broadsheet.plumbing import publication

from .. import queries
from ..rules import financial_year, invoice_number


@dataclass(frozen=True, slots=True)
class Place:
    """A document's place in its series."""

    series: str
    year: str
    sequence: int
    number: str


def number_in(series: str, at: datetime) -> Place:
    """Return the next place in the series, in the financial year of `at`. Locks it."""
    on = local_date(at, publication.current().zone)
    year = financial_year(on, queries.seller().first_month)
    sequence = _next_in(series, year)
    return Place(series, year, sequence, invoice_number(series, year, sequence))


def _next_in(series: str, year: str) -> int:
    # The counter's row stays locked until the commit, so a rollback gives the number
    # back and the next in line takes it: no gap, and no number twice. Therefore issue
    # late in a transaction, and never call a provider after it.
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO ledger_invoiceseries AS s (series, financial_year, last)
               VALUES (%s, %s, 1)
               ON CONFLICT (series, financial_year) DO UPDATE SET last = s.last + 1
               RETURNING last""",
            [series, year],
        )
        return int(cursor.fetchone()[0])
