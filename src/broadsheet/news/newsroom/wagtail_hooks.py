"""The newsroom's desk: the list that editors live in, the forms, the menu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import django_filters
from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    InlinePanel,
    MultiFieldPanel,
    ObjectList,
    PublishingPanel,
    TabbedInterface,
)
from wagtail.admin.ui.tables import (
    BooleanColumn,
    LiveStatusTagColumn,
    NumberColumn,
    UpdatedAtColumn,
)
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views import snippets as views
from wagtail.snippets.views.snippets import SnippetViewSet, SnippetViewSetGroup

from broadsheet.plumbing import publication

from .models import Author, Embargoed, Section, Story
from .models.story import embargo_sentence, headline_search
from .rules import under_embargo

# --- The form ---------------------------------------------------------------------------


class StoryForm(WagtailAdminModelForm):
    """A story's form. Whoever presses "publish" too early is told so beside the field."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        until = cleaned.get("embargo_until")
        if "action-publish" in self.data and under_embargo(
            until, cleaned.get("go_live_at"), publication.now()
        ):
            self.add_error("embargo_until", embargo_sentence(until))
        return cleaned


STORY_PANELS = [
    FieldPanel("headline", classname="title"),
    FieldPanel("standfirst"),
    FieldRowPanel([FieldPanel("dateline"), FieldPanel("agency")]),
    InlinePanel("bylines", label=_("Byline"), heading=_("Bylines")),
    FieldPanel("body"),
]
DETAIL_PANELS = [
    FieldRowPanel([FieldPanel("section"), FieldPanel("access")]),
    MultiFieldPanel(
        [FieldPanel("picture"), FieldPanel("caption")], heading=_("Picture")
    ),
    FieldPanel("tags"),
    FieldPanel("embargo_until"),
    PublishingPanel(),
]
PROMOTION_PANELS = [
    FieldPanel("slug"),
    FieldRowPanel([FieldPanel("is_lead"), FieldPanel("picked_on")]),
]


# --- The list ---------------------------------------------------------------------------

STATUSES = [
    ("live", _("Live")),
    ("changed", _("Live with a newer draft")),
    ("draft", _("Draft")),
    ("scheduled", _("Scheduled")),
    ("withdrawn", _("Withdrawn")),
]
_STATUS: dict[str, dict[str, Any]] = {
    "live": {"live": True},
    "changed": {"live": True, "has_unpublished_changes": True},
    "draft": {"live": False, "last_published_at": None},
    "scheduled": {"_revisions__approved_go_live_at__isnull": False},
    "withdrawn": {"live": False, "last_published_at__isnull": False},
}


def by_status(stories: QuerySet[Story], _name: str, value: str) -> QuerySet[Story]:
    return stories.filter(**_STATUS[value])


class StoryFilters(WagtailFilterSet):
    section = django_filters.ModelChoiceFilter(
        queryset=Section.objects.order_by("rank", "name"), label=_("Section")
    )
    access = django_filters.ChoiceFilter(
        choices=[
            ("free", _("Free")),
            ("metered", _("Metered")),
            ("premium", _("Premium")),
        ],
        label=_("Class"),
    )
    status = django_filters.ChoiceFilter(
        choices=STATUSES, method=by_status, label=_("Status")
    )
    author = django_filters.ModelChoiceFilter(
        field_name="bylines__author",
        queryset=Author.objects.order_by("name"),
        label=_("Author"),
    )

    class Meta:
        model = Story
        fields: Sequence[str] = ()


class StoryIndex(views.IndexView):
    def search_queryset(self, queryset: QuerySet[Story]) -> Any:
        if not self.search_query:
            return queryset
        return headline_search(queryset, self.search_query)

    @property
    def is_searchable(self) -> bool:
        return True


class TellsOfEmbargo:
    """A view whose "publish" an embargo may refuse: then nothing moved, and it says so."""

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        try:
            with transaction.atomic():
                answer: HttpResponseBase = super().dispatch(  # type: ignore[misc]
                    request, *args, **kwargs
                )
                return answer
        except Embargoed as refusal:
            messages.error(request, str(refusal))
            return redirect(request.get_full_path())


class StoryEdit(TellsOfEmbargo, views.EditView):
    pass


class StoryWorkflowAction(TellsOfEmbargo, views.WorkflowActionView):
    pass


class StoryUnpublish(views.UnpublishView):
    """Wagtail's own goes round the model's `unpublish`, and so would our event."""

    def unpublish(self) -> None:
        self.object.unpublish(
            user=self.request.user,
            reason=self.request.POST.get("reason", ""),
            at=publication.now(),
        )


class StoryViewSet(SnippetViewSet):
    model = Story
    icon = "doc-full"
    url_prefix = "stories"
    menu_label = _("Stories")
    ordering = "-pk"
    list_per_page = 50
    list_display = (
        "headline",
        "section",
        "access",
        LiveStatusTagColumn(),
        NumberColumn("word_count", label=_("Words"), sort_key=None),
        UpdatedAtColumn(),
        BooleanColumn("locked", label=_("Locked")),
    )
    filterset_class = StoryFilters
    index_view_class = StoryIndex
    edit_view_class = StoryEdit
    unpublish_view_class = StoryUnpublish
    workflow_action_view_class = StoryWorkflowAction
    edit_handler = TabbedInterface(
        [
            ObjectList(STORY_PANELS, heading=_("Story")),
            ObjectList(DETAIL_PANELS, heading=_("Details")),
            ObjectList(PROMOTION_PANELS, heading=_("Promotion")),
        ],
        base_form_class=StoryForm,
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Story]:
        return Story.objects.select_related("section", "latest_revision").defer("body")


class SectionViewSet(SnippetViewSet):
    model = Section
    icon = "folder-open-1"
    url_prefix = "sections"
    menu_label = _("Sections")
    ordering = ("rank", "name", "pk")
    list_display = ("name", "slug", "rank", "access")
    panels = (
        FieldPanel("name"),
        FieldPanel("slug"),
        FieldPanel("description"),
        FieldRowPanel([FieldPanel("rank"), FieldPanel("access")]),
    )


class AuthorViewSet(SnippetViewSet):
    model = Author
    icon = "user"
    url_prefix = "authors"
    menu_label = _("Authors")
    ordering = ("name", "pk")
    list_display = ("name", "role", "slug")
    search_fields = ("name",)
    panels = (
        FieldPanel("name"),
        FieldPanel("slug"),
        FieldPanel("role"),
        FieldPanel("bio"),
        FieldPanel("picture"),
    )


class NewsroomGroup(SnippetViewSetGroup):
    menu_label = _("Newsroom")
    menu_icon = "doc-full-inverse"
    menu_order = 100
    items = (StoryViewSet, SectionViewSet, AuthorViewSet)


register_snippet(NewsroomGroup)


@hooks.register("before_delete_snippet")
def keep_what_readers_have_seen(
    request: HttpRequest, instances: Sequence[Any]
) -> HttpResponse | None:
    """Refuse to delete, singly or in bulk, a story that was ever live."""
    seen = [
        each
        for each in instances
        if isinstance(each, Story) and each.last_published_at is not None
    ]
    if not seen:
        return None
    messages.error(
        request,
        gettext("Readers have seen “%(headline)s”; withdraw it instead of deleting it.")
        % {"headline": seen[0].headline},
    )
    return redirect("wagtailadmin_home")
