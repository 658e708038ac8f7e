"""From a plan on a page to a running subscription."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from broadsheet.business.catalogue import actions as shop
from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.catalogue.actions import OfferTaken
from broadsheet.business.catalogue.queries import (
    Discount,
    NoSuchOffer,
    NoSuchPlan,
    PlanOffer,
)
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.actions import NoSuchPlace
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as payments_known
from broadsheet.kit import calendar
from broadsheet.kit.ids import new_id
from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

from .. import queries
from ..models import Checkout, Subscription
from ..queries import CheckoutState
from ..rules import Kind, Status
from . import journal
from .advancing import advance, first_period, start_trial
from .ending import lapse_if_due
from .expiring import abandon
from .paying import (
    CheckoutPage,
    PaymentUnavailable,
    again,
    close_page,
    is_open,
    open_page,
    way_back,
)

__all__ = [
    "AlreadySubscribed",
    "BadRequest",
    "CheckoutPage",
    "NoSuchOffer",
    "NoSuchPlace",
    "NoSuchPlan",
    "OfferTaken",
    "PaymentUnavailable",
    "PlaceUnknown",
    "StaleQuote",
    "begin",
    "conclude",
]


class StaleQuote(Exception):
    """
    What is due today is not what was shown: `due` is. Show `offer`, and ask again.
    """

    def __init__(self, offer: PlanOffer, due: Money) -> None:
        super().__init__(f"{offer.name} now costs {due}.")
        self.offer, self.due = offer, due


class AlreadySubscribed(Exception):
    """The reader has a running subscription. Send her to her account."""


class NothingDue(Exception):
    """No renewal waits to be paid. Show the account again."""


class PlaceUnknown(Exception):
    """No State, no sale: the tax is not known. Ask the reader where she lives."""


class BadRequest(Exception):
    """The form's own key is missing or too long. Load the page again."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the reader asked for, and what she was told it costs."""

    reader: UUID
    plan_code: str
    quoted_minor: int
    request_key: str
    return_path: str
    place: str
    offer: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """
    What a purchase costs today, and what is off; with a trial first, nothing. `ahead`:
    what it costs from the first charge on.
    """

    offer: PlanOffer
    price: Money
    discount: Discount | None
    trial_days: int
    ahead: tuple[queries.Ahead, ...] = ()


def begin(
    *,
    reader: UUID,
    plan_code: str,
    quoted_minor: int,
    request_key: str,
    return_path: str,
    place: str = "",
    offer: str = "",
    currency: str = "",
    at: datetime,
) -> CheckoutPage:
    """
    Start buying a plan, and return where to pay; or back to us, if nothing is due today
    and it runs. A second click, and a second tab with the same plan, lead to the same
    payment; another plan, place or offer replaces an unpaid one. `place` is where she
    lives (a state's GST code or a country's ISO code), remembered for her next purchase
    and every renewal, and what she told us before unless given. `quoted_minor` is what
    she was told is due today, in `currency` (the publication's, unless said), with
    `offer` taken off. Raise `NoSuchPlan`, `StaleQuote`, `AlreadySubscribed`,
    `PlaceUnknown`, `NoSuchPlace`, `NoSuchOffer`, `OfferTaken`, `BadRequest`, and then
    nothing was started; or `PaymentUnavailable`, after which the same call goes on
    where this one stopped. Talks to the provider once or twice.
    """
    if not 0 < len(request_key) <= 100:
        raise BadRequest("A purchase carries the key of its form.")
    wish = Wish(
        reader,
        plan_code,
        quoted_minor,
        request_key,
        way_back(return_path),
        place or books.place_of(reader),
        offer.strip().upper(),
        currency,
    )
    _hear_of_earlier(reader, at)
    with transaction.atomic():
        journal.lock_reader(reader)
        checkout, dropped = _checkout(wish, at)
    if dropped is not None:
        close_page(dropped, at)
    return open_page(checkout, at)


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
        again(checkout, way_back(return_path))
    return open_page(checkout, at)


def conclude(checkout_id: UUID, *, at: datetime) -> CheckoutState:
    """
    Ask the provider what became of a checkout, apply it, and say how it stands. Safe to
    call any number of times, also after a webhook told us. Raise `NoSuchCheckout`.
    """
    row = Checkout.objects.filter(pk=checkout_id).first()
    if row is None:
        raise queries.NoSuchCheckout(f"There is no checkout {checkout_id}.")
    if row.payment_id is not None and is_open(row):
        # What the provider says reaches us as an event, like a webhook: one path only.
        payments.refresh(row.payment_id, at=at)
    return queries.checkout(checkout_id)


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


def quote(
    *,
    reader: UUID,
    plan_code: str,
    offer: str = "",
    currency: str = "",
    at: datetime,
) -> Due:
    """
    Say what a plan costs this reader today. A trial is for who never had anything.
    Raise `NoSuchPlan`, `NoSuchOffer`, `OfferTaken`.
    """
    sold = catalogue.plan(plan_code, at, currency)
    discount = catalogue.discount(offer, sold, at) if offer else None
    if discount is not None and _has_had(discount.code, reader):
        raise OfferTaken(f"She has had the offer {discount.code}.")
    days = sold.trial_days if queries.latest(reader) is None else 0
    price = sold.price_in(0, discount)
    zone = publication.current().zone
    ahead = queries.outlook(sold, discount, days, calendar.local_date(at, zone), zone)
    today = Money(0, price.currency) if days else price
    return Due(sold, today, discount, days, ahead)


