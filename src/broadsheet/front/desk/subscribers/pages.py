"""The list of subscribers, one subscriber's page, and who did what. Nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.ledger import queries as books
from broadsheet.business.subscriptions import queries as subscriptions
from broadsheet.business.subscriptions.queries import Enrolled, Wanted
from broadsheet.gate.house import queries as gate
from broadsheet.plumbing import audit, publication
from broadsheet.readers import queries as readers

from .. import roles
from ..books import MAY_READ_BOOKS
from ..explaining import MAY_SEE_RECORDS
from . import finding, people, telling, timeline
from .acts import ACTS
from .case import Case, choose

PAGE = 50
INVOICES_SHOWN = 12


class Filters(forms.Form):
    """Which contracts are listed."""

    status = forms.ChoiceField(label=_("Status"), required=False)
    plan = forms.ChoiceField(label=_("Plan"), required=False)
    within = forms.IntegerField(
        label=_("Charged within (days)"), required=False, min_value=0, max_value=3660
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plans = [(plan.code, plan.name) for plan in catalogue.every_plan()]
        statuses = list(telling.STATUSES.items())
        for name, choices in (("status", statuses), ("plan", plans)):
            choose(self, name, [("", _("Any")), *choices])

    def wanted(self, at: datetime) -> Wanted:
        """Return what is asked for; what cannot be asked for is left out."""
        self.full_clean()
        said, within = self.cleaned_data, self.cleaned_data.get("within")
        return Wanted(
            status=said.get("status", ""),
            plan=said.get("plan", ""),
            renewing=None if within is None else at + timedelta(days=within),
        )


@require_safe
@permission_required(roles.SEE, raise_exception=True)
def index(request: HttpRequest) -> HttpResponse:
    """Find a reader by what she says of herself, or list those with a contract."""
    at, asked = publication.now(), request.GET.get("q", "").strip()[:200]
    masked = people.is_masked(request.user, None, at)
    context: dict[str, Any] = {"q": asked, "masked": masked}
    if asked:
        found = finding.find(asked, masked=masked)
        context["found"] = [people.person(one, masked=masked) for one in found]
    else:
        context |= _listed(request, at, masked=masked)
    return _private(render(request, "desk/subscribers/index.html", context))


def _listed(request: HttpRequest, at: datetime, *, masked: bool) -> dict[str, Any]:
    filters = Filters(request.GET)
    before = people.number(request.GET.get("before", ""))
    found = subscriptions.roll(filters.wanted(at), before=before, limit=PAGE + 1)
    query = request.GET.copy()
    query.pop("before", None)
    return {
        "filters": filters,
        "rows": [(row, _who(row, masked=masked), _status(row)) for row in found[:PAGE]],
        "older": found[PAGE - 1].id if len(found) > PAGE else None,
        "query": query.urlencode(),
        "may_export": request.user.has_perm(roles.EXPORT),
    }


def _who(row: Enrolled, *, masked: bool) -> people.Person:
    if not masked:
        return people.Person(row.reader, row.name, row.email, masked=False)
    name, mail = people.hidden_name(row.name), people.hidden_mail(row.email)
    return people.Person(row.reader, name, mail, masked=True)


def _status(row: Enrolled) -> str:
    ending = row.ending and row.status in ("active", "trialing", "past_due", "paused")
    return str(_("Cancelled, runs out") if ending else telling.STATUSES[row.status])


@require_safe
@permission_required(roles.SEE, raise_exception=True)
def subscriber(request: HttpRequest, reader_id: UUID) -> HttpResponse:
    """Show everything about one reader. Some forty queries, however long her history."""
    reader = readers.reader(reader_id)
    if reader is None:
        raise Http404
    case = Case(reader, request.user, publication.now())
    masked = people.is_masked(request.user, case.id, case.at)
    cursor = request.GET.get("before", "")[:400]
    context = {
        "person": people.person(reader, masked=masked),
        "joined": reader.joined_at,
        "is_active": reader.is_active,
        "is_staff": reader.is_staff,
        "view": case.view,
        "status": telling.STATUSES.get(case.view.status, "") if case.view else "",
        "standing": telling.standing(case.view),
        "next_charge": telling.next_charge(case.running),
        "acts": [
            one
            for one in ACTS.values()
            if one.allowed(request.user) and _shown(one, case, masked)
        ],
        "grants": _open(case),
        "history": timeline.page(reader, cursor=cursor),
        "paged": bool(cursor),
        "may_explain": request.user.has_perm(MAY_SEE_RECORDS),
        "may_read_books": request.user.has_perm(MAY_READ_BOOKS),
        **_money(case),
    }
    return _private(render(request, "desk/subscribers/subscriber.html", context))


def _shown(one: Any, case: Case, masked: bool) -> bool:
    return masked if one.name == "reveal" else one.shown(case)


def _money(case: Case) -> dict[str, Any]:
    credited: dict[UUID, list[Any]] = {}
    for note in books.credited_to(case.id):
        credited.setdefault(note.invoice_id, []).append(note)
    shown = case.invoices[:INVOICES_SHOWN]
    return {
        "invoices": [(one, credited.get(one.id, [])) for one in shown],
        "more_invoices": len(case.invoices) - len(shown),
        "on_its_way": subscriptions.on_its_way(case.id),
    }


@dataclass(frozen=True, slots=True)
class Open:
    """What is open to her together, from when, until when, and why."""

    starts: datetime
    ends: datetime
    why: str
    features: str


def _open(case: Case) -> list[Open]:
    together: dict[tuple[datetime, datetime, str], list[str]] = {}
    for grant in gate.grants(case.id, case.at):
        key = (grant.starts, grant.ends, _why(grant, case))
        together.setdefault(key, []).append(grant.feature)
    return [
        Open(*key, ", ".join(features))
        for key, features in sorted(together.items(), key=lambda each: each[0][:2])
    ]


def _why(grant: Any, case: Case) -> str:
    if grant.starts > case.at:
        return gettext("after the pause")
    plan = case.view.plan_name if case.view else ""
    ours = grant.reference.startswith("subscription:")
    return plan if ours else str(grant.source)


@require_safe
@permission_required(roles.SEE_DEEDS, raise_exception=True)
def deeds(request: HttpRequest) -> HttpResponse:
    """List what was done at the desk, by whom and why, newest first. Three queries."""
    actor = people.number(request.GET.get("by", ""))
    before = people.number(request.GET.get("before", ""))
    found = audit.page(actor=actor, before=before, limit=PAGE + 1)
    shown = found[:PAGE]
    known = readers.readers(
        {deed.actor for deed in shown}
        | {one for deed in shown if (one := deed.subject)}
    )
    masked = people.is_masked(request.user, None, publication.now())
    context = {
        "deeds": [_told(deed, known, masked=masked) for deed in shown],
        "older": found[PAGE - 1].id if len(found) > PAGE else None,
        "by": actor,
    }
    return _private(render(request, "desk/subscribers/deeds.html", context))


def _told(deed: audit.Deed, known: dict[UUID, Any], *, masked: bool) -> dict[str, Any]:
    actor = known.get(deed.actor)
    subject = known.get(deed.subject) if deed.subject else None
    return {
        "deed": deed,
        "words": telling.DEEDS.get(deed.verb, deed.verb),
        "by": actor.get_full_name() if actor else str(deed.actor),
        "person": people.person(subject, masked=masked) if subject else None,
        "change": timeline.change(deed),
    }


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
