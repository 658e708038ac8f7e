"""The desk's page on which another policy is tried on what was recorded. Thin."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib.auth.decorators import permission_required
from django.core.validators import MaxValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from broadsheet.gate.core.previewing import Preview, Wish
from broadsheet.plumbing import publication

from . import previewing, queries
from .chart import chart
from .models import Policy

DAYS = (7, 14, 30)


class Wished(forms.Form):
    """The policy's own fields, and how far back."""

    limit_anonymous = forms.IntegerField(
        label=_("Free stories for everybody"),
        min_value=0,
        validators=[MaxValueValidator(100)],
    )
    extra_registered = forms.IntegerField(
        label=_("More free stories after signing up"),
        min_value=0,
        validators=[MaxValueValidator(100)],
    )
    period = forms.ChoiceField(
        label=_("Period"), choices=Policy._meta.get_field("period").choices or ()
    )
    days = forms.TypedChoiceField(
        label=_("Tried on the last"),
        coerce=int,
        choices=[(days, _("%(n)s days") % {"n": days}) for days in DAYS],
    )


@require_safe
@permission_required("gate.change_policy")
def preview(request: HttpRequest) -> HttpResponse:
    """Try the policy that is asked for. A few seconds, of at most so many identities."""
    form = Wished(request.GET) if "days" in request.GET else Wished(initial=_present())
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        context |= _tried(form.cleaned_data)
    return render(request, "gate/desk/preview.html", context)


def _present() -> dict[str, Any]:
    policy = queries.policy()
    names = ("limit_anonymous", "extra_registered", "period")
    return {name: getattr(policy, name) for name in names} | {"days": DAYS[0]}


def _tried(given: dict[str, Any]) -> dict[str, Any]:
    until = publication.now()
    since = until - timedelta(days=given["days"])
    wish = Wish(given["limit_anonymous"], given["extra_registered"], given["period"])
    one_in = previewing.share(since, until)
    found = previewing.tried(wish, since=since, until=until, one_in=one_in)
    days = _days(found, until.astimezone(found.zone).date())
    return {
        "found": found,
        "one_in": one_in,
        "sides": _sides(found),
        "sections": _sections(found),
        "days": days,
        "chart": chart(days),
    }


def _sides(found: Preview) -> list[tuple[Any, int, int]]:
    before, after = found.before, found.after
    return [
        (_("Walls"), before.walls, after.walls),
        (_("Readers and browsers that met one"), before.walled, after.walled),
        (_("Free stories read"), before.free, after.free),
    ]


def _sections(found: Preview) -> list[tuple[str, int, int]]:
    before, after = found.before.by_section, found.after.by_section
    return [(name, before[name], after[name]) for name in sorted({*before, *after})]


def _days(found: Preview, last: date) -> list[tuple[date, int, int]]:
    """Return every day of the window, also those without a wall."""
    first = found.since.astimezone(found.zone).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    before, after = found.before.by_day, found.after.by_day
    return [(day, before[day], after[day]) for day in days]
