"""
Coming back from the gateway's page: paid, pending, declined or left.

What the address says is not believed; the gateway is asked. None of these is an end:
a declined or forgotten payment goes on from here with one button, and a pending one
shows itself as soon as the bank has answered, without any script.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from broadsheet.business.ledger import queries as books
from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.business.subscriptions.queries import CheckoutState
from broadsheet.kit.addresses import local_path
from broadsheet.kit.ids import new_secret
from broadsheet.plumbing import publication

from . import subscribe
from .addresses import see_other

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LOOK_AGAIN = 5  # Seconds.
LONGEST_WATCH = 60  # Looks; after five minutes a mail is the better messenger.

REASONS: dict[str, StrOrPromise] = {
    "card_declined": _("Your bank said no to this card."),
    "expired_card": _("The card has expired."),
    "insufficient_funds": _("There is not enough money on the card."),
    "authentication_failed": _("The payment was not confirmed with your bank."),
}


@dataclass(frozen=True, slots=True)
class Retry:
    """A form of one button, which goes on where the reader stopped."""

    action: str
    fields: Mapping[str, str | int]
    price: str


@never_cache
@require_safe
def come_back(request: HttpRequest, checkout_id: UUID) -> HttpResponse:
    """Show what became of a purchase; if it is paid, go on reading."""
    try:
        state = subscriptions.conclude(checkout_id, at=publication.now())
    except subscriptions.NoSuchCheckout:
        return subscribe.unknown_purchase(request)
    hers = request.user.is_authenticated and request.user.public_id == state.reader
    back = local_path(state.return_path, otherwise="/")
    if state.status == "active" and hers:
        return see_other(back)
    if hers and _is_a_change(state):
        messages.error(request, _("Nothing was charged, and your plan is as it was."))
        return see_other("/account/plan/?" + urlencode({"to": state.plan_code}))
    context = {
        "state": state,
        "hers": hers,
        # Somebody else, or she in a browser that does not know her: no word of hers.
        "back": back if hers else "/",
        "reason": REASONS.get(state.reason, "") if hers else "",
        "retry": _retry(state, back) if hers else None,
        "refresh_path": request.path,
    }
    response = render(request, "pages/checkout_return.html", context)
    if state.status == "pending":
        _look_again(request, response)
    return response


def _is_a_change(state: CheckoutState) -> bool:
    """Say whether it was another plan that was not paid for, and nothing is owed."""
    unpaid = state.status in ("declined", "abandoned")
    if not state.renewal or not unpaid or state.reader is None:
        return False
    return subscribed.open_until(state.reader, publication.now()) is None


def _retry(state: CheckoutState, back: str) -> Retry | None:
    """Return the button that pays; None if there is nothing left to pay for."""
    if state.renewal:
        price = ""  # Her account says it: it is what she has paid before.
        return Retry("/account/pay/", {"next": back}, price)
    if state.due is None:
        return None
    fields: dict[str, str | int] = {
        "plan": state.plan_code,
        "quoted_minor": state.due.minor,
        "currency": state.due.currency,
        "offer": state.offer,
        "request_key": new_secret(18),
        "next": back,
    }
    if state.reader is not None and (place := books.place_of(state.reader)):
        fields["place"] = place
    price = state.due.format(publication.current().locale)
    return Retry("/subscribe/", fields, price)


def _look_again(request: HttpRequest, response: HttpResponse) -> None:
    """Let the browser load the page again by itself, without a script, for a while."""
    given = request.GET.get("look", "")
    looks = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 0
    if looks < LONGEST_WATCH:
        again = f"{request.path}?look={looks + 1}"
        response.headers["Refresh"] = f"{LOOK_AGAIN}; url={again}"
