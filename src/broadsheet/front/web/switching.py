"""Another plan: what it would cost is said before the click, and charged as it was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.business.subscriptions.actions import Changed, Quote
from broadsheet.business.subscriptions.queries import SubscriptionView
from broadsheet.plumbing import publication

from .addresses import see_other
from .hers import current_of, reader_of
from .subscribe import UNREACHABLE

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

HERE = "/account/plan/"
WAITS = _("Another change waits for its day. Withdraw that one first, in your account.")
SAID = {
    "changed": _("Done. Your new plan runs from now on."),
    "scheduled": _("Noted. Until then, everything stays as it is."),
    "pending": _("Your bank has not answered yet. The plan changes as soon as it has."),
}
DECLINED = _("Your card was declined. Nothing was charged, and your plan is as it was.")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plans(request: HttpRequest) -> HttpResponse:
    """The other plans; with `?to=` the quote for one of them; by POST, the change."""
    current = current_of(request)
    if current is None:
        return redirect("/subscribe/")
    if request.method == "POST":
        return _change(request, current)
    if request.GET.get("to"):
        return _quote(request, current, request.GET["to"])
    return _list(request, current)


@never_cache
@login_required
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the plan after all: what was scheduled is withdrawn."""
    current = current_of(request)
    if current is not None:
        try:
            subscriptions.withdraw_change(
                reader=reader_of(request),
                subscription_id=current.id,
                at=publication.now(),
            )
        except subscriptions.NothingScheduled:
            return redirect("/account/")
        messages.success(request, _("You keep the plan that you have."))
    return see_other("/account/")


def _list(
    request: HttpRequest,
    current: SubscriptionView,
    *,
    error: StrOrPromise = "",
    status: int = 200,
) -> HttpResponse:
    on_sale = catalogue.plans(publication.now(), current.price.currency)
    context = {
        "subscription": current,
        "offers": [each for each in on_sale if each.code != current.plan_code],
        "error": error,
    }
    return render(request, "pages/switch.html", context, status=status)


def _quote(
    request: HttpRequest,
    current: SubscriptionView,
    code: str,
    *,
    error: StrOrPromise = "",
    status: int = 200,
) -> HttpResponse:
    try:
        quote = subscriptions.quote_change(
            reader=reader_of(request),
            subscription_id=current.id,
            plan_code=code,
            at=publication.now(),
        )
    except REFUSALS as refusal:
        return _list(request, current, error=_why(refusal), status=409)
    return _quoted(request, current, quote, error=error, status=status)


def _quoted(
    request: HttpRequest,
    current: SubscriptionView,
    quote: Quote,
    *,
    error: StrOrPromise = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "subscription": current,
        "quote": quote,
        "error": error,
    }
    return render(request, "pages/switch_quote.html", context, status=status)


def _change(request: HttpRequest, current: SubscriptionView) -> HttpResponse:
    try:
        changed = subscriptions.change(
            reader=reader_of(request),
            subscription_id=current.id,
            quote=request.POST.get("quote", ""),
            return_path="/account/",
            at=publication.now(),
        )
    except subscriptions.StaleChange as stale:
        error = _("This changed while the page was open. It is now as follows.")
        return _quoted(request, current, stale.quote, error=error, status=409)
    except subscriptions.PaymentUnavailable:
        return _list(request, current, error=UNREACHABLE, status=503)
    except REFUSALS as refusal:
        return _list(request, current, error=_why(refusal), status=409)
    return _became(request, changed)


def _became(request: HttpRequest, changed: Changed) -> HttpResponse:
    if changed.status == "pay":
        return see_other(changed.pay_at)
    if changed.status == "declined":
        messages.error(request, DECLINED)
        return see_other(HERE)
    messages.success(request, SAID[changed.status])
    return see_other("/account/")


REFUSALS = (
    subscriptions.CannotChange,
    subscriptions.ChangePending,
    subscriptions.CurrencyFixed,
    subscriptions.NoSuchPlan,
)


def _why(refusal: Exception) -> StrOrPromise:
    match refusal:
        case subscriptions.CannotChange():
            return str(refusal)
        case subscriptions.ChangePending():
            return WAITS
    return _("That plan is no longer on sale. These are.")
