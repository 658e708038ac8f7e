"""Another plan: now, against payment, or when the paid time is over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.queries import InvoiceFacts
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as known
from broadsheet.kit import calendar
from broadsheet.kit.ids import new_id
from broadsheet.kit.money import Money
from broadsheet.plumbing import outbox

from .. import queries
from ..events import ChangeScheduled, GrantEnded, PlanChanged
from ..models import Checkout, ScheduledChange, Subscription
from ..queries import SubscriptionView
from ..rules import Kind, Status
from . import journal
from .expiring import drop
from .paying import open_page, way_back
from .quoting import Quote, StaleChange, key_of, make_quote, read, same, undoes
from .refunding import give_back


class NothingScheduled(Exception):
    """No change of plan waits. Show the account again."""


@dataclass(frozen=True, slots=True)
class Changed:
    """
    What became of a change. `status` is "changed", "scheduled", "declined" (the old
    plan stays), "pending", or "pay": she pays on the page at `pay_at`.
    """

    status: str
    pay_at: str = ""


def change(
    *,
    reader: UUID,
    subscription_id: UUID,
    quote: str,
    return_path: str,
    by: str = "",
    at: datetime,
) -> Changed:
    """
    Do what a quote's `token` said, and charge exactly that: the saved card, or else on
    a page. If it is not paid, the old plan stays. A second click answers the same.
    `by` is who of the staff does it for her.
    Raise `StaleChange`, and what `quote_change` raises, and nothing moved. Talks to the
    provider, between two transactions of its own.
    """
    with transaction.atomic():
        row = journal.hers(reader, subscription_id)
        made = row.changes.filter(request_key=key_of(quote)).first()
        if made is None:
            made = _accept(row, _still_true(row, quote, at), by or str(reader), at)
    if made.invoice_id is not None and made.outcome != "changed":
        return _collect(made, way_back(return_path), at)
    return Changed("changed" if made.closed_at else "scheduled")


@transaction.atomic
def withdraw_change(
    *, reader: UUID, subscription_id: UUID, by: str = "", at: datetime
) -> SubscriptionView:
    """Keep the plan after all. Raise `NothingScheduled`, `NoSuchSubscription`."""
    row = journal.hers(reader, subscription_id)
    waits = row.changes.filter(kind="plan", closed_at=None, invoice_id=None)
    if not waits.exists():
        raise NothingScheduled("No change of plan is scheduled.")
    journal.drop_change(row, "withdrawn", at=at)
    who = by or str(reader)
    journal.record(row, Kind.CHANGE_DROPPED, by=who, at=at, reason="withdrawn")
    return queries.view(row.pk)


# --- Asked for ----------------------------------------------------------------------


def _still_true(row: Subscription, token: str, at: datetime) -> Quote:
    said = read(token)
    quote = make_quote(row, str(said["plan"]), "", at)
    if datetime.fromisoformat(said["until"]) <= at or not same(quote, said):
        raise StaleChange(quote)
    # The one that she accepted, so that her second click finds it.
    return replace(quote, token=token)


def _accept(row: Subscription, quote: Quote, by: str, at: datetime) -> ScheduledChange:
    if quote.when == "back":
        return _take_back(row, quote, by, at)
    later = quote.when == "later"
    made = ScheduledChange(
        subscription=row,
        kind="plan",
        effective_at=quote.renews_at if later else at,
        plan_version_id=quote.plan.version_id,
        based_on_k=row.k,
        request_key=quote.key,
        credit_minor=quote.credit.minor,
        debit_minor=quote.debit.minor,
        before=_snapshot(row),
        by=by,
        asked_at=at,
    )
    journal.record(
        row,
        Kind.CHANGE_ASKED,
        by=by,
        at=at,
        plan=quote.plan.code,
        when=quote.when,
        charge=quote.charge.minor,
    )
    if later:
        outbox.announce(
            ChangeScheduled(row.pk, row.reader_id, quote.plan.code, quote.renews_at),
            at=at,
        )
    else:
        made.invoice_id = _bill(row, quote, at)
    made.save()
    return made


def _bill(row: Subscription, quote: Quote, at: datetime) -> UUID:
    words = " − ".join(line.text for line in quote.lines)
    invoice = ledger.bill(
        ledger.Charge(words[:200], quote.charge, quote.plan.tax_code, quote.period),
        subscription_ref=row.pk,
        reader=row.reader_id,
        kind="change",
        # Changes are not periods; the history's number tells them apart.
        period_index=row.row_version,
        recipient=row.reader.name or row.reader.email,
        at=at,
    )
    return invoice.id


def _collect(made: ScheduledChange, return_path: str, at: datetime) -> Changed:
    row = Subscription.objects.get(pk=made.subscription_id)
    invoice = books.invoice(made.invoice_id) if made.invoice_id else None
    assert invoice is not None  # noqa: S101  It was billed with the change.
    if row.method_ref is not None and invoice.status == "open":
        try:
            payments.charge(
                method_ref=row.method_ref,
                invoice_ref=str(invoice.id),
                amount=invoice.total,
                idempotency_key=f"inv-{invoice.id}-1",
                description=invoice.description,
                at=at,
            )
        except (payments.NoSuchMethod, payments.AttemptOpen, payments.AlreadyPaid):
            pass  # There is a page for it, or what becomes of it we shall hear.
    return _stands(made, invoice, return_path, at)


def _stands(
    made: ScheduledChange, invoice: InvoiceFacts, return_path: str, at: datetime
) -> Changed:
    made.refresh_from_db()
    if made.closed_at is not None:
        return Changed("changed" if made.outcome == "changed" else "declined")
    payment = known.payment_for(str(invoice.id))
    if payment is not None and payment.status != "requires_action":
        return Changed("pending")
    checkout, _ = Checkout.objects.get_or_create(
        invoice_id=invoice.id,
        defaults={
            "id": new_id(at),
            "subscription_id": made.subscription_id,
            "plan_code": catalogue.version(made.plan_version_id or 0).code,
            "request_key": made.request_key,
            "return_path": return_path,
            "made_at": at,
        },
    )
    return Changed("pay", open_page(checkout, at).pay_at)


# --- Paid for, or not ---------------------------------------------------------------


def wanted_change(row: Subscription, invoice: InvoiceFacts) -> ScheduledChange | None:
    """Return the change that paying this invoice brings about, if it still can."""
    made = row.changes.filter(invoice_id=invoice.id, closed_at=None).first()
    fits = row.status == Status.ACTIVE and row.cancel_at is None
    if made is None or not fits or made.based_on_k != row.k:
        return None
    return made


def drop_unpaid(
    row: Subscription, invoice: InvoiceFacts, reason: str, *, at: datetime
) -> None:
    """Let the old plan stay: what would have changed it was declined."""
    if row.changes.filter(invoice_id=invoice.id, closed_at=None).exists():
        drop(row, reason or "declined", at)


def change_plan(
    row: Subscription, made: ScheduledChange, invoice: InvoiceFacts, *, at: datetime
) -> None:
    """Begin the plan that was paid for, on a locked contract."""
    assert made.plan_version_id is not None  # noqa: S101  A change of plan names one.
    old = catalogue.version(row.plan_version_id)
    new = catalogue.version(made.plan_version_id)
    today = calendar.local_date(made.effective_at, row.zone)
    row.plan_version_id = new.version_id
    row.opening_k = row.offer = row.offer_until_k = None
    if old.term == new.term:
        row.worth_minor = new.price.minor
    else:
        row.k += 1
        row.anchor_date, row.anchor_k = today, row.k
        paid = row.period(row.k)
        row.period_start, row.period_end = paid.period.start, paid.period.end
        row.paid_through = paid.until
        row.worth_minor, row.worth_days = new.price.minor, paid.period.days
    _close(made, at)
    _tell(row, old.code, new.code, made.by, invoice.id, at)


def begin_plan(row: Subscription, made: ScheduledChange, at: datetime) -> None:
    """Begin the plan that was to begin when the paid time is over. It is billed next."""
    assert made.plan_version_id and row.period_end  # noqa: S101  As above; it started.
    old = catalogue.version(row.plan_version_id)
    new = catalogue.version(made.plan_version_id)
    row.plan_version_id = new.version_id
    row.opening_k = row.offer = row.offer_until_k = None
    row.anchor_date, row.anchor_k = row.period_end, row.k + 1
    _close(made, at)
    journal.record(
        row, Kind.PLAN_CHANGED, by=made.by, at=at, before=old.code, after=new.code
    )
    outbox.announce(PlanChanged(row.pk, row.reader_id, new.code, None), at=at)


def _take_back(
    row: Subscription, quote: Quote, by: str, at: datetime
) -> ScheduledChange:
    """Put everything back as it was before today's change, the money too."""
    today = calendar.local_date(at, row.zone)
    undone = undoes(row, quote.plan, today)
    assert undone is not None and undone.invoice_id is not None  # noqa: S101  Quoted so.
    left = catalogue.version(row.plan_version_id)
    give_back(row, Money(-quote.charge.minor, quote.charge.currency), at=at)
    before, moved = undone.before, row.k - undone.before["k"]
    row.plan_version_id = before["version"]
    row.offer_id = before["offer"]
    row.anchor_date = date.fromisoformat(before["anchor_date"])
    row.anchor_k = before["anchor_k"] + moved
    row.opening_k = _moved(before["opening_k"], moved)
    row.offer_until_k = _moved(before["offer_until_k"], moved)
    row.period_start, row.period_end = quote.period.start, quote.period.end
    row.paid_through = quote.renews_at
    row.worth_minor, row.worth_days = before["worth_minor"], before["worth_days"]
    undone.outcome = "taken back"
    undone.save(update_fields=["outcome"])
    made = ScheduledChange.objects.create(
        subscription=row,
        kind="plan",
        effective_at=at,
        plan_version_id=row.plan_version_id,
        based_on_k=row.k,
        request_key=quote.key,
        credit_minor=quote.credit.minor,
        debit_minor=quote.debit.minor,
        by=by,
        asked_at=at,
        closed_at=at,
        outcome="changed",
    )
    _tell(row, left.code, quote.plan.code, by, None, at)
    return made


