"""Pages to pay on: made once, gone back to, and closed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as known
from broadsheet.kit.addresses import local_path

from ..models import Checkout

log = logging.getLogger(__name__)


class PaymentUnavailable(Exception):
    """The payment provider cannot be reached. Nothing is charged; try again soon."""


@dataclass(frozen=True, slots=True)
class CheckoutPage:
    """Where the reader goes to pay; or back to us, if there is nothing left to pay."""

    id: UUID
    pay_at: str


def way_back(path: str) -> str:
    """Return the path as a checkout can keep it; the account's, if it cannot."""
    return local_path(path, otherwise="/account/", longest=500)


def again(checkout: Checkout, return_path: str) -> Checkout:
    """Go on with an unpaid checkout; after a decline, with a new attempt and key."""
    payment = known.payment_for(str(checkout.invoice_id))
    if payment is not None and payment.status == "declined":
        checkout.attempt += 1
        checkout.pay_at = ""
    checkout.return_path = return_path
    checkout.save(update_fields=["attempt", "pay_at", "return_path"])
    return checkout


def open_page(checkout: Checkout, at: datetime) -> CheckoutPage:
    """
    Return the payment page of a checkout, asking the provider for it if need be. Raise
    `PaymentUnavailable`. Call it outside any transaction.
    """
    back = f"{settings.BROADSHEET.origin}/subscribe/return/{checkout.pk}/"
    invoice = books.invoice(checkout.invoice_id) if checkout.invoice_id else None
    if invoice is None or invoice.status != "open":
        return CheckoutPage(checkout.pk, back)
    if not checkout.pay_at:
        try:
            opened = payments.open_payment(
                invoice_ref=str(invoice.id),
                reader=checkout.subscription.reader_id,
                amount=invoice.total,
                description=invoice.description,
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


def is_open(checkout: Checkout) -> bool:
    invoice = books.invoice(checkout.invoice_id) if checkout.invoice_id else None
    return invoice is not None and invoice.status == "open"


def close_page(payment_id: UUID, at: datetime) -> None:
    """Let nobody pay on a page any more, if the provider can be told."""
    try:
        payments.withdraw(payment_id, at=at)
    except (payments.Unreachable, payments.Refused) as error:
        # If it is paid after all, the receipt finds a void invoice and goes back.
        log.warning("payment %s could not be withdrawn: %s", payment_id, error)
