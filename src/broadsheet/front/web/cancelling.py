"""
The way out, in four screens at most: the reason, an answer to it, the confirmation, the
end. Each of them can be left for the account, and none of them asks twice.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.catalogue.queries import PlanOffer
from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.business.subscriptions.actions import RefundQuote
from broadsheet.business.subscriptions.queries import SaveOffer, SubscriptionView
from broadsheet.plumbing import publication

from . import future
from .addresses import see_other
from .hers import current_of, reader_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

HERE = "/account/cancel/"
TOO_DEAR = "price"
# "Other" is always shown last, and has no answer.
REASONS = {
    TOO_DEAR: _("It costs too much"),
    "time": _("I do not have the time to read it"),
    "content": _("I do not find what I am looking for"),
    "trouble": _("Something does not work"),
    "other": _("Another reason"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What we have to say to a reason. `kind` names the piece of the page."""

    kind: str
    offer: SaveOffer | None = None
    future: str = ""
    plan: PlanOffer | None = None


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest) -> HttpResponse:
    current = current_of(request)
    if current is None:
        return _over(request)
    if current.ends_on is not None:
        return _page(request, current, "done")
    if request.method == "POST":
        return _step(request, current)
    reason = _known(request.GET.get("reason", ""))
    if "sure" in request.GET:
        return _confirm(request, current, reason)
    answer = _answer(request, current, reason)
    if answer is not None:
        return _page(request, current, "answer", reason=reason, answer=answer)
    return _page(request, current, "reason", reasons=_shuffled(current))


@never_cache
@login_required
@require_POST
def cancel_now(request: HttpRequest) -> HttpResponse:
    """End it today, and give back what the page said goes back."""
    current = current_of(request)
    if current is None:
        return see_other(HERE)
    quoted = request.POST.get("quoted_minor", "")
    reason = _known(request.POST.get("reason", ""))
    try:
        subscriptions.cancel_now(
            reader=reader_of(request),
            subscription_id=current.id,
            quoted_minor=int(quoted) if quoted.isascii() and quoted.isdigit() else -1,
            reason=reason,
            at=publication.now(),
        )
    except subscriptions.StaleRefund:
        error = _("The sum changed while the page was open. It is now as follows.")
        return _confirm(request, current, reason, error=error, status=409)
    except subscriptions.RefundsOff:
        return _confirm(request, current, reason)
    return see_other(HERE)


@never_cache
@login_required
@require_POST
def stay(request: HttpRequest) -> HttpResponse:
    """Take what was offered: the price that the page stated, from the next charge on."""
    current = current_of(request)
    if current is None:
        return redirect("/account/")
    try:
        subscriptions.stay(
            reader=reader_of(request),
            subscription_id=current.id,
            at=publication.now(),
        )
    except subscriptions.CannotGive:
        messages.error(request, _("This offer is over. Nothing was changed."))
        return see_other("/account/")
    messages.success(request, _("Thank you for staying. Your new price is below."))
    return see_other("/account/")


@never_cache
@login_required
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    current = current_of(request)
    if current is not None and current.cancel_at_period_end:
        subscriptions.undo_cancel(
            reader=reader_of(request),
            subscription_id=current.id,
            at=publication.now(),
        )
        messages.success(request, _("You keep your subscription. It renews as before."))
    return redirect("/account/")


def _step(request: HttpRequest, current: SubscriptionView) -> HttpResponse:
    """Hear the reason, and go on to the answer to it; or, confirmed, cancel."""
    reason = _known(request.POST.get("reason", ""))
    reader, at = reader_of(request), publication.now()
    if request.POST.get("step") == "confirm":
        subscriptions.cancel(
            reader=reader, subscription_id=current.id, reason=reason, at=at
        )
        return see_other(HERE)
    subscriptions.hear_parting(
        reader=reader,
        subscription_id=current.id,
        reason=reason,
        too_dear=reason == TOO_DEAR,
        at=at,
    )
    answered = _answer(request, current, reason) is not None
    way = {"reason": reason} if answered else {"reason": reason, "sure": "1"}
    return see_other(f"{HERE}?{urlencode(way)}")


def _answer(
    request: HttpRequest, current: SubscriptionView, reason: str
) -> Answer | None:
    """Return our answer to a reason; None if there is none."""
    if reason == TOO_DEAR:
        return _cheaper(request, current)
    if reason == "time" and current.status == "active":
        return Answer("pause")
    if reason in ("time", "content", "trouble"):
        return Answer({"time": "picks"}.get(reason, reason))
    return None


def _cheaper(request: HttpRequest, current: SubscriptionView) -> Answer | None:
    at = publication.now()
    offer = subscribed.save_offer(reader_of(request), current.id, at)
    if offer is not None:
        return Answer("offer", offer=offer, future=future.in_one(offer.ahead))
    if current.status != "active" or current.paused_on or current.next_plan:
        return None
    on_sale = catalogue.plans(at, current.price.currency)
    smaller = [plan for plan in on_sale if plan.price < current.price]
    if smaller:
        return Answer("plan", plan=max(smaller, key=lambda plan: plan.price.minor))
    own = next((p.per_month for p in on_sale if p.code == current.plan_code), None)
    longer = [p for p in on_sale if p.per_month and own and p.per_month < own]
    if not longer:
        return None
    return Answer("plan", plan=min(longer, key=lambda plan: plan.price.minor))


def _confirm(
    request: HttpRequest,
    current: SubscriptionView,
    reason: str,
    *,
    error: StrOrPromise = "",
    status: int = 200,
) -> HttpResponse:
    return _page(
        request,
        current,
        "confirm",
        status=status,
        reason=reason,
        refund=_refund(request, current),
        error=error,
    )


def _refund(request: HttpRequest, current: SubscriptionView) -> RefundQuote | None:
    """Return what leaving today would give back, where that is offered."""
    if not subscribed.leaving_policy().refunds_on:
        return None
    quote = subscriptions.quote_refund(
        reader=reader_of(request), subscription_id=current.id, at=publication.now()
    )
    return quote if quote.back else None


def _over(request: HttpRequest) -> HttpResponse:
    """Show the end of what was cancelled and has ended at once; else the account."""
    last = subscribed.latest(reader_of(request))
    if last is None or last.status != "cancelled":
        return redirect("/account/")
    return _page(request, subscribed.view(last.pk), "over")


def _page(
    request: HttpRequest,
    current: SubscriptionView,
    step: str,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {"subscription": current, "step": step, **more}
    return render(request, "pages/cancel.html", context, status=status)


def _shuffled(current: SubscriptionView) -> list[tuple[str, StrOrPromise]]:
    """Return the reasons in an order that favours none, the same for her each time."""
    codes = [code for code in REASONS if code != "other"]
    random.Random(current.id.int).shuffle(codes)  # noqa: S311  An order, no secret.
    return [(code, REASONS[code]) for code in (*codes, "other")]


def _known(code: str) -> str:
    return code if code in REASONS else ""
