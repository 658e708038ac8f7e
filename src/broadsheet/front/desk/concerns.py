"""Payments to look at: what no program may decide, why, and what to do about each."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as known
from broadsheet.business.payments.queries import ConcernView
from broadsheet.plumbing import publication

MAY_LOOK = "payments.view_concern"
MAY_CLOSE = "payments.change_concern"

# What happened, and what to do, for each `rules.Trouble`.
ADVICE = {
    "stuck": (
        gettext_lazy("The payment company has not said in five days how it ended."),
        gettext_lazy(
            "Look the reference up at the company. If it was paid or declined there,"
            " press “Ask again”. If it was never made, close this and let her pay anew."
        ),
    ),
    "old_key": (
        gettext_lazy("It may have been sent, and is too old to be sent again safely."),
        gettext_lazy(
            "Look at the company whether it was made. Press “Ask again” if it was; if"
            " not, close this: nothing was taken."
        ),
    ),
    "short": (
        gettext_lazy("Less was captured than the invoice asks for."),
        gettext_lazy(
            "Ask the company why. The invoice stays open: let her pay it on a page, or"
            " give back what was taken."
        ),
    ),
    "contradicted": (
        gettext_lazy("What the company says cannot be true of this payment."),
        gettext_lazy(
            "Nothing was changed. Compare it with what the company shows, and ask there."
        ),
    ),
    "strange": (
        gettext_lazy("The company told us of a payment that is not ours."),
        gettext_lazy(
            "Nothing was changed. If another shop shares the account, close this;"
            " otherwise ask the company, for money may have been taken."
        ),
    ),
    "unreadable": (
        gettext_lazy("The company sent something that we do not understand."),
        gettext_lazy("It is kept. Look at the company what happened at that time."),
    ),
    "refund_refused": (
        gettext_lazy("The company refuses to give this money back."),
        gettext_lazy("Pay the reader in another way, and note how."),
    ),
    "disputed": (
        gettext_lazy("The reader asked her bank for the money back."),
        gettext_lazy(
            "Answer at the company before its date, or let it be lost. This goes from"
            " the list by itself when it is decided."
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A concern with the words for it."""

    concern: ConcernView
    what: str
    advice: str


@require_safe
@permission_required(MAY_LOOK, raise_exception=True)
def index(request: HttpRequest) -> HttpResponse:
    rows = [
        Row(one, *(str(words) for words in ADVICE[one.kind]))
        for one in known.concerns()
    ]
    context = {
        "rows": rows,
        "count": known.concerns_open(),
        "may_close": request.user.has_perm(MAY_CLOSE),
    }
    return render(request, "desk/concerns.html", context)


@require_POST
@permission_required(MAY_CLOSE, raise_exception=True)
def deal(request: HttpRequest, concern_id: int) -> HttpResponse:
    """Ask the company again, or close a concern with what was done."""
    at = publication.now()
    if request.POST.get("do") == "ask":
        return _ask_again(request, concern_id)
    try:
        payments.close(
            concern_id,
            by=request.user.get_username(),
            note=request.POST.get("note", ""),
            at=at,
        )
    except (payments.NoReason, payments.NoSuchConcern) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Closed."))
    return redirect("desk_concerns")


def _ask_again(request: HttpRequest, concern_id: int) -> HttpResponse:
    found = [one for one in known.concerns() if one.concern_id == concern_id]
    if not found or found[0].payment_id is None:
        messages.error(request, _("There is nothing to ask about."))
        return redirect("desk_concerns")
    state = payments.refresh(found[0].payment_id, at=publication.now())
    messages.success(
        request, _("The payment stands as: %(status)s.") % {"status": state.status}
    )
    return redirect("desk_concerns")
