"""From a plan on a page to a running subscription."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.catalogue.queries import NoSuchPlan, PlanOffer
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.actions import NoSuchPlace
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as payments_known
from broadsheet.kit import calendar
from broadsheet.kit.addresses import local_path
from broadsheet.kit.ids import new_id
from broadsheet.plumbing import publication

from .. import queries, rules
from ..models import Checkout, Subscription
from ..queries import CheckoutState
from ..rules import Kind, Status
from . import journal
from .ending import lapse_if_due

log = logging.getLogger(__name__)

__all__ = [
    "AlreadySubscribed",
    "BadRequest",
    "CheckoutPage",
    "NoSuchPlan",
    "NoSuchPlace",
    "PaymentUnavailable",
    "PlaceUnknown",
    "StaleQuote",
    "begin",
    "conclude",
    "expire_checkouts",
]


class StaleQuote(Exception):
    """The price is no longer the one that was shown. Show `offer`, and ask again."""

    def __init__(self, offer: PlanOffer) -> None:
        super().__init__(f"{offer.name} now costs {offer.price}.")
        self.offer = offer


class AlreadySubscribed(Exception):
    """The reader has a running subscription. Send her to her account."""


class PaymentUnavailable(Exception):
    """The payment provider cannot be reached. Nothing is charged; try again soon."""


class NothingDue(Exception):
    """No renewal waits to be paid. Show the account again."""


class PlaceUnknown(Exception):
    """No State, no sale: the tax is not known. Ask the reader where she lives."""


class BadRequest(Exception):
    """The form's own key is missing or too long. Load the page again."""


