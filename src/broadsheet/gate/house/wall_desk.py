"""The desk's pages about walls: who meets which, the dry run, and the preview. Thin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from broadsheet.gate.core.audience import (
    CONDITIONS,
    Audience,
    Device,
    Segment,
    Source,
    choose,
    unmet,
)
from broadsheet.plumbing import publication

from . import audiences, models
from .audiences import Listed
from .walls import DEVICES, SEGMENTS, SOURCES, STATES

DAYS = 7
WIDTHS = (390, 1280)  # Pixels: a phone's and a computer's.


@dataclass(frozen=True, slots=True)
class Line:
    """A rule as the page lists it; `verdict` is of the audience that is tried out."""

    name: str
    path: str
    state: str
    conditions: Sequence[str]
    variant: str
    shown: int
    dry: int
    verdict: str


@require_safe
@permission_required("gate.view_wallrule")
def walls(request: HttpRequest) -> HttpResponse:
    """List the rules with a week of their hits; try out who would meet which wall."""
    at = publication.now()
    today = at.astimezone(publication.current().zone).date()
    listed = audiences.listed(today - timedelta(days=DAYS - 1))
    tried = _tried(request.GET)
    chosen = choose([each.rule for each in _asked(listed)], tried) if tried else None
    context = {
        "lines": [_line(each, tried) for each in listed],
        "variants": models.WallVariant.objects.order_by("name"),
        "kinds": audiences.KINDS,
        "choices": {"segment": SEGMENTS, "source": SOURCES, "device": DEVICES},
        "said": request.GET,
        "tried": tried,
        "chosen": chosen,
        "days": DAYS,
        "rules_path": reverse("wagtailsnippets_gate_wallrule:list"),
        "add_rule": reverse("wagtailsnippets_gate_wallrule:add"),
        "add_variant": reverse("wagtailsnippets_gate_wallvariant:add"),
    }
    return render(request, "gate/desk/walls.html", context)


@require_safe
@permission_required("gate.view_wallrule")
def preview(request: HttpRequest, name: str, kind: str) -> HttpResponse:
    """Show the wall as a reader sees it, at a phone's width and at a computer's."""
    if kind not in audiences.KINDS:
        raise Http404
    ready = audiences.preview(_usual(name), kind) is not None
    address = reverse("gate_wall_page", args=[name, kind])
    context = {
        "name": name,
        "kind": kind,
        "ready": ready,
        "address": address,
        "widths": WIDTHS,
    }
    return render(request, "gate/desk/wall_preview.html", context)


@require_safe
@permission_required("gate.view_wallrule")
def page(request: HttpRequest, name: str, kind: str) -> HttpResponse:
    html = audiences.preview(_usual(name), kind) if kind in audiences.KINDS else None
    if html is None:
        raise Http404
    return HttpResponse(html)


def _usual(name: str) -> str:
    """Return nothing for the wall as it is without any rule."""
    return "" if name == "usual" else name


def _asked(listed: Sequence[Listed]) -> list[Listed]:
    return [each for each in listed if each.row.state != "off"]


def _tried(said: Mapping[str, str]) -> Audience | None:
    """Return the audience that the form describes; None if it was not sent."""
    if "segment" not in said:
        return None
    try:
        return Audience(
            Segment(said["segment"]),
            said.get("section", "").strip().strip("/"),
            said.get("access", "").strip() or "metered",
            Source(said.get("source", "")),
            Device(said.get("device", "")),
            said.get("language", "").strip().lower(),
        )
    except ValueError as error:
        raise Http404 from error


def _line(each: Listed, tried: Audience | None) -> Line:
    edit = reverse("wagtailsnippets_gate_wallrule:edit", args=[each.row.pk])
    return Line(
        str(each.row),
        edit,
        str(dict(STATES)[each.row.state]),
        _conditions(each.row),
        each.rule.variant,
        each.shown,
        each.dry,
        _verdict(each, tried) if tried else "",
    )


def _conditions(row: models.WallRule) -> list[str]:
    said: list[Any] = []
    for name in CONDITIONS:
        value = getattr(row, name)
        if value:
            told = getattr(row, f"get_{name}_display", lambda value=value: value)()
            said.append(f"{_called(row, name)}: {told}")
    return said


def _called(row: models.WallRule, condition: str) -> str:
    return str(getattr(row._meta.get_field(condition), "verbose_name", condition))


def _verdict(each: Listed, tried: Audience) -> str:
    """Return whether the rule holds for the audience, and if not, why not."""
    if each.row.state == "off":
        return _("is off")
    missed = unmet(each.rule, tried)
    if not missed:
        return _("holds")
    names = [_called(each.row, name) for name in missed]
    return _("does not hold: %(names)s") % {"names": ", ".join(names)}
