"""`post` is the only way in which money moves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from broadsheet.kit.ids import new_id

from .. import queries
from ..models import Closing, Entry, Transaction
from ..rules import Line, refuse_unbalanced


class ReferenceReused(Exception):
    """The reference names another transaction. A mistake of ours; do not retry."""


class BooksClosed(Exception):
    """The books are closed until later than this. Post it at the present."""


@transaction.atomic
def post(
    lines: Sequence[Line],
    *,
    reference: str,
    memo: str,
    at: datetime,
    invoice: UUID | None = None,
) -> UUID:
    """
    Write one transaction and return its id. The same reference with the same lines is
    the same transaction; with others, `ReferenceReused`. Raise `Unbalanced`,
    `UnknownAccount` or `BooksClosed`, and nothing was written.
    """
    refuse_unbalanced(lines)
    if Closing.objects.filter(until__gt=at).exists():
        raise BooksClosed(f"The books are closed until after {at}.")
    row, made = Transaction.objects.get_or_create(
        reference=reference,
        defaults={
            "id": new_id(at),
            "memo": memo[:200],
            "at": at,
            "invoice_id": invoice,
            "size": len(lines),
        },
    )
    if not made:
        return _the_same(row, lines)
    Entry.objects.bulk_create(
        Entry(
            transaction=row,
            position=position,
            account=line.account,
            currency=line.amount.currency,
            amount_minor=line.amount.minor,
        )
        for position, line in enumerate(lines)
    )
    return row.pk


@transaction.atomic
def reverse(*, reference: str, memo: str, at: datetime) -> UUID:
    """Write the opposite of a transaction, once, however often it is asked."""
    row = Transaction.objects.get(reference=reference)
    lines = [Line(line.account, -line.amount) for line in _lines(row)]
    return post(
        lines,
        reference=f"reverse:{reference}",
        memo=memo,
        at=at,
        invoice=row.invoice_id,
    )


@transaction.atomic
def close_books(*, until: datetime) -> None:
    """
    Keep what every account stood at before `until`, so that balances need not be
    folded from the beginning. Nothing can be posted before `until` from then on.
    """
    if Closing.objects.filter(until__gte=until).exists():
        return
    pairs = Entry.objects.values_list("account", "currency").distinct()
    Closing.objects.bulk_create(
        Closing(
            until=until,
            account=account,
            currency=currency,
            balance_minor=queries.balance(account, currency, until=until).minor,
        )
        for account, currency in pairs
    )


def _the_same(row: Transaction, lines: Sequence[Line]) -> UUID:
    if _lines(row) != list(lines):
        raise ReferenceReused(f"{row.reference} was written with other lines.")
    return row.pk


def _lines(row: Transaction) -> list[Line]:
    return [entry.line for entry in row.entries.order_by("position")]