@dataclass(frozen=True, slots=True)
class CheckoutPage:
    """Where the reader goes to pay; or back to us, if there is nothing left to pay."""

    id: UUID
    pay_at: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What the reader asked for, and what she was told it costs."""

    reader: UUID
    plan_code: str
    quoted_minor: int
    request_key: str
    return_path: str
    place: str


def begin(
    *,
    reader: UUID,
    plan_code: str,
    quoted_minor: int,
    request_key: str,
    return_path: str,
    place: str = "",
    at: datetime,
) -> CheckoutPage:
    """
    Start buying a plan, and return where to pay. A second click, and a second tab with
    the same plan, lead to the same payment; another plan or place replaces an unpaid
    one. `place` is where she lives (a state's GST code or a country's ISO code),
    remembered for her next purchase and every renewal, and what she told us before
    unless given. Raise `NoSuchPlan`, `StaleQuote`, `AlreadySubscribed`,
    `PlaceUnknown`, `NoSuchPlace`, `BadRequest`, and then nothing was started; or
    `PaymentUnavailable`, after which the same call goes on where this one stopped.
    Talks to the provider once or twice.
    """
    if not 0 < len(request_key) <= 100:
        raise BadRequest("A purchase carries the key of its form.")
    wish = Wish(
        reader,
        plan_code,
        quoted_minor,
        request_key,
        _way_back(return_path),
        place or books.place_of(reader),
    )
    _hear_of_earlier(reader, at)
    with transaction.atomic():
        journal.lock_reader(reader)
        checkout, dropped = _checkout(wish, at)
    if dropped is not None:
        _close_page(dropped, at)
    return _page(checkout, at)


def pay_due(*, reader: UUID, return_path: str, at: datetime) -> CheckoutPage:
    """
    Let a reader whose renewal failed pay it herself, with any card, which renewals
    charge from then on. Asked twice, it is the same page. Raise `NothingDue`,
    `PaymentUnavailable`. Talks to the provider.
    """
    with transaction.atomic():
        journal.lock_reader(reader)
        row = queries.open_subscription(reader)
        last = row.tries.order_by("-pk").first() if row is not None else None
        if row is None or last is None or row.status != Status.PAST_DUE:
            raise NothingDue("No renewal waits to be paid.")
        checkout, made = Checkout.objects.get_or_create(
            invoice_id=last.invoice_id,
            defaults={
                "id": new_id(at),
                "subscription": row,
                "plan_code": catalogue.version(row.plan_version_id).code,
                "request_key": f"due-{last.invoice_id}",
                "made_at": at,
            },
        )
        _again(checkout, _way_back(return_path))
    return _page(checkout, at)


def conclude(checkout_id: UUID, *, at: datetime) -> CheckoutState:
    """
    Ask the provider what became of a checkout, apply it, and say how it stands. Safe to
    call any number of times, also after a webhook told us. Raise `NoSuchCheckout`.
    """
    row = Checkout.objects.filter(pk=checkout_id).first()
    if row is None:
        raise queries.NoSuchCheckout(f"There is no checkout {checkout_id}.")
    if row.payment_id is not None and _is_open(row):
        # What the provider says reaches us as an event, like a webhook: one path only.
        payments.refresh(row.payment_id, at=at)
    return queries.checkout(checkout_id)


def expire_checkouts(*, at: datetime, limit: int = 200) -> int:
    """
    Close the purchases that nobody paid for within 23 hours: their invoices are void
    and burn no number. The provider is asked once more first. Return how many.
    """
    old = at - rules.CHECKOUT_KEPT
    due = Checkout.objects.filter(
        subscription__status=Status.INCOMPLETE, subscription__made_at__lte=old
    )
    closed = 0
    for checkout_id, payment_id in due.order_by("made_at", "id").values_list(
        "pk", "payment_id"
    )[:limit]:
        if payment_id is not None:
            _close_page(payment_id, at)
        closed += _abandon_if_unpaid(checkout_id, at)
    return closed


@transaction.atomic
def _abandon_if_unpaid(checkout_id: UUID, at: datetime) -> bool:
    checkout = Checkout.objects.get(pk=checkout_id)
    row = journal.lock(checkout.subscription_id)
    if row.status != Status.INCOMPLETE:
        return False
    payment = payments_known.payment_for(str(checkout.invoice_id))
    if payment is not None and payment.status in ("pending", "unknown", "succeeded"):
        # Its end is not known yet; or it took less than was asked, and a person looks.
        return False
    _abandon(row, "not paid in time", at)
    return True


def _abandon(row: Subscription, reason: str, at: datetime) -> None:
    journal.close_what_is_open(row, reason, at=at)
    journal.record(row, Kind.ABANDONED, at=at, reason=reason)


def _hear_of_earlier(reader: UUID, at: datetime) -> None:
    """
    Learn whether an earlier purchase was paid, and end an earlier subscription that is
    used up, before deciding about another.
    """
    row = queries.open_subscription(reader)
    if row is None:
        return
    if row.is_running:
        lapse_if_due(row.pk, at)
        return
    for checkout in row.checkouts.all():
        if checkout.payment_id is not None:
            payments.refresh(checkout.payment_id, at=at)


def _way_back(path: str) -> str:
    """Return the path as a checkout can keep it; the account's, if it cannot."""
    return local_path(path, otherwise="/account/", longest=500)


def _checkout(wish: Wish, at: datetime) -> tuple[Checkout, UUID | None]:
    """Return the checkout for the wish, and the payment that it makes superfluous."""
    row = queries.open_subscription(wish.reader)
    if row is not None:
        row = journal.lock(row.pk)
    if row is not None and row.is_running:
        return _settled(row, wish), None
    offer = catalogue.plan(wish.plan_code, at)
    if offer.price.minor != wish.quoted_minor:
        raise StaleQuote(offer)
    _note_place(wish, at)
    if row is None:
        return _new(wish, offer, at), None
    old = row.checkouts.get()
    if (row.plan_version_id, _place(old)) == (offer.version_id, wish.place):
        return _again(old, wish.return_path), None
    _abandon(row, "another plan or place was chosen", at)
    return _new(wish, offer, at), old.payment_id


def _note_place(wish: Wish, at: datetime) -> None:
    # Before any charge: the tax, and with it the invoice, follows from where she is.
    if wish.place:
        ledger.record_place(wish.reader, wish.place, at=at)
    elif books.asks_for_place():
        raise PlaceUnknown("No State, no sale.")


