"""What the books say, and whether they may be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet, Sum

from broadsheet.kit.money import Money

from .models import (
    BillingProfile,
    Closing,
    Entry,
    Invoice,
    Seller,
    TaxRate,
    Transaction,
)
from .rules import CHART


class NoTaxRate(Exception):
    """Nobody said what tax is due on this service. An operator must; do not retry."""


@dataclass(frozen=True, slots=True)
class LineFacts:
    description: str
    period_start: date | None
    period_end: date | None
    gross: Money
    taxable: Money
    taxes: tuple[tuple[str, int, Money], ...]  # Name, hundredths of a percent, amount.
    round_off: Money
    tax_code: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """An invoice as other rooms and pages read it. `number` is None until issued."""

    id: UUID
    subscription_ref: UUID
    reader: UUID
    kind: str
    period_index: int
    status: str
    number: str | None
    total: Money
    made_at: datetime
    issued_at: datetime | None
    paid_at: datetime | None
    lines: tuple[LineFacts, ...]
    place: str  # Of supply: a state's GST code, or a country's ISO code.
    recipient: str
    seller_name: str  # What the seller was called and where, when it was issued.
    seller_address: str
    seller_gstin: str

    @property
    def description(self) -> str:
        return ", ".join(line.description for line in self.lines)


@dataclass(frozen=True, slots=True)
class StatementLine:
    at: datetime
    reference: str
    memo: str
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant of docs/algorithms/pricing.md that does not hold, and where."""

    invariant: str
    subject: str
    message: str


def seller() -> Seller:
    """Return who issues the invoices. One query."""
    return Seller.objects.order_by("pk").first() or Seller()


def tax_rate(tax_code: str, on: date) -> int:
    """Return the rate in force, in hundredths of a percent. Raise `NoTaxRate`."""
    row = (
        TaxRate.objects.filter(tax_code=tax_code, effective_from__lte=on)
        .order_by("-effective_from")
        .first()
    )
    if row is None:
        raise NoTaxRate(f"No rate of tax is on file for {tax_code} on {on}.")
    return row.rate


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


def trial_balance() -> tuple[tuple[str, Money], ...]:
    """Return every account that anything moved on, in the chart's order."""
    order = list(CHART)
    rows = Entry.objects.values_list("account", "currency").annotate(
        sum=Sum("amount_minor")
    )
    return tuple(
        (account, Money(int(minor), currency))
        for account, currency, minor in sorted(
            rows, key=lambda row: (row[1], order.index(row[0]))
        )
    )


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


def invoice(invoice_id: UUID) -> InvoiceFacts | None:
    return next(iter(_facts(Invoice.objects.filter(pk=invoice_id))), None)


def invoices(subscription_ref: UUID) -> tuple[InvoiceFacts, ...]:
    """Return the subscription's invoices, newest first. Three queries."""
    rows = Invoice.objects.filter(subscription_ref=subscription_ref)
    return _facts(rows.order_by("-made_at", "-period_index"))


def issued_to(reader: UUID) -> tuple[InvoiceFacts, ...]:
    """Return every invoice that the reader was sent, newest first. Three queries."""
    rows = Invoice.objects.filter(reader=reader, number__isnull=False)
    return _facts(rows.order_by("-issued_at", "-sequence", "id"))


def place_of(reader: UUID) -> str:
    """Return where the reader told us that she lives; "" if she never did."""
    row = BillingProfile.objects.filter(reader=reader).first()
    return row.place if row else ""


def asks_for_place() -> bool:
    """Say whether nothing may be sold to a reader whose state is not known."""
    return bool(seller().state)


def _facts(rows: QuerySet[Invoice]) -> tuple[InvoiceFacts, ...]:
    return tuple(_invoice(row) for row in rows.prefetch_related("lines__taxes"))


def _invoice(row: Invoice) -> InvoiceFacts:
    def money(minor: int) -> Money:
        return Money(minor, row.currency)

    return InvoiceFacts(
        id=row.pk,
        subscription_ref=row.subscription_ref,
        reader=row.reader,
        kind=row.kind,
        period_index=row.period_index,
        status=row.status,
        number=row.number,
        total=row.total,
        made_at=row.made_at,
        issued_at=row.issued_at,
        paid_at=row.paid_at,
        lines=tuple(
            LineFacts(
                description=line.description,
                period_start=line.period_start,
                period_end=line.period_end,
                gross=money(line.gross_minor),
                taxable=money(line.taxable_minor),
                taxes=tuple(
                    (tax.name, tax.rate, money(tax.amount_minor))
                    for tax in sorted(line.taxes.all(), key=lambda tax: tax.name)
                ),
                round_off=money(line.round_off_minor),
                tax_code=line.tax_code,
            )
            for line in sorted(row.lines.all(), key=lambda line: line.position)
        ),
        place=row.place_of_supply,
        recipient=row.recipient,
        seller_name=row.seller_name,
        seller_address=row.seller_address,
        seller_gstin=row.seller_gstin,
    )


# --- Is it all true? --------------------------------------------------------------

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
           FROM ledger_invoiceseries s LEFT JOIN ledger_invoice i
             ON i.series = s.series AND i.financial_year = s.financial_year
                AND i.number IS NOT NULL
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
)

RECEIPTS = """
SELECT t.invoice_id, sum(e.amount_minor)
FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
WHERE t.invoice_id IS NOT NULL AND e.account = 'gateway' GROUP BY t.invoice_id
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
