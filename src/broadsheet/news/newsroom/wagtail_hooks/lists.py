"""Which stories the list shows, and the word for where each stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.widgets import AdminDateInput
from wagtail.models import Revision, WorkflowState

from ..models import Author, Section, Story
from .forms import access_classes

STATUSES = {
    "live": _("Live"),
    "changed": _("Live, newer draft"),
    "draft": _("Draft"),
    "review": _("In review"),
    "scheduled": _("Scheduled"),
    "withdrawn": _("Withdrawn"),
}
_STATUS: dict[str, dict[str, Any]] = {
    "live": {"live": True},
    "changed": {"live": True, "has_unpublished_changes": True},
    "draft": {"live": False, "last_published_at": None},
    "review": {"in_review": True},
    "scheduled": {"is_scheduled": True},
    "withdrawn": {"live": False, "last_published_at__isnull": False},
}


def with_status(stories: QuerySet[Story]) -> Any:
    """Annotate what Wagtail's own column would ask of each story, one by one."""
    own = {
        "base_content_type": Story.get_content_type().pk,
        "object_id": Cast(OuterRef("pk"), CharField()),
    }
    scheduled = Revision.objects.filter(approved_go_live_at__isnull=False, **own)
    review = WorkflowState.objects.filter(
        status__in=(
            WorkflowState.STATUS_IN_PROGRESS,
            WorkflowState.STATUS_NEEDS_CHANGES,
        ),
        **own,
    )
    return stories.annotate(is_scheduled=Exists(scheduled), in_review=Exists(review))


def status(story: Any) -> Any:
    """Return the word for a story that `with_status` annotated."""
    if story.is_scheduled:
        return STATUSES["scheduled"]
    if story.in_review:
        return STATUSES["review"]
    if story.live:
        return STATUSES["changed" if story.has_unpublished_changes else "live"]
    return STATUSES["draft" if story.last_published_at is None else "withdrawn"]


def by_status(stories: QuerySet[Story], _name: str, value: str) -> QuerySet[Story]:
    return stories.filter(**_STATUS[value])


class StoryFilters(WagtailFilterSet):
    section = django_filters.ModelChoiceFilter(
        queryset=Section.objects.order_by("rank", "name"), label=_("Section")
    )
    access = django_filters.ChoiceFilter(choices=access_classes, label=_("Class"))
    status = django_filters.ChoiceFilter(
        choices=list(STATUSES.items()), method=by_status, label=_("Status")
    )
    author = django_filters.ModelChoiceFilter(
        field_name="bylines__author",
        queryset=Author.objects.order_by("name"),
        label=_("Author"),
    )
    picked_on = django_filters.DateFilter(
        label=_("Picked on"), widget=AdminDateInput(attrs={"placeholder": ""})
    )

    class Meta:
        model = Story
        fields: Sequence[str] = ()
