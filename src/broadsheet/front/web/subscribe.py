"""
Buying a plan: choose it, say where you live, and on to the gateway's page.

The page quotes a price and the form carries the quote; a charge that would differ from
it is refused before any money moves. Every form carries a key of its own, so that a
second click is the first one again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.ledger import queries as books
from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.business.subscriptions.actions import Due
from broadsheet.kit.addresses import local_path
from broadsheet.kit.ids import new_secret
from broadsheet.plumbing import publication

from . import future
from .addresses import see_other
from .places import choices

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST_KEY = 64
NO_PLACE = 422
LARGEST_QUOTE = 12  # Digits.
CHOOSE = _("Choose a plan and try again.")
NO_OFFER = _("There is no such offer for this plan. This is the price without it.")
HAD_IT = _("You have had this offer before. This is the price without it.")
OTHER_CURRENCY = _("Where you live this plan has a price of its own. It is now shown.")
UNREACHABLE = _(
    "Our payment partner does not answer just now. Nothing was charged; please try "
    "again in a minute."
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def plans(request: HttpRequest) -> HttpResponse:
    """The plans; with `?plan=` the order for one of them; by POST, on to the gateway."""
    if request.method == "POST":
        return _begin(request)
    if request.GET.get("plan"):
        return _order(request, request.GET["plan"])
    return _offers(request)


def unknown_purchase(request: HttpRequest) -> HttpResponse:
    error = _("We do not know this purchase. Nothing was charged here.")
    return _offers(request, error=error, status=404)


def _offers(
    request: HttpRequest, *, error: StrOrPromise = "", status: int = 200
) -> HttpResponse:
    at = publication.now()
    place = catalogue.currency_for(_place(request))
    context = {
        "offers": catalogue.plans(at, place) or catalogue.plans(at),
        "code": _given(request, "offer"),
        "current": _current(request),
        "next": _back(request),
        "request_key": new_secret(18),
        "error": error,
    }
    return render(request, "pages/subscribe.html", context, status=status)


def _order(
    request: HttpRequest, code: str, *, error: StrOrPromise = "", status: int = 200
) -> HttpResponse:
    if not request.user.is_authenticated:
        return _log_in_first(request, code)
    if _current(request) is not None:
        return _offers(request)
    try:
        due, unknown = _quote(request, code)
    except catalogue.NoSuchPlan:
        return _not_on_sale(request)
    context = {
        "offer": due.offer,
        "due": due,
        "terms": future.in_one(due.ahead),
        "renews": future.after_first(due),
        "code": due.discount.code if due.discount else "",
        "tried": _given(request, "offer"),
        "code_error": unknown,
        "next": _back(request),
        "request_key": new_secret(18),
        "error": error,
        "asks_place": books.asks_for_place(),
        "places": choices(_place(request)),
        "place_error": status == NO_PLACE,
    }
    return render(request, "pages/checkout.html", context, status=status)


def _quote(request: HttpRequest, code: str) -> tuple[Due, StrOrPromise]:
    """
    Return what a plan costs this reader, in her own currency if it has a price in that,
    and what is wrong with the code of an offer that she gave. Raise `NoSuchPlan`.
    """
    assert request.user.is_authenticated  # noqa: S101  The order is a reader's.
    asked = {"plan_code": code, "currency": _currency(request, code)}
    reader, at = request.user.public_id, publication.now()
    given = _given(request, "offer")
    try:
        return subscriptions.quote(reader=reader, at=at, offer=given, **asked), ""
    except subscriptions.NoSuchOffer:
        return subscriptions.quote(reader=reader, at=at, **asked), NO_OFFER
    except subscriptions.OfferTaken:
        return subscriptions.quote(reader=reader, at=at, **asked), HAD_IT


def _currency(request: HttpRequest, code: str) -> str:
    """Return the currency of where she lives; the publication's, if it has no price."""
    currency = catalogue.currency_for(_place(request))
    try:
        catalogue.plan(code, publication.now(), currency)
    except catalogue.NoSuchPlan:
        return ""
    return currency


def _given(request: HttpRequest, name: str) -> str:
    given = request.POST.get(name) or request.GET.get(name) or ""
    return given.strip()[:40]


