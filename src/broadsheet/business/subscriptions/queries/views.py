"""Questions about readers' contracts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.ledger import queries as ledger
from broadsheet.business.ledger.queries import InvoiceFacts
from broadsheet.business.payments import queries as payments
from broadsheet.business.payments.queries import MethodView
from broadsheet.kit import calendar
from broadsheet.kit.money import Money

from ..models import Cancellation, Checkout, Subscription
from ..rules import OPEN, RUNNING, Status
from .forecast import NextCharge, Prices, next_charge
from .outlook import Ahead, ahead

MOMENT = timedelta(seconds=1)


class NoSuchCheckout(Exception):
    """There is no such checkout."""


class NoSuchSubscription(Exception):
    """This reader has no such subscription."""


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """
    A running subscription as its reader sees it. `paid_through` and `ends_on` are the
    last second of the last day, so that the date they show is one on which everything
    still works; `renews_on` is the instant of the next charge.
    """

    id: UUID
    plan_code: str
    plan_name: str
    status: str
    price: Money
    term_count: int
    term_unit: str
    period_start: date
    paid_through: datetime
    renews_on: datetime | None
    ends_on: datetime | None
    cancel_at_period_end: bool
    grace_until: datetime | None  # While a payment fails; access stays until then.
    invoices: tuple[InvoiceFacts, ...]  # Those issued, newest first.
    paused_on: date | None = None  # The first day of a pause, to come or in force.
    resumes_on: date | None = None  # The first day after it.
    previous: UUID | None = None  # What she had before, if she came back.
    next_charge: Money | None = None  # What is charged at `renews_on`, as known today.
    next_plan: str = ""  # The name of the plan that begins then, if another does.
    offer: str = ""  # The code of an offer that is taken off.
    ahead: tuple[Ahead, ...] = ()  # The next charge, and what it becomes.
    method: MethodView | None = None  # What renewals charge.
    renews: bool = True  # What the house gave does not.


@dataclass(frozen=True, slots=True)
class CheckoutState:
    """
    `status` is "active", "pending", "declined" or "abandoned" (left unpaid). `renewal`:
    she pays what a running subscription owes, and `pay_due` tries again; else `begin`.
    """

    status: str
    return_path: str
    plan_code: str
    reason: str = ""
    renewal: bool = False
    reader: UUID | None = None
    due: Money | None = None  # What was asked for; None: it cost nothing.
    offer: str = ""  # The code of the offer that was taken off.


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a subscription's history. `by` is a reader's id, a name, or house."""

    subscription_id: UUID
    n: int
    kind: str
    at: datetime
    by: str
    facts: dict[str, object]


def current(reader: UUID, at: datetime) -> SubscriptionView | None:
    """
    Return the reader's running subscription, if she has one; what was cancelled and is
    used up is none, whether or not a worker has ended it yet. Eight queries.
    """
    row = (
        Subscription.objects.select_related("plan_version", "offer")
        .filter(reader__public_id=reader, status__in=RUNNING)
        .exclude(cancel_at__lte=at)
        .exclude(renews=False, paid_through__lte=at)
        .first()
    )
    return _view(row) if row else None


def latest(reader: UUID) -> Subscription | None:
    """Return what the reader had before, if she had anything."""
    rows = Subscription.objects.filter(
        reader__public_id=reader, started_at__isnull=False
    )
    return rows.order_by("-started_at", "id").first()


def view(subscription_id: UUID) -> SubscriptionView:
    """Return a subscription that has started, running or over."""
    row = Subscription.objects.filter(pk=subscription_id, started_at__isnull=False)
    found = row.first()
    if found is None:
        raise NoSuchSubscription(f"No subscription {subscription_id} ever started.")
    return _view(found)


def timeline(subscription_id: UUID) -> tuple[Happening, ...]:
    """
    Return everything that happened to the contract and what was had before it, by the
    same reader coming back: oldest first. `facts` are plain values.
    """
    row = Subscription.objects.filter(pk=subscription_id).first()
    if row is None:
        raise NoSuchSubscription(f"There is no subscription {subscription_id}.")
    earlier = timeline(row.previous_id) if row.previous_id else ()
    return (*earlier, *history(subscription_id))


def history(subscription_id: UUID) -> tuple[Happening, ...]:
    """Return everything that happened to it, in order: what, when, by whom."""
    row = Subscription.objects.filter(pk=subscription_id).first()
    if row is None:
        raise NoSuchSubscription(f"There is no subscription {subscription_id}.")
    return tuple(
        Happening(subscription_id, event.n, event.kind, event.at, event.by, event.facts)
        for event in row.events.order_by("n")
    )


