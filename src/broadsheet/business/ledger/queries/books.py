"""What the books say: balances, statements, what moved on one invoice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from broadsheet.kit.money import Money

from ..models import Closing, Entry, Transaction
from ..rules import CHART

# An account that is missing from the last closing had not moved by then.
BALANCES = """
WITH closed AS (SELECT max(until) AS until FROM ledger_closing WHERE until <= %(at)s)
SELECT account, currency, sum(amount_minor) FROM (
    SELECT c.account, c.currency, c.balance_minor AS amount_minor
    FROM ledger_closing c JOIN closed ON c.until = closed.until
    UNION ALL
    SELECT e.account, e.currency, e.amount_minor
    FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id, closed
    WHERE t.at <= %(at)s AND t.at >= coalesce(closed.until, '-infinity')
) moved GROUP BY account, currency
"""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement on an account, and what the account stood at after it."""

    at: datetime
    reference: str
    memo: str
    amount: Money
    balance: Money


def balance(account: str, currency: str, *, until: datetime | None = None) -> Money:
    """Return what the account stands at, before `until`. Folds the entries since the
    last closing; without closings that is all of them."""
    entries = Entry.objects.filter(account=account, currency=currency)
    closed = Closing.objects.filter(account=account, currency=currency)
    if until is not None:
        entries = entries.filter(transaction__at__lt=until)
        closed = closed.filter(until__lte=until)
    last = closed.order_by("-until").first()
    start = 0
    if last is not None:
        start = last.balance_minor
        entries = entries.filter(transaction__at__gte=last.until)
    return Money(
        start + (entries.aggregate(sum=Sum("amount_minor"))["sum"] or 0), currency
    )


def trial_balance(at: datetime | None = None) -> tuple[tuple[str, Money], ...]:
    """
    Return every account that anything moved on, in the chart's order: as the books
    stood at `at`, else with all that is in them. Folds what came since the last closing.
    """
    order = list(CHART)
    with connection.cursor() as cursor:
        cursor.execute(BALANCES, {"at": at or datetime.max.replace(tzinfo=UTC)})
        rows = cursor.fetchall()
    return tuple(
        (account, Money(int(minor), currency))
        for account, currency, minor in sorted(
            rows, key=lambda row: (row[1], order.index(row[0]))
        )
    )


def moved_on(invoice_id: UUID, account: str, currency: str) -> Money:
    """Return what an invoice, its receipts and its credits moved on an account."""
    entries = Entry.objects.filter(transaction__invoice=invoice_id, account=account)
    return Money(entries.aggregate(sum=Sum("amount_minor"))["sum"] or 0, currency)


def statement(
    account: str, currency: str, *, since: datetime, until: datetime
) -> tuple[StatementLine, ...]:
    """Return what moved on the account, with the balance after each line."""
    running = balance(account, currency, until=since)
    lines = []
    for entry in (
        Entry.objects.filter(
            account=account,
            currency=currency,
            transaction__at__gte=since,
            transaction__at__lt=until,
        )
        .select_related("transaction")
        .order_by("transaction__at", "pk")
    ):
        moved = entry.transaction
        running += entry.line.amount
        lines.append(
            StatementLine(
                moved.at, moved.reference, moved.memo, entry.line.amount, running
            )
        )
    return tuple(lines)


def posted_under(prefix: str) -> int:
    """Return how many transactions have a reference that starts so."""
    return Transaction.objects.filter(reference__startswith=prefix).count()


def is_posted(reference: str) -> bool:
    """Say whether a transaction has this reference."""
    return Transaction.objects.filter(reference=reference).exists()


def posted_on(reference: str, account: str) -> Money | None:
    """Return what the transaction moved on the account; None if there is none."""
    entry = Entry.objects.filter(transaction__reference=reference, account=account)
    found = entry.order_by("position").first()
    return found.line.amount if found else None