def _begin(request: HttpRequest) -> HttpResponse:
    code = request.POST.get("plan", "")
    if not request.user.is_authenticated:
        return _log_in_first(request, code)
    quoted, key = (
        request.POST.get("quoted_minor", ""),
        request.POST.get("request_key", ""),
    )
    if not _is_amount(quoted) or not 0 < len(key) <= LONGEST_KEY:
        return _offers(request, error=CHOOSE, status=400)
    currency = _currency(request, code)
    if currency != request.POST.get("currency", currency):
        # A sum in another currency is no quote for this one, be it the same number.
        return _order(request, code, error=OTHER_CURRENCY, status=409)
    try:
        checkout = subscriptions.begin(
            reader=request.user.public_id,
            plan_code=code,
            quoted_minor=int(quoted),
            request_key=key,
            return_path=_back(request),
            place=request.POST.get("place", ""),
            offer=_given(request, "offer"),
            currency=currency,
            at=publication.now(),
        )
    except (*REFUSALS, subscriptions.PaymentUnavailable) as refusal:
        return _refused(request, code, refusal)
    return see_other(checkout.pay_at)


REFUSALS = (
    subscriptions.AlreadySubscribed,
    subscriptions.BadRequest,
    subscriptions.NoSuchOffer,
    subscriptions.NoSuchPlace,
    subscriptions.NoSuchPlan,
    subscriptions.OfferTaken,
    subscriptions.PlaceUnknown,
    subscriptions.StaleQuote,
)


def _refused(request: HttpRequest, code: str, refusal: Exception) -> HttpResponse:
    """Say in one sentence why nothing was begun, on the page where to go on."""
    match refusal:
        case subscriptions.AlreadySubscribed():
            return redirect("/account/")
        case subscriptions.NoSuchPlan():
            return _not_on_sale(request)
        case subscriptions.BadRequest():
            return _offers(request, error=CHOOSE, status=400)
        case subscriptions.PlaceUnknown() | subscriptions.NoSuchPlace():
            return _ask_for_place(request, code)
    return _price_again(request, code, refusal)


def _price_again(request: HttpRequest, code: str, refusal: Exception) -> HttpResponse:
    """Show the order as it is now, with what is different."""
    match refusal:
        case subscriptions.StaleQuote():
            error = _new_price(refusal)
            return _order(request, code, error=error, status=409)
        case subscriptions.NoSuchOffer() | subscriptions.OfferTaken():
            return _order(request, code, status=409)
    return _order(request, code, error=UNREACHABLE, status=503)


def _ask_for_place(request: HttpRequest, code: str) -> HttpResponse:
    """Show the order, which asks; with a complaint, if it has asked already."""
    if "place" not in request.POST:
        return see_other(_here(request, code))
    error = _("Choose where you live: the tax on your invoice depends on it.")
    return _order(request, code, error=error, status=NO_PLACE)


def _place(request: HttpRequest) -> str:
    """Return what she chose just now, or told us when she last bought something."""
    if not request.user.is_authenticated:
        return ""
    return request.POST.get("place") or books.place_of(request.user.public_id)


def _here(request: HttpRequest, code: str) -> str:
    return "/subscribe/?" + urlencode({"plan": code, "next": _back(request)})


def _new_price(stale: subscriptions.StaleQuote) -> str:
    price = stale.due.format(publication.current().locale)
    return gettext("The price has changed: %(plan)s now costs %(price)s.") % {
        "plan": stale.offer.name,
        "price": price,
    }


def _current(request: HttpRequest) -> Any:
    if not request.user.is_authenticated:
        return None
    return subscribed.current(request.user.public_id, publication.now())


def _back(request: HttpRequest) -> str:
    given = request.POST.get("next") or request.GET.get("next") or ""
    return local_path(given, otherwise="/")


def _not_on_sale(request: HttpRequest) -> HttpResponse:
    error = _("That plan is no longer on sale. These are.")
    return _offers(request, error=error, status=404)


def _log_in_first(request: HttpRequest, code: str) -> HttpResponse:
    here = _here(request, code)
    if offer := _given(request, "offer"):
        here += "&" + urlencode({"offer": offer})
    return redirect("/accounts/login/?" + urlencode({"next": here}))


def _is_amount(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LARGEST_QUOTE