def _place(checkout: Checkout) -> str:
    invoice = books.invoice(checkout.invoice_id)
    return invoice.place if invoice is not None else ""


def _settled(row: Subscription, wish: Wish) -> Checkout:
    """Answer the second click that comes after the payment; refuse another purchase."""
    checkout = row.checkouts.order_by("made_at").first()
    if checkout is None or (checkout.request_key, checkout.plan_code) != (
        wish.request_key,
        wish.plan_code,
    ):
        raise AlreadySubscribed("This reader has a running subscription.")
    return checkout


def _again(checkout: Checkout, return_path: str) -> Checkout:
    """Go on with an unpaid checkout; after a decline, with a new attempt and key."""
    payment = payments_known.payment_for(str(checkout.invoice_id))
    if payment is not None and payment.status == "declined":
        checkout.attempt += 1
        checkout.pay_at = ""
    checkout.return_path = return_path
    checkout.save(update_fields=["attempt", "pay_at", "return_path"])
    return checkout


def _new(wish: Wish, offer: PlanOffer, at: datetime) -> Checkout:
    zone = publication.current().zone
    row = Subscription(
        id=new_id(at),
        reader_id=wish.reader,
        plan_version_id=offer.version_id,
        anchor_tz=zone.key,
        previous=queries.latest(wish.reader),
        made_at=at,
    )
    journal.record(
        row,
        Kind.BEGUN,
        by=str(wish.reader),
        at=at,
        plan=offer.code,
        price=wish.quoted_minor,
    )
    # The period is that of a payment today; if it comes tomorrow, so does the period.
    period = calendar.period(calendar.local_date(at, zone), offer.term, 0)
    invoice = ledger.bill(
        ledger.Charge(offer.name, offer.price, offer.tax_code, period),
        subscription_ref=row.pk,
        reader=wish.reader,
        kind="first",
        period_index=0,
        recipient=row.reader.name or row.reader.email,
        at=at,
    )
    return Checkout.objects.create(
        id=new_id(at),
        subscription=row,
        plan_code=offer.code,
        invoice_id=invoice.id,
        request_key=wish.request_key,
        return_path=wish.return_path,
        made_at=at,
    )


def _page(checkout: Checkout, at: datetime) -> CheckoutPage:
    """Return the payment page of a checkout, asking the provider for it if need be."""
    back = f"{settings.BROADSHEET.origin}/subscribe/return/{checkout.pk}/"
    if not _is_open(checkout):
        return CheckoutPage(checkout.pk, back)
    if not checkout.pay_at:
        sold = catalogue.version(checkout.subscription.plan_version_id)
        try:
            opened = payments.open_payment(
                invoice_ref=str(checkout.invoice_id),
                reader=checkout.subscription.reader_id,
                amount=sold.price,
                description=sold.name,
                idempotency_key=checkout.key,
                return_url=back,
                at=at,
            )
        except (payments.Unreachable, payments.Refused) as error:
            raise PaymentUnavailable("The payment page could not be opened.") from error
        except (payments.AlreadyPaid, payments.AttemptOpen):
            # Another click was faster. Where it stands, the page we return to knows.
            return CheckoutPage(checkout.pk, back)
        checkout.payment_id, checkout.pay_at = opened.payment_id, opened.pay_at
        checkout.save(update_fields=["payment_id", "pay_at"])
    return CheckoutPage(checkout.pk, checkout.pay_at)


def _is_open(checkout: Checkout) -> bool:
    invoice = books.invoice(checkout.invoice_id)
    return invoice is not None and invoice.status == "open"


def _close_page(payment_id: UUID, at: datetime) -> None:
    try:
        payments.withdraw(payment_id, at=at)
    except (payments.Unreachable, payments.Refused) as error:
        # If it is paid after all, the receipt finds a void invoice and goes back.
        log.warning("payment %s could not be withdrawn: %s", payment_id, error)
