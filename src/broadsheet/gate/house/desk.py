"""The desk's page about crawlers: the rules that hold, and who came. Thin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from broadsheet.gate.core.vocabulary import CrawlerRule, Kind, Visitant
from broadsheet.plumbing import publication

from . import queries
from .machines import ACTIONS, KINDS, PROOFS, VERDICTS
from .queries import CrawlerCount

DAYS = (7, 30, 90)


@dataclass(frozen=True, slots=True)
class Line:
    day: date
    kind: str
    name: str
    proof: str
    verdict: str
    visits: int


@require_safe
@permission_required("gate.view_crawlervisit")
def crawlers(request: HttpRequest) -> HttpResponse:
    """Show the rules in force, and the visits of 7, 30 or 90 days, by kind and by name."""
    days = _days(request.GET.get("days", ""))
    until = publication.now()
    counts = queries.crawler_counts(until - timedelta(days=days), until)
    context = {
        "rules": _rules(),
        "rules_path": reverse("wagtailsnippets_gate_crawlerrule:list"),
        "days": days,
        "choices": DAYS,
        "kinds": _by_kind(counts),
        "lines": [_line(count) for count in counts],
    }
    return render(request, "gate/desk/crawlers.html", context)


def _days(said: str) -> int:
    return int(said) if said in {str(days) for days in DAYS} else DAYS[0]


def _rules() -> list[tuple[str, str, CrawlerRule]]:
    """Return each kind, then each crawler with a rule of its own, and what it gets."""
    policy, kinds, actions = queries.policy(), dict(KINDS), dict(ACTIONS)
    rules = [(str(kinds[k.value]), policy.rule(Visitant("", k))) for k in Kind]
    rules += [(rule.name, rule) for rule in policy.crawlers if rule.name]
    return [(who, str(actions[rule.action.value]), rule) for who, rule in rules]


def _by_kind(counts: Sequence[CrawlerCount]) -> list[tuple[str, int]]:
    return [
        (str(told), sum(one.visits for one in counts if one.kind == kind))
        for kind, told in KINDS
    ]


def _line(count: CrawlerCount) -> Line:
    return Line(
        count.day,
        str(dict(KINDS)[count.kind]),
        count.name,
        str(dict(PROOFS)[count.proof]),
        str(dict(VERDICTS)[count.verdict]),
        count.visits,
    )