def _moved(k: int | None, by: int) -> int | None:
    return None if k is None else k + by


def _snapshot(row: Subscription) -> dict[str, object]:
    assert row.anchor_date and row.period_start and row.period_end  # noqa: S101  Started.
    return {
        "plan": catalogue.version(row.plan_version_id).code,
        "version": row.plan_version_id,
        "offer": row.offer_id,
        "offer_until_k": row.offer_until_k,
        "opening_k": row.opening_k,
        "anchor_date": row.anchor_date.isoformat(),
        "anchor_k": row.anchor_k,
        "k": row.k,
        "period_start": row.period_start.isoformat(),
        "period_end": row.period_end.isoformat(),
        "worth_minor": row.worth_minor,
        "worth_days": row.worth_days,
    }


def _close(made: ScheduledChange, at: datetime) -> None:
    made.closed_at, made.outcome = at, "changed"
    made.save(update_fields=["closed_at", "outcome"])


def _tell(
    row: Subscription, old: str, new: str, by: str, invoice: UUID | None, at: datetime
) -> None:
    """Write a change down that took effect, and open what the new plan opens."""
    journal.record(
        row,
        Kind.PLAN_CHANGED,
        by=by,
        at=at,
        before=old,
        after=new,
        invoice=str(invoice) if invoice else None,
    )
    # What the old plan opened and the new one does not is shut with it.
    outbox.announce(GrantEnded(row.reference, at), at=at)
    journal.grant_paid_time(row, at=at)
    outbox.announce(PlanChanged(row.pk, row.reader_id, new, invoice), at=at)
