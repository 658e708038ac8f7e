"""What is on today: the panel on the desk's first page for whoever writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from wagtail.admin.ui.components import Component
from wagtail.models import Revision

from broadsheet.plumbing import publication

from ..models import Desk, Story
from ..models.story import WAITS
from .lists import status, with_status

SHOWN = 12


class Today(Component):
    """Costs six queries, however many stories there are."""

    order = 10
    template_name = "newsroom/desk/today.html"

    def get_context_data(self, parent_context: Mapping[str, Any]) -> dict[str, Any]:
        now = publication.now()
        zone = publication.current().zone
        day = now.astimezone(zone).date()
        picks, target = picks_of(day), _target()
        return {
            "request": parent_context["request"],
            "day": day,
            "printed": _rows(printed_on(day)),
            "waiting": _rows(waiting()),
            "scheduled": _rows(scheduled()),
            "picks": picks,
            "target": target,
            "missing": max(0, target - len(picks)),
        }


def printed_on(day: date) -> QuerySet[Story]:
    """Return the stories that went live on `day`, by the publication's calendar."""
    zone = publication.current().zone
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    end = start + timedelta(days=1)
    live = Story.objects.filter(
        live=True, first_published_at__gte=start, first_published_at__lt=end
    )
    return live.order_by("-first_published_at", "-pk")


def waiting() -> QuerySet[Story]:
    """Return drafts that nobody has printed, the newest work first."""
    return Story.objects.filter(WAITS).order_by("-latest_revision_id")


def scheduled() -> QuerySet[Story]:
    """Return the stories that wait for their hour, the next first. Costs a query."""
    due = Revision.objects.filter(
        base_content_type=Story.get_content_type(), approved_go_live_at__isnull=False
    ).order_by("approved_go_live_at", "pk")
    ids = [int(pk) for pk in due.values_list("object_id", flat=True)[:SHOWN]]
    return Story.objects.filter(pk__in=ids).order_by("go_live_at", "pk")


def picks_of(day: date) -> list[Story]:
    """Return the live picks of `day`, the newest first: as the front page has them."""
    picks = Story.objects.filter(live=True, picked_on=day).only("pk", "headline")
    return list(picks.order_by("-first_published_at", "-pk"))


def _target() -> int:
    row = Desk.objects.order_by("pk").first() or Desk()
    return row.picks_a_day


def _rows(stories: QuerySet[Story]) -> list[Any]:
    stories = stories.select_related("section", "latest_revision")
    rows = list(with_status(stories.defer("body", "latest_revision__content"))[:SHOWN])
    for row in rows:
        row.standing = status(row)
    return rows
