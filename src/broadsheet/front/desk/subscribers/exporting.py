"""A list of subscribers as a file, for whoever may take one; taking it is recorded."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from io import StringIO
from typing import Any

from asgiref.sync import sync_to_async
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from broadsheet.business.subscriptions import queries as subscriptions
from broadsheet.business.subscriptions.queries import Enrolled, Wanted
from broadsheet.kit.ids import new_id
from broadsheet.plumbing import audit, publication

from .. import roles
from . import people
from .pages import Filters

AT_ONCE = 1000
HEAD = (
    "subscription reader name mail plan status cancelled price_minor currency "
    "started_at paid_through next_charge_at"
).split()
# What a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Reason(forms.Form):
    reason = forms.CharField(max_length=audit.LONGEST_REASON)


@require_POST
@permission_required(roles.EXPORT, raise_exception=True)
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream the list with these filters as CSV, masked as its page is."""
    given, at = Reason(request.POST), publication.now()
    staff: Any = request.user  # A reader, for whoever may export is logged in.
    if not given.is_valid():
        messages.error(request, _("Say in a sentence what the list is for."))
        return redirect("desk_subscribers")
    wanted = Filters(request.POST).wanted(at)
    audit.write(
        key=str(new_id(at)),
        actor=staff.public_id,
        subject=None,
        verb="export",
        reason=given.cleaned_data["reason"],
        after=_asked(wanted),
        at=at,
    )
    masked = people.is_masked(request.user, None, at)
    response = StreamingHttpResponse(
        _file(wanted, masked=masked), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="subscribers.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _asked(wanted: Wanted) -> dict[str, Any]:
    until = wanted.renewing.isoformat() if wanted.renewing else None
    return {"status": wanted.status, "plan": wanted.plan, "charged_before": until}


async def _file(wanted: Wanted, *, masked: bool) -> AsyncIterator[str]:
    """Yield a thousand lines at a time; no more than those are in memory."""
    yield _lines([HEAD])
    roll: Callable[..., Any] = sync_to_async(subscriptions.roll)
    found = await roll(wanted, limit=AT_ONCE)
    while found:
        yield _lines([_row(each, masked=masked) for each in found])
        if len(found) < AT_ONCE:
            return
        found = await roll(wanted, before=found[-1].id, limit=AT_ONCE)


def _row(one: Enrolled, *, masked: bool) -> list[str]:
    name = people.hidden_name(one.name) if masked else one.name
    mail = people.hidden_mail(one.email) if masked else one.email
    return [
        str(one.id),
        str(one.reader),
        _harmless(name),
        _harmless(mail),
        _harmless(one.plan),
        one.status,
        "yes" if one.ending else "no",
        str(one.price.minor),
        one.price.currency,
        *(_stamp(at) for at in (one.started_at, one.paid_through, one.due_at)),
    ]


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def _stamp(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _lines(rows: list[list[str]]) -> str:
    out = StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
