"""
What we write to subscribers. Each letter is sent by a job after the fact is committed,
and carries an id made of the fact, so that a mailbox can tell a second copy.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import override

from broadsheet.business.ledger import queries as books
from broadsheet.kit import places
from broadsheet.plumbing import letters, publication

from . import queries
from .events import Cancelled, PaymentTrouble, Renewed, Started
from .models import Subscription
from .queries import MOMENT


def send_welcome(event: Started, at: datetime) -> None:
    """Welcome a new subscriber; this is her receipt too."""
    _send("welcome", event.subscription_id, _receipt(event.subscription_id), at=at)


def send_renewed(event: Renewed, at: datetime) -> None:
    """Send the receipt of a renewal."""
    _send(
        "renewed",
        event.subscription_id,
        _receipt(event.subscription_id, event.invoice_id),
        number=event.period_index,
        at=at,
    )


def send_cancelled(event: Cancelled, at: datetime) -> None:
    """Confirm a cancellation, with the last day on which everything works."""
    ends = event.ends - MOMENT
    # Cancelled, undone and cancelled again: each is confirmed once.
    _send(
        "cancelled",
        event.subscription_id,
        {"ends": ends},
        number=int(at.timestamp()),
        at=at,
    )


def send_payment_trouble(event: PaymentTrouble, at: datetime) -> None:
    """Say that a renewal could not be collected, and until when all stays open."""
    until = event.access_until - MOMENT
    _send(
        "payment-trouble",
        event.subscription_id,
        {"until": until},
        number=int(at.timestamp()),
        at=at,
    )


def _receipt(
    subscription_id: UUID, invoice_id: UUID | None = None
) -> dict[str, object]:
    invoices = books.invoices(subscription_id)
    wanted = [i for i in invoices if i.id == invoice_id or i.kind == "first"]
    chosen = next((i for i in wanted if i.id == invoice_id), wanted[-1])
    return {"invoice": chosen, "line": chosen.lines[0]}


def _send(
    letter: str,
    subscription_id: UUID,
    facts: dict[str, object],
    *,
    at: datetime,
    number: int = 0,
) -> None:
    row = Subscription.objects.select_related("reader").get(pk=subscription_id)
    paper = publication.current()
    view = queries.view(subscription_id)
    origin = settings.BROADSHEET.origin
    with override(settings.LANGUAGE_CODE):
        subject = letters.one_line(_subject(letter, paper.name))
        context = {
            **{name: _words(fact, paper.zone) for name, fact in facts.items()},
            "paper": paper,
            "subject": subject,
            "subscription": view,
            "price": view.price.format(paper.locale),
            "renews_on": _words(view.renews_on, paper.zone),
            "origin": origin,
            "account": f"{origin}/account/",
            "name": row.reader.name,
            **_tax(facts, paper.locale),
        }
        mail = letters.compose(
            subject=subject,
            text=render_to_string(f"subscriptions/letters/{letter}.txt", context),
            html=render_to_string(f"subscriptions/letters/{letter}.html", context),
            to=row.reader.email,
            message_id=letters.message_id(f"{letter}-{number}-{subscription_id}"),
            at=at,
        )
    mail.send()


def _subject(letter: str, paper: str) -> str:
    return {
        "welcome": _("Welcome to %(paper)s: your receipt"),
        "renewed": _("Your subscription to %(paper)s is renewed: your receipt"),
        "cancelled": _("Your subscription to %(paper)s is cancelled"),
        "payment-trouble": _("Your payment to %(paper)s did not go through"),
    }[letter] % {"paper": paper}


def _words(fact: object, zone: ZoneInfo) -> object:
    """Turn instants into days in words: 2 November 2026."""
    if not isinstance(fact, datetime):
        return fact
    return formats.date_format(fact.astimezone(zone), "j F Y")


def _tax(facts: dict[str, object], locale: str) -> dict[str, object]:
    invoice = facts.get("invoice")
    if not isinstance(invoice, books.InvoiceFacts):
        return {}
    line = invoice.lines[0]
    return {
        "total": invoice.total.format(locale),
        "taxable": line.taxable.format(locale),
        "taxes": [(name, money.format(locale)) for name, _rate, money in line.taxes],
        "place": places.name(invoice.place),
    }