def subscriptions(reader: UUID) -> tuple[UUID, ...]:
    """Return all of the reader's subscriptions that ever started, newest first."""
    rows = Subscription.objects.filter(
        reader__public_id=reader, started_at__isnull=False
    )
    return tuple(rows.order_by("-started_at", "id").values_list("pk", flat=True))


def checkout(checkout_id: UUID) -> CheckoutState:
    """Return how a checkout stands as far as we know; `conclude` asks the provider."""
    rows = Checkout.objects.select_related("subscription__offer")
    row = rows.filter(pk=checkout_id).first()
    if row is None:
        raise NoSuchCheckout(f"There is no checkout {checkout_id}.")
    invoice = ledger.invoice(row.invoice_id) if row.invoice_id else None
    status, reason = _stands(row, invoice)
    contract = row.subscription
    return CheckoutState(
        status=status,
        return_path=row.return_path,
        plan_code=row.plan_code,
        reason=reason,
        renewal=contract.started_at is not None and status != "active",
        reader=contract.reader_id,
        due=invoice.total if invoice else None,
        offer=contract.offer.code if contract.offer else "",
    )


def open_until(reader: UUID, at: datetime) -> datetime | None:
    """
    Return the last second on which everything stays open to a reader whose renewal
    could not be collected; None if she owes nothing. One query.
    """
    row = Subscription.objects.filter(
        reader__public_id=reader, status=Status.PAST_DUE, grace_until__gt=at
    ).first()
    return row.grace_until - MOMENT if row and row.grace_until else None


def open_cancellation(subscription_id: UUID) -> Cancellation | None:
    return Cancellation.objects.filter(
        subscription=subscription_id, undone_at=None
    ).first()


def open_subscription(reader: UUID) -> Subscription | None:
    """Return the one subscription of the reader that is not over, paid for or not."""
    return Subscription.objects.filter(
        reader__public_id=reader, status__in=OPEN
    ).first()


def overdue(at: datetime) -> int:
    """Return how many renewals are due and not yet collected: for the watchman."""
    due = Q(status=Status.ACTIVE, paid_through__lte=at) | Q(status=Status.PAST_DUE)
    return Subscription.objects.filter(due).count()


def _stands(row: Checkout, invoice: InvoiceFacts | None) -> tuple[str, str]:
    if row.invoice_id is None:  # It cost nothing, and so it started at once.
        return "active", ""
    if invoice is None or invoice.status == "void":
        return "abandoned", ""
    if invoice.status == "paid":
        return "active", ""
    payment = payments.payment_for(str(row.invoice_id))
    if payment is None or payment.status == "requires_action":
        return "abandoned", ""  # The page is open still, but she came back from it.
    if payment.status == "declined":
        return "declined", payment.reason
    return "pending", ""


def _view(row: Subscription) -> SubscriptionView:
    assert row.period_start is not None and row.paid_through is not None  # noqa: S101  It started.
    sold = catalogue.version(row.plan_version_id)
    ends = row.ended_at or row.cancel_at or (None if row.renews else row.paid_through)
    coming, steps = (None, ()) if ends else _coming(row, Prices(sold))
    return SubscriptionView(
        id=row.pk,
        plan_code=sold.code,
        plan_name=sold.name,
        status=row.status,
        price=sold.price,
        term_count=sold.term_count,
        term_unit=sold.term_unit,
        period_start=row.period_start,
        paid_through=row.runs_until - MOMENT,
        renews_on=None if ends else row.runs_until,
        ends_on=ends - MOMENT if ends else None,
        cancel_at_period_end=row.cancel_at is not None,
        grace_until=row.grace_until if row.status == Status.PAST_DUE else None,
        paused_on=row.paused_on,
        resumes_on=row.resumes_on,
        previous=row.previous_id,
        next_charge=coming.price if coming else None,
        next_plan=coming.version.name if coming and coming.change else "",
        offer=coming.discount.code if coming and coming.discount else "",
        invoices=tuple(i for i in ledger.invoices(row.pk) if i.number is not None),
        ahead=steps,
        method=payments.method(row.method_ref) if row.method_ref else None,
        renews=row.renews,
    )


def _coming(row: Subscription, prices: Prices) -> tuple[NextCharge, tuple[Ahead, ...]]:
    on = calendar.local_date(row.runs_until, row.zone)
    charge = next_charge(row, on, prices)
    off = catalogue.discount_of(row.offer) if row.offer else None
    return charge, ahead(row, charge, prices, discount=off, until_k=row.offer_until_k)
