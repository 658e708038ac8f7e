"""
Buying a plan: choose, pay at the gateway, come back to the same paragraph.

The page quotes a price and the form carries the quote; a charge that would differ from
it is refused before any money moves. Every form carries a key of its own, so that a
second click is the first one again.
"""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.kit.ids import new_secret
from broadsheet.plumbing import publication

from .places import local_path

LONGEST_KEY = 64


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def plans(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _begin(request)
    return _page(request)


def _page(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    at = publication.now()
    current = None
    if request.user.is_authenticated:
        current = subscribed.current(request.user.public_id, at)
    given = request.POST or request.GET
    response = render(
        request,
        "pages/subscribe.html",
        {
            "plans": catalogue.plans(at),
            "chosen": given.get("plan", ""),
            "next": local_path(given.get("next", ""), "/"),
            "request_key": new_secret(18),
            "current": current,
            "problem": problem,
        },
        status=status,
    )
    return response


def _begin(request: HttpRequest) -> HttpResponse:
    code = request.POST.get("plan", "")
    back = local_path(request.POST.get("next", ""), "/")
    if not request.user.is_authenticated:
        here = "/subscribe/?" + urlencode({"plan": code, "next": back})
        return redirect("/accounts/login/?" + urlencode({"next": here}))
    quoted, key = request.POST.get("quoted", ""), request.POST.get("key", "")
    if not (quoted.isascii() and quoted.isdigit() and len(quoted) < 12 and 0 < len(key) <= LONGEST_KEY):
        return _page(request, problem=_("Choose a plan and try again."), status=400)
    try:
        checkout = subscriptions.begin(
            reader=request.user.public_id,
            plan_code=code,
            quoted_minor=int(quoted),
            request_key=key,
            return_path=back,
            at=publication.now(),
        )
    except catalogue.NoSuchPlan:
        return _page(request, problem=_("That plan is no longer on sale. These are."), status=404)
    except subscriptions.Refused as refusal:
        return _page(request, problem=str(refusal), status=409)
    return _see_other(checkout.pay_at)


@never_cache
@require_GET
def come_back(request: HttpRequest, checkout_id: UUID) -> HttpResponse:
    """The gateway sends the reader here. What it says in the address is not believed."""
    if not request.user.is_authenticated:
        return redirect("/accounts/login/?" + urlencode({"next": request.path}))
    try:
        state = subscriptions.conclude(
            checkout_id, reader=request.user.public_id, at=publication.now()
        )
    except subscriptions.NoSuchCheckout:
        return _page(request, problem=_("We do not know this purchase."), status=404)
    if state.status == "active":
        return _see_other(local_path(state.return_path, "/"))
    return render(
        request,
        "pages/checkout_return.html",
        {"state": state, "next": local_path(state.return_path, "/")},
    )


def _see_other(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response