def _has_had(code: str, reader: UUID) -> bool:
    """Say whether an offer is used up; what waits for its first payment has it still."""
    row = queries.open_subscription(reader)
    unpaid = row.pk if row is not None and not row.is_running else None
    return catalogue.has_taken(code, reader, besides=unpaid)


def _checkout(wish: Wish, at: datetime) -> tuple[Checkout, UUID | None]:
    """Return the checkout for the wish, and the payment that it makes superfluous."""
    row = queries.open_subscription(wish.reader)
    if row is not None:
        row = journal.lock(row.pk)
    if row is not None and row.is_running:
        return _settled(row, wish), None
    old = row.checkouts.get() if row is not None else None
    if row is not None and old is not None and _is_the_same(row, old, wish, at):
        _take_again(row, old, wish, at)
        return again(old, wish.return_path), None
    due = quote(
        reader=wish.reader,
        plan_code=wish.plan_code,
        offer=wish.offer,
        currency=wish.currency,
        at=at,
    )
    if due.price.minor != wish.quoted_minor:
        raise StaleQuote(due.offer, due.price)
    _note_place(wish, at)
    if row is None or old is None:
        return _new(wish, due, at), None
    abandon(row, "another plan or place was chosen", at)
    return _new(wish, due, at), old.payment_id


def _is_the_same(row: Subscription, old: Checkout, wish: Wish, at: datetime) -> bool:
    """Say whether an unpaid purchase is what is wished for, at the price of today."""
    sold = catalogue.plan(wish.plan_code, at, wish.currency)
    invoice = books.invoice(old.invoice_id) if old.invoice_id else None
    if invoice is None or row.plan_version_id != sold.version_id:
        return False
    taken = row.offer.code if row.offer is not None else ""
    asked = (invoice.place, taken, invoice.total.minor)
    return asked == (wish.place, wish.offer, wish.quoted_minor)


def _take_again(row: Subscription, old: Checkout, wish: Wish, at: datetime) -> None:
    """After a decline the offer went back; who tries again takes it again."""
    payment = payments_known.payment_for(str(old.invoice_id))
    if wish.offer and payment is not None and payment.status == "declined":
        shop.take_offer(
            code=wish.offer,
            reader=wish.reader,
            subscription_ref=row.pk,
            plan=catalogue.version(row.plan_version_id),
            at=at,
        )


def _note_place(wish: Wish, at: datetime) -> None:
    # Before any charge: the tax, and with it the invoice, follows from where she is.
    if wish.place:
        ledger.record_place(wish.reader, wish.place, at=at)
    elif books.asks_for_place():
        raise PlaceUnknown("No State, no sale.")


def _settled(row: Subscription, wish: Wish) -> Checkout:
    """Answer the second click that comes after the payment; refuse another purchase."""
    checkout = row.checkouts.order_by("made_at").first()
    if checkout is None or (checkout.request_key, checkout.plan_code) != (
        wish.request_key,
        wish.plan_code,
    ):
        raise AlreadySubscribed("This reader has a running subscription.")
    return checkout


def _new(wish: Wish, due: Due, at: datetime) -> Checkout:
    zone = publication.current().zone
    row = Subscription(
        id=new_id(at),
        reader_id=wish.reader,
        plan_version_id=due.offer.version_id,
        anchor_tz=zone.key,
        previous=queries.latest(wish.reader),
        made_at=at,
    )
    facts = {"plan": due.offer.code, "price": due.price.minor, "offer": wish.offer}
    if wish.offer:
        row.offer_id, taken = shop.take_offer(
            code=wish.offer,
            reader=wish.reader,
            subscription_ref=row.pk,
            plan=due.offer,
            at=at,
        )
        row.offer_until_k = taken.periods
    journal.record(row, Kind.BEGUN, by=str(wish.reader), at=at, **facts)
    invoice_id = None
    if due.price:
        invoice_id = _bill(row, due, at)
    else:
        _start_for_nothing(row, due, at)
    return Checkout.objects.create(
        id=new_id(at),
        subscription=row,
        plan_code=due.offer.code,
        invoice_id=invoice_id,
        request_key=wish.request_key,
        return_path=wish.return_path,
        made_at=at,
    )


def _bill(row: Subscription, due: Due, at: datetime) -> UUID:
    # The period is that of a payment today; if it comes tomorrow, so does the period.
    period = calendar.period(calendar.local_date(at, row.zone), due.offer.term, 0)
    off = f" ({due.discount.name})" if due.discount else ""
    invoice = ledger.bill(
        ledger.Charge(f"{due.offer.name}{off}", due.price, due.offer.tax_code, period),
        subscription_ref=row.pk,
        reader=row.reader_id,
        kind="first",
        period_index=0,
        recipient=row.reader.name or row.reader.email,
        at=at,
    )
    return invoice.id


def _start_for_nothing(row: Subscription, due: Due, at: datetime) -> None:
    """
    Let it run at once: a trial, a free plan, or a first period that is off altogether.
    No card is asked for what costs nothing. One that she saved before will be charged;
    else she is told in time, and pays the first bill on a page.
    """
    saved = payments_known.methods(row.reader_id)
    row.method_ref = saved[0].method_ref if saved else None
    if due.trial_days:
        start_trial(row, due.trial_days, at=at)
    else:
        advance(row, first_period(row, at), due.price, version=due.offer, at=at)
