"""From a fact to a letter in the post: who, in which zone, with which receipt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import override

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.queries import InvoiceFacts
from broadsheet.business.payments.events import PaymentRefunded
from broadsheet.kit import places
from broadsheet.kit.calendar import local_date
from broadsheet.kit.money import Money
from broadsheet.plumbing import letters, publication

from .. import queries
from ..events import (
    Cancelled,
    CancelledNow,
    CardExpiring,
    Given,
    Lapsed,
    Paused,
    PaymentTrouble,
    PlanChanged,
    PriceRises,
    ReceiptAsked,
    RenewalComing,
    Renewed,
    Resumed,
    Started,
)
from ..models import Subscription
from ..queries import MOMENT
from ..rules import Kind
from . import words
from .words import About, Letter, Receipt


@dataclass(frozen=True, slots=True)
class Addressee:
    """The subscription a letter is about, and how its reader writes days and money."""

    row: Subscription
    about: About

    def day(self, on: datetime | date) -> str:
        return _day(self.row, on)


Write = Callable[[Addressee], Letter]


def send_welcome(event: Started, at: datetime) -> None:
    """Welcome a new subscriber; this is her receipt too, if anything was due."""
    invoice = _first_invoice(event.subscription_id)
    paid = receipt(invoice) if invoice is not None else None
    _send(
        event.subscription_id,
        lambda to: words.welcome(to.about, paid),
        invoice=invoice,
        at=at,
    )


def send_renewed(event: Renewed, at: datetime) -> None:
    """Send the receipt of a renewal; one that cost nothing has none."""
    if event.invoice_id is None:
        return
    invoice = _invoice(event.subscription_id, event.invoice_id)
    _send(
        event.subscription_id,
        lambda to: words.renewed(to.about, receipt(invoice)),
        number=event.period_index,
        invoice=invoice,
        at=at,
    )


def send_receipt_again(event: ReceiptAsked, at: datetime) -> None:
    """Send an invoice once more, because the desk was asked for it."""
    invoice = _invoice(event.subscription_id, event.invoice_id)
    _send(
        event.subscription_id,
        lambda to: words.receipt_again(to.about, receipt(invoice)),
        number=f"{event.invoice_id}-{int(at.timestamp())}",
        invoice=invoice,
        at=at,
    )


def send_renewal_coming(event: RenewalComing, at: datetime) -> None:
    """Remind of a renewal, in time to cancel it."""
    _send(
        event.subscription_id,
        lambda to: words.renewal_coming(
            to.about, amount=_money(event.minor, event.currency), day=to.day(event.due)
        ),
        number=event.period_index,
        at=at,
    )


def send_card_expiring(event: CardExpiring, at: datetime) -> None:
    """Say that the card that renewals charge will expire, and how to name another."""
    _send(
        event.subscription_id,
        lambda to: words.card_expiring(
            to.about,
            card=f"{event.network} ···· {event.last4}",
            month=formats.date_format(event.expires, _("F Y")),
        ),
        number=event.expires.toordinal() * 100 + event.days,
        at=at,
    )


def send_cancelled(event: Cancelled, at: datetime) -> None:
    """Confirm a cancellation, with the last day on which everything works."""
    # Cancelled, undone and cancelled again: each is confirmed once.
    _send(
        event.subscription_id,
        lambda to: words.cancelled(to.about, until=to.day(event.ends - MOMENT)),
        number=int(at.timestamp()),
        at=at,
    )


def send_cancelled_now(event: CancelledNow, at: datetime) -> None:
    """Confirm that it is over, and say what goes back."""
    back = _money(event.minor, event.currency) if event.minor else ""
    _send(
        event.subscription_id,
        lambda to: words.cancelled_now(to.about, back=back),
        at=at,
    )


def send_payment_trouble(event: PaymentTrouble, at: datetime) -> None:
    """Say that a renewal could not be collected, what follows, and until when."""

    def write(to: Addressee) -> Letter:
        return words.payment_trouble(
            to.about,
            until=to.day(event.access_until - MOMENT),
            again=to.day(to.row.retry_at) if to.row.retry_at else "",
            tries=to.row.failures,
        )

    _send(event.subscription_id, write, number=int(at.timestamp()), at=at)


def send_ended(event: Lapsed, at: datetime) -> None:
    """Say that it is over, to whom it comes unasked: a cancelled one was confirmed."""
    history = queries.history(event.subscription_id)
    lapses = [each for each in history if each.kind == Kind.LAPSED]
    if not lapses or lapses[-1].facts.get("reason") == "cancelled":
        return
    unpaid = lapses[-1].facts.get("reason") == "not paid"
    _send(event.subscription_id, lambda to: words.ended(to.about, unpaid=unpaid), at=at)


def send_paused(event: Paused, at: datetime) -> None:
    """Confirm a pause with its days, and the next charge."""
    _send(
        event.subscription_id,
        lambda to: words.paused(
            to.about,
            since=to.day(event.starts),
            resumes=to.day(event.resumes),
            bills=to.day(event.bills_at),
        ),
        number=int(at.timestamp()),
        at=at,
    )


def send_resumed(event: Resumed, at: datetime) -> None:
    """Say that everything is open again, and when the next charge is."""
    _send(
        event.subscription_id,
        lambda to: words.resumed(to.about, bills=to.day(event.bills_at)),
        number=int(at.timestamp()),
        at=at,
    )


def send_price_rises(event: PriceRises, at: datetime) -> None:
    """Give notice of what she will pay from a renewal on, or when a trial is over."""
    before = _money(event.before_minor, event.currency)
    after = _money(event.after_minor, event.currency)

    def write(to: Addressee) -> Letter:
        if event.why == "trial":
            return words.trial_ending(to.about, amount=after, day=to.day(event.at))
        return words.price_change(to.about, old=before, new=after, day=to.day(event.at))

    _send(event.subscription_id, write, number=int(event.at.timestamp()), at=at)


def send_plan_changed(event: PlanChanged, at: datetime) -> None:
    """Confirm another plan, with the receipt if it was paid for at once."""
    paid = event.invoice_id
    invoice = _invoice(event.subscription_id, paid) if paid else None
    _send(
        event.subscription_id,
        lambda to: words.plan_changed(
            to.about, since=to.day(at), receipt=receipt(invoice) if invoice else None
        ),
        number=int(at.timestamp()),
        invoice=invoice,
        at=at,
    )


def send_given(event: Given, at: datetime) -> None:
    """Say what was given, and that it costs nothing and ends by itself."""
    _send(
        event.subscription_id,
        lambda to: words.comp_given(to.about, until=to.day(event.ends - MOMENT)),
        number=int(event.ends.timestamp()),
        at=at,
    )


def send_refunded(event: PaymentRefunded, at: datetime) -> None:
    """Say that money went back, and where the credit note is, if there is one."""
    invoice = books.invoice(UUID(event.invoice_ref))
    if invoice is None:
        return  # Of another room's.
    back = _money(event.minor, event.currency)
    noted = bool(books.credit_notes(invoice.id))
    _send(
        invoice.subscription_ref,
        lambda to: words.refunded(to.about, back=back, noted=noted),
        number=f"{event.attempt_id}-{int(event.at.timestamp())}",
        at=at,
    )


def receipt(invoice: InvoiceFacts) -> Receipt:
    """Return an issued invoice as a letter shows it."""
    locale = publication.current().locale
    line = invoice.lines[0]
    return Receipt(
        number=invoice.number or "",
        path=f"/account/invoices/{invoice.id}/",
        what=line.description,
        place=places.name(invoice.place),
        taxable=line.taxable.format(locale),
        taxes=tuple((name, money.format(locale)) for name, _rate, money in line.taxes),
        total=invoice.total.format(locale),
    )


def compose(
    letter: Letter, *, to: str, name: str, key: str, at: datetime
) -> EmailMultiAlternatives:
    """Return the letter as mail, text beside HTML, in the language that is active."""
    subject = letters.one_line(letter.subject)
    context = {
        "letter": letter,
        "subject": subject,
        "paper": publication.current(),
        "origin": settings.BROADSHEET.origin,
        "name": name,
    }
    return letters.compose(
        subject=subject,
        text=render_to_string("subscriptions/letters/letter.txt", context),
        html=render_to_string("subscriptions/letters/letter.html", context),
        to=to,
        message_id=letters.message_id(key),
        at=at,
    )


def _send(
    subscription_id: UUID,
    write: Write,
    *,
    number: int | str = 0,
    invoice: InvoiceFacts | None = None,
    at: datetime,
) -> None:
    row = Subscription.objects.select_related("reader").get(pk=subscription_id)
    with override(settings.LANGUAGE_CODE):
        letter = write(_addressee(row))
        mail = compose(
            letter,
            to=row.reader.email,
            name=row.reader.name,
            key=f"{letter.name}-{number}-{subscription_id}",
            at=at,
        )
        if invoice is not None and invoice.number is not None:
            drawn = ledger.draw_invoice(
                invoice.id, recipient=row.reader.name or row.reader.email
            )
            name = f"{invoice.number.replace('/', '-')}.pdf"
            mail.attach(name, drawn, "application/pdf")
    mail.send()


def _addressee(row: Subscription) -> Addressee:
    paper, sold = publication.current(), catalogue.version(row.plan_version_id)
    # A purchase that came to nothing has no dates, but its money may go back.
    renews_on = queries.view(row.pk).renews_on if row.started_at else None
    day = _day(row, renews_on) if renews_on else ""
    return Addressee(
        row, About(paper.name, sold.name, sold.price.format(paper.locale), day)
    )


def _day(row: Subscription, on: datetime | date) -> str:
    """Return `2 November 2026`, on a calendar in the reader's own zone."""
    day = local_date(on, row.zone) if isinstance(on, datetime) else on
    # Translators: how a day is written in full, in Django's date format.
    return formats.date_format(day, _("j F Y"))


def _first_invoice(subscription_id: UUID) -> InvoiceFacts | None:
    """Return what was paid first; None where it began with days for nothing."""
    invoices = reversed(books.invoices(subscription_id))
    return next((each for each in invoices if each.kind == "first"), None)


def _invoice(subscription_id: UUID, invoice_id: UUID) -> InvoiceFacts:
    invoices = books.invoices(subscription_id)
    return next(each for each in invoices if each.id == invoice_id)


def _money(minor: int, currency: str) -> str:
    return Money(minor, currency).format(publication.current().locale)
