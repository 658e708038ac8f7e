"""
Buying a plan: choose, pay at the gateway, come back to the same paragraph.

The page quotes a price and the form carries the quote; a charge that would differ from
it is refused before any money moves. Every form carries a key of its own, so that a
second click is the first one again.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.kit.calendar import boundary, instant, local_date
from broadsheet.kit.ids import new_secret
from broadsheet.plumbing import publication

from .places import local_path

LONGEST_KEY = 64
LARGEST_QUOTE = 12  # Digits.


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def plans(request: HttpRequest) -> HttpResponse:
    """The plans; with `?plan=` the order for one of them; by POST, on to the gateway."""
    if request.method == "POST":
        return _begin(request)
    if request.GET.get("plan"):
        return _order(request, request.GET["plan"])
    return _offers(request)


def _offers(
    request: HttpRequest, *, error: str = "", status: int = 200
) -> HttpResponse:
    at = publication.now()
    context = {
        "offers": catalogue.plans(at),
        "current": _current(request),
        "next": _back(request),
        "request_key": new_secret(18),
        "error": error,
    }
    return render(request, "pages/subscribe.html", context, status=status)


def _order(
    request: HttpRequest, code: str, *, error: str = "", status: int = 200
) -> HttpResponse:
    if not request.user.is_authenticated:
        return _log_in_first(code, _back(request))
    at = publication.now()
    try:
        offer = catalogue.plan(code, at)
    except catalogue.NoSuchPlan:
        return _not_on_sale(request)
    if _current(request) is not None:
        return _offers(request)
    zone = publication.current().zone
    context = {
        "offer": offer,
        "renews_on": instant(boundary(local_date(at, zone), offer.term, 1), zone),
        "next": _back(request),
        "request_key": new_secret(18),
        "error": error,
    }
    return render(request, "pages/checkout.html", context, status=status)


def _begin(request: HttpRequest) -> HttpResponse:
    code = request.POST.get("plan", "")
    if not request.user.is_authenticated:
        return _log_in_first(code, _back(request))
    quoted, key = (
        request.POST.get("quoted_minor", ""),
        request.POST.get("request_key", ""),
    )
    if not _is_amount(quoted) or not 0 < len(key) <= LONGEST_KEY:
        return _offers(request, error=_("Choose a plan and try again."), status=400)
    try:
        checkout = subscriptions.begin(
            reader=request.user.public_id,
            plan_code=code,
            quoted_minor=int(quoted),
            request_key=key,
            return_path=_back(request),
            at=publication.now(),
        )
    except (*REFUSALS, subscriptions.PaymentUnavailable) as refusal:
        return _refused(request, code, refusal)
    return _see_other(checkout.pay_at)


REFUSALS = (
    subscriptions.AlreadySubscribed,
    subscriptions.BadRequest,
    subscriptions.NoSuchPlan,
    subscriptions.StaleQuote,
)


def _refused(request: HttpRequest, code: str, refusal: Exception) -> HttpResponse:
    """Say in one sentence why nothing was begun, on the page where to go on."""
    match refusal:
        case subscriptions.AlreadySubscribed():
            return redirect("/account/")
        case subscriptions.NoSuchPlan():
            return _not_on_sale(request)
        case subscriptions.StaleQuote():
            error = _new_price(refusal.offer)
            return _order(request, code, error=error, status=409)
        case subscriptions.PaymentUnavailable():
            error = _(
                "Our payment partner does not answer just now. Nothing was charged; "
                "please try again in a minute."
            )
            return _order(request, code, error=error, status=503)
    return _offers(request, error=_("Choose a plan and try again."), status=400)


@never_cache
@require_safe
def come_back(request: HttpRequest, checkout_id: UUID) -> HttpResponse:
    """The gateway sends the reader here. What it says in the address is not believed."""
    try:
        state = subscriptions.conclude(checkout_id, at=publication.now())
    except subscriptions.NoSuchCheckout:
        error = _("We do not know this purchase. Nothing was charged here.")
        return _offers(request, error=error, status=404)
    if state.status == "active" and request.user.is_authenticated:
        return _see_other(local_path(state.return_path, "/"))
    context = {"state": state, "refresh_path": request.path}
    return render(request, "pages/checkout_return.html", context)


def _new_price(offer: catalogue.PlanOffer) -> str:
    price = offer.price.format(publication.current().locale)
    return _("The price has changed: %(plan)s now costs %(price)s.") % {
        "plan": offer.name,
        "price": price,
    }


def _current(request: HttpRequest) -> Any:
    if not request.user.is_authenticated:
        return None
    return subscribed.current(request.user.public_id, publication.now())


def _back(request: HttpRequest) -> str:
    given = request.POST.get("next") or request.GET.get("next") or ""
    return local_path(given, "/")


def _not_on_sale(request: HttpRequest) -> HttpResponse:
    error = _("That plan is no longer on sale. These are.")
    return _offers(request, error=error, status=404)


def _log_in_first(code: str, back: str) -> HttpResponse:
    here = "/subscribe/?" + urlencode({"plan": code, "next": back})
    return redirect("/accounts/login/?" + urlencode({"next": here}))


def _is_amount(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LARGEST_QUOTE


def _see_other(address: str) -> HttpResponse:
    return HttpResponseRedirect(address, status=303)
