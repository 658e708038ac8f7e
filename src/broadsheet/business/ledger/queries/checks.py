"""Is it all true? Each check is a statement that finds where an invariant is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import connection


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant of docs/algorithms/books.md that does not hold, and where."""

    invariant: str
    subject: str
    message: str


# What the books defer, and what the lines and their schedules say. An accountant's own
# postings, which name no invoice, are left out.
UNDELIVERED = """
WITH posted AS (SELECT coalesce(max(day), '-infinity') AS through FROM ledger_revenueday),
booked AS (
    SELECT e.currency, -sum(e.amount_minor) AS booked
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
    WHERE e.account = 'deferred_revenue'
      AND (t.invoice_id IS NOT NULL OR t.reference LIKE 'revenue:%%')
    GROUP BY e.currency
),
planned AS (
    SELECT i.currency, sum(l.taxable_minor) AS planned
    FROM ledger_invoiceline l JOIN ledger_invoice i ON i.id = l.invoice_id
    WHERE i.number IS NOT NULL GROUP BY i.currency
    UNION ALL
    SELECT i.currency, -sum(c.undelivered_minor)
    FROM ledger_creditline c JOIN ledger_invoiceline l ON l.id = c.line_id
    JOIN ledger_invoice i ON i.id = l.invoice_id GROUP BY i.currency
    UNION ALL
    SELECT s.currency, -sum(ledger_earned(
        s.amount_minor, s.start, s."end", least(s.stop, posted.through + 1)))
    FROM ledger_revenueschedule s, posted
    WHERE s.first_day <= posted.through AND s.stop > s.first_day GROUP BY s.currency
)
SELECT currency, 'the books defer ' || sum(booked) || ', the schedules '
       || sum(planned)
FROM (SELECT currency, booked, 0 AS planned FROM booked
      UNION ALL SELECT currency, 0, planned FROM planned) both_
GROUP BY currency HAVING sum(booked) <> sum(planned) OR sum(booked) < 0
"""

