"""The reader's account: what she has, what she will pay and when, and what she can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.kit.addresses import local_path
from broadsheet.plumbing import publication

from . import future, gifts, invoices
from .addresses import see_other
from .hers import current_of, reader_of
from .places import choices
from .subscribe import UNREACHABLE

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@never_cache
@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    return _overview(request)


def _overview(
    request: HttpRequest, *, error: StrOrPromise = "", status: int = 200
) -> HttpResponse:
    reader, current = reader_of(request), current_of(request)
    before = subscribed.latest(reader) if current is None else None
    context = {
        "reader": request.user,
        "subscription": current,
        "future": future.sentences(current) if current else [],
        "before": subscribed.view(before.pk) if before else None,
        "invoices": invoices.listed(reader),
        "gifts": gifts.given_by(reader, publication.now()),
        "places": choices(books.place_of(reader)),
        "asks_place": books.asks_for_place(),
        "error": error,
    }
    return render(request, "pages/account.html", context, status=status)


@never_cache
@login_required
@require_POST
def pay(request: HttpRequest) -> HttpResponse:
    """Let her pay what could not be collected, with any card, at the gateway."""
    back = local_path(request.POST.get("next", ""), otherwise="/account/")
    try:
        page = subscriptions.pay_due(
            reader=reader_of(request), return_path=back, at=publication.now()
        )
    except subscriptions.NothingDue:
        return redirect("/account/")  # It was collected meanwhile: nothing is owed.
    except subscriptions.PaymentUnavailable:
        return _overview(request, error=UNREACHABLE, status=503)
    return see_other(page.pay_at)


@never_cache
@login_required
@require_POST
def move(request: HttpRequest) -> HttpResponse:
    """Note where she lives now; what was billed before stays as it was."""
    try:
        ledger.record_place(
            reader_of(request), request.POST.get("place", ""), at=publication.now()
        )
    except ledger.NoSuchPlace:
        error = _("Choose where you live from the list.")
        return _overview(request, error=error, status=422)
    messages.success(request, _("Saved. Your next invoice is written for this place."))
    return see_other("/account/")
