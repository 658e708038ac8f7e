"""
An act, from the question to the record. GET asks and quotes; only POST does. The quote
that was shown comes back with it, and what is no longer true is shown anew instead.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from broadsheet.business.catalogue.queries import NoSuchPlan
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.plumbing import audit, publication
from broadsheet.readers import actions as readings
from broadsheet.readers import queries as readers

from . import people
from .acts import ACTS
from .case import Act, Case, Given, NoForm, Offer, Refused

# What the rooms say when they will not. Each is one sentence, and nothing moved.
REFUSALS = (
    Refused,
    audit.NoReason,
    NoSuchPlan,
    ledger.OverCredit,
    subscriptions.AlreadySubscribed,
    subscriptions.CannotChange,
    subscriptions.CannotGive,
    subscriptions.CannotPause,
    subscriptions.CannotRepay,
    subscriptions.ChangePending,
    subscriptions.CurrencyFixed,
    subscriptions.NoSuchSubscription,
    subscriptions.NotPaused,
    subscriptions.NothingScheduled,
    subscriptions.PaymentUnavailable,
    subscriptions.StaleChange,
    subscriptions.StaleRefund,
    subscriptions.TooLate,
    subscriptions.WrongMove,
    readings.TooManyTries,
)
ENDED = "+"  # What an act's key has at its end when its outcome is written down.


class Confirmed(forms.Form):
    """What comes back with the click, beside what was asked."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    stamp = forms.CharField(
        widget=forms.HiddenInput, required=False, max_length=4000, strip=False
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=audit.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept with your name, for good."),
    )


class Stale(Exception):
    """What was shown is no longer true; `offer` is what is."""

    def __init__(self, offer: Offer) -> None:
        super().__init__(_("Something has changed since; this is what holds now."))
        self.offer = offer


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, reader_id: UUID, name: str) -> HttpResponse:
    """Ask and quote, or do. The reader's own page follows what was done."""
    one, reader = ACTS.get(name), readers.reader(reader_id)
    if one is None or reader is None:
        raise Http404
    if not one.allowed(request.user):
        raise PermissionDenied
    case = Case(reader, request.user, publication.now())
    if request.method == "POST":
        return _confirmed(request, case, one)
    return _asked(request, case, one)


def _asked(request: HttpRequest, case: Case, one: Act) -> HttpResponse:
    fields = one.form.base_fields
    form = one.form(request.GET if "ask" in request.GET else None, case=case)
    if fields and not form.is_bound:
        return _page(request, case, one, form)
    form = form if form.is_bound else one.form({}, case=case)
    if not form.is_valid():
        return _page(request, case, one, form)
    try:
        offer = one.quote(case, form.cleaned_data)
    except REFUSALS as error:
        return _page(request, case, one, form, error=str(error))
    return _page(request, case, one, form, offer=offer)


def _confirmed(request: HttpRequest, case: Case, one: Act) -> HttpResponse:
    form, confirmed = one.form(request.POST, case=case), Confirmed(request.POST)
    if _is_done(one, confirmed):
        messages.success(request, _done_already())
        return redirect("desk_subscriber", case.id)
    if not form.is_valid():
        return _page(request, case, one, form)
    if not confirmed.is_valid():
        return _again(request, case, one, form, confirmed)
    given = {**form.cleaned_data, **confirmed.cleaned_data}
    given["key"] = str(given["key"])
    try:
        said = _apart(case, one, given) if one.apart else _do(case, one, given)
    except Stale as stale:
        return _page(request, case, one, form, offer=stale.offer, error=str(stale))
    except REFUSALS as error:
        return _page(request, case, one, form, error=str(error))
    messages.success(request, said)
    return redirect("desk_subscriber", case.id)


def _do(case: Case, one: Act, given: Given) -> str:
    """Do it and write it down, both or neither."""
    with transaction.atomic():
        if not audit.claim(given["key"], subject=case.id):
            return _done_already()
        offer, before = _still(case, one, given), case.snapshot()
        said = one.do(case, given, offer, given["reason"])
        _write(case, one, given, offer, before, case.snapshot())
    return said


def _apart(case: Case, one: Act, given: Given) -> str:
    """
    Write it down, do it, and write down what became of it: its verb talks to a provider
    between transactions of its own. After a crash the same click goes on from there.
    """
    with transaction.atomic():
        if audit.claim(given["key"], subject=case.id):
            offer = _still(case, one, given)
            _write(case, one, given, offer, case.snapshot(), dict(offer.facts))
        elif audit.written(given["key"] + ENDED):
            return _done_already()
    try:
        said = one.do(case, given, Offer((), stamp=given["stamp"]), given["reason"])
    except REFUSALS as error:
        _end(case, one, given, str(error))
        raise
    _end(case, one, given, said)
    return said


def _end(case: Case, one: Act, given: Given, said: str) -> None:
    key = given["key"] + ENDED
    with transaction.atomic():
        if audit.claim(key, subject=case.id):
            audit.write(
                key=key,
                actor=case.staff.public_id,
                subject=case.id,
                verb=f"{one.name}d",
                reason=said,
                after=case.snapshot(),
                at=case.at,
            )


def _still(case: Case, one: Act, given: Given) -> Offer:
    offer = one.quote(case, given)
    # A signed quote holds by itself: its own verb compares it.
    if not one.apart and offer.stamp != given["stamp"]:
        raise Stale(offer)
    return Offer(offer.lines, given["stamp"], offer.back, offer.facts)


def _write(
    case: Case, one: Act, given: Given, offer: Offer, before: Given, after: Given
) -> None:
    audit.write(
        key=given["key"],
        actor=case.staff.public_id,
        subject=case.id,
        verb=one.name,
        reason=given["reason"],
        before={**before, **offer.facts},
        after=after,
        gave=offer.back,
        at=case.at,
    )


def _is_done(one: Act, confirmed: Confirmed) -> bool:
    """
    Say whether this click was done before. Asked first of all: what was chosen may be no
    choice any more, because it was done.
    """
    if not confirmed.is_valid():
        return False
    key = str(confirmed.cleaned_data["key"])
    return audit.written(key + ENDED if one.apart else key)


def _done_already() -> str:
    return _("This was done already, and not done twice.")


def _again(
    request: HttpRequest, case: Case, one: Act, form: NoForm, confirmed: Confirmed
) -> HttpResponse:
    """Show the quote again, with what is missing in the confirmation."""
    try:
        offer = one.quote(case, form.cleaned_data)
    except REFUSALS as error:
        return _page(request, case, one, form, error=str(error))
    return _page(request, case, one, form, offer=offer, confirmed=confirmed)


def _page(
    request: HttpRequest,
    case: Case,
    one: Act,
    form: NoForm,
    *,
    offer: Offer | None = None,
    error: str = "",
    confirmed: Confirmed | None = None,
) -> HttpResponse:
    if confirmed is None:
        confirmed = Confirmed(initial={"key": uuid4(), "stamp": ""})
    if one.reason:
        confirmed.fields["reason"].label = one.reason
    masked = people.is_masked(case.staff, case.id, case.at)
    context: dict[str, Any] = {
        "act": one,
        "form": form,
        "offer": offer,
        "error": error,
        "confirmed": confirmed,
        "person": people.person(case.reader, masked=masked),
        "asked": [(name, form.data.get(name, "")) for name in form.fields],
    }
    response = render(request, "desk/subscribers/act.html", context)
    response["Cache-Control"] = "no-store"
    return response