# Each query returns (subject, message) where its invariant is broken.
CHECKS: tuple[tuple[str, str], ...] = (
    (
        "I1 every transaction sums to nothing in each currency",
        """SELECT t.reference, 'off by ' || sum(e.amount_minor) || ' ' || e.currency
           FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
           GROUP BY t.reference, e.currency HAVING sum(e.amount_minor) <> 0""",
    ),
    (
        "I1 every transaction has the entries it was written with",
        """SELECT t.reference, 'written with ' || t.size || ', has ' || count(e.id)
           FROM ledger_transaction t LEFT JOIN ledger_entry e ON e.transaction_id = t.id
           GROUP BY t.reference, t.size HAVING count(e.id) <> t.size""",
    ),
    (
        "I32 a transaction is in one currency, which is its invoice's",
        """SELECT t.reference, 'in ' || string_agg(DISTINCT e.currency, ', ')
           FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
           LEFT JOIN ledger_invoice i ON i.id = t.invoice_id
           GROUP BY t.reference
           HAVING count(DISTINCT e.currency) > 1 OR min(e.currency) <> min(i.currency)""",
    ),
    (
        "I2 a closed balance is the fold of its entries",
        """SELECT c.account || ' until ' || c.until,
                  'closed at ' || c.balance_minor || ', folds to ' || f.folded
           FROM ledger_closing c CROSS JOIN LATERAL (
               SELECT coalesce(sum(e.amount_minor), 0) AS folded
               FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
               WHERE e.account = c.account AND e.currency = c.currency AND t.at < c.until
           ) f WHERE f.folded <> c.balance_minor""",
    ),
    (
        "I8 an invoice is paid if, and only if, receipts cover it",
        """SELECT coalesce(i.number, i.id::text),
                  i.status || ', ' || r.applied || ' of ' || i.total_minor || ' received'
           FROM ledger_invoice i CROSS JOIN LATERAL (
               SELECT coalesce(-sum(e.amount_minor), 0) AS applied
               FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
               WHERE t.invoice_id = i.id AND e.account = 'receivable'
                 AND t.reference NOT LIKE 'invoice:%%'
           ) r WHERE (i.status = 'paid') <> (r.applied >= i.total_minor)
             AND NOT (i.total_minor = 0 AND i.status <> 'paid')""",
    ),
    (
        "I10 numbers of a series are consecutive",
        """SELECT s.series || '/' || s.financial_year,
                  'last ' || s.last || ', issued ' || count(i.id)
           FROM ledger_invoiceseries s LEFT JOIN (
               SELECT id, series, financial_year, sequence FROM ledger_invoice
               WHERE number IS NOT NULL
               UNION ALL
               SELECT id, series, financial_year, sequence FROM ledger_creditnote
           ) i ON i.series = s.series AND i.financial_year = s.financial_year
           GROUP BY s.series, s.financial_year, s.last
           HAVING count(i.id) <> s.last OR coalesce(max(i.sequence), 0) <> s.last""",
    ),
    (
        "I11 taxable, taxes and round-off add up to the total",
        """SELECT coalesce(i.number, i.id::text), 'the lines do not add up'
           FROM ledger_invoice i LEFT JOIN (
               SELECT l.invoice_id, sum(l.gross_minor - l.discount_minor) AS net,
                      sum(l.taxable_minor) AS taxable, sum(l.round_off_minor) AS off,
                      sum(coalesce(x.tax, 0)) AS tax
               FROM ledger_invoiceline l LEFT JOIN (
                   SELECT line_id, sum(amount_minor) AS tax
                   FROM ledger_linetax GROUP BY line_id
               ) x ON x.line_id = l.id GROUP BY l.invoice_id
           ) s ON s.invoice_id = i.id
           WHERE (s.net, s.taxable, s.tax, s.off) IS DISTINCT FROM
                 (i.total_minor::numeric, i.taxable_minor::numeric,
                  i.tax_minor::numeric, i.round_off_minor::bigint)""",
    ),
    (
        "I11 CGST equals SGST",
        """SELECT i.id::text, 'CGST and SGST differ' FROM ledger_invoice i
           JOIN ledger_invoiceline l ON l.invoice_id = i.id
           LEFT JOIN ledger_linetax c ON c.line_id = l.id AND c.name = 'CGST'
           LEFT JOIN ledger_linetax s ON s.line_id = l.id AND s.name = 'SGST'
           WHERE c.amount_minor IS DISTINCT FROM s.amount_minor""",
    ),
    (
        "I11 a credit note takes back no more than was invoiced, and adds up",
        """SELECT coalesce(i.number, i.id::text), 'credited ' || n.total || ' in notes, '
                  || n.lines || ' in lines, of ' || i.total_minor
           FROM ledger_invoice i JOIN (
               SELECT n.invoice_id, sum(n.total_minor) AS total, sum(l.net) AS lines
               FROM ledger_creditnote n LEFT JOIN (
                   SELECT c.note_id, sum(c.taxable_minor + c.round_off_minor
                       + coalesce((SELECT sum(amount_minor) FROM ledger_credittax x
                                   WHERE x.line_id = c.id), 0)) AS net
                   FROM ledger_creditline c GROUP BY c.note_id
               ) l ON l.note_id = n.id GROUP BY n.invoice_id
           ) n ON n.invoice_id = i.id
           WHERE n.total > i.total_minor OR n.total IS DISTINCT FROM n.lines""",
    ),
    (
        "I34 a line earns what was sold, less what was credited",
        """SELECT l.invoice_id || ' line ' || l.position,
                  'earns ' || s.planned || ', sold ' || l.taxable_minor || ', credited '
                  || coalesce(c.undelivered, 0)
           FROM ledger_invoiceline l JOIN (
               SELECT line_id, sum(CASE WHEN stop > first_day
                   THEN ledger_earned(amount_minor, start, "end", stop) ELSE 0 END) AS planned
               FROM ledger_revenueschedule GROUP BY line_id
           ) s ON s.line_id = l.id
           LEFT JOIN (
               SELECT line_id, sum(undelivered_minor) AS undelivered
               FROM ledger_creditline GROUP BY line_id
           ) c ON c.line_id = l.id
           WHERE s.planned <> l.taxable_minor - coalesce(c.undelivered, 0)""",
    ),
    (
        "I34 what is deferred is what is not delivered yet",
        UNDELIVERED,
    ),
)

# Money in dispute is away, but not lost yet.
RECEIPTS = """
SELECT t.invoice_id, sum(e.amount_minor)
FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
WHERE t.invoice_id IS NOT NULL AND e.account IN ('gateway', 'disputes')
GROUP BY t.invoice_id
"""


def check(captured: Mapping[UUID, int] | None = None) -> tuple[Finding, ...]:
    """
    Return every invariant that does not hold. `captured` is what payments took an
    invoice, less what went back (minor units); with it, I6 is verified too.
    Reads all of the books: minutes on a big ledger, so ask at night.
    """
    findings = []
    with connection.cursor() as cursor:
        for invariant, sql in CHECKS:
            cursor.execute(sql, [])
            findings += [
                Finding(invariant, str(s), str(m)) for s, m in cursor.fetchall()
            ]
        if captured is not None:
            cursor.execute(RECEIPTS)
            findings += _compare(captured, {row[0]: int(row[1]) for row in cursor})
    return tuple(findings)


def _compare(captured: Mapping[UUID, int], posted: Mapping[UUID, int]) -> list[Finding]:
    return [
        Finding(
            "I6 the books hold what was captured",
            str(ref),
            f"captured {captured.get(ref, 0)}, posted {posted.get(ref, 0)}",
        )
        for ref in sorted({*captured, *posted})
        if captured.get(ref, 0) != posted.get(ref, 0)
    ]
