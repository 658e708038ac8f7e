"""The newsroom's desk: the list that editors live in, the forms, the menu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import django_filters
from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
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
    NumberColumn,
    StatusTagColumn,
    UpdatedAtColumn,
)
from wagtail.models import Revision, WorkflowState
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views import snippets as views
from wagtail.snippets.views.snippets import SnippetViewSet, SnippetViewSetGroup

from broadsheet.plumbing import outbox, publication

from .events import AuthorChanged, SectionChanged
from .models import Author, Embargoed, Section, Story
from .models.story import embargo_sentence, headline_search
from .rules import under_embargo

RENAMED = {"name", "slug"}  # What every page of a section or an author repeats.
PLAIN_CLASSES = [
    ("free", _("Free")),
    ("metered", _("Metered")),
    ("premium", _("Premium")),
]


def access_classes(*more: str) -> list[tuple[str, Any]]:
    """Return the classes to choose from: the plain ones, and those of the sections."""
    used = {*Section.objects.values_list("access", flat=True), *more}
    verticals = sorted(used - {name for name, _label in PLAIN_CLASSES})
    return [*PLAIN_CLASSES, *((name, name) for name in verticals)]


# --- The form ---------------------------------------------------------------------------


class StoryForm(WagtailAdminModelForm):
    """A story's form. Whoever presses "publish" too early is told so beside the field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        classes = access_classes(self.instance.access)
        self.fields["access"] = forms.ChoiceField(choices=classes, label=_("Class"))

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


class StoryEdit(views.EditView):
    """The form itself refuses "publish"; a sub-editor's approval may still meet one."""

    def run_action_method(self) -> HttpResponse | None:
        try:
            with transaction.atomic():
                answer: HttpResponse | None = super().run_action_method()
                return answer
        except Embargoed as refusal:  # What was typed is saved; nothing else moved.
            messages.error(self.request, str(refusal))
            return redirect(self.get_edit_url())


class StoryWorkflowAction(views.WorkflowActionView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                answer: HttpResponse = super().post(request, *args, **kwargs)
                return answer
        except Embargoed as refusal:
            messages.error(request, str(refusal))
            return self.render_or_redirect(request)

    def render_or_redirect(self, request: HttpRequest) -> HttpResponse:
        """Lead back to the story, out of the desk's modal window if it was in one."""
        if request.headers.get("x-requested-with") != "XMLHttpRequest":
            return redirect(self.redirect_url)
        step = {"step": "success", "redirect": self.redirect_url}
        answer: HttpResponse = self.render_modal_json(request, step)
        return answer


class StoryUnpublish(views.UnpublishView):
    """Wagtail's own goes round the model's `unpublish`, and so would our event."""

    def unpublish(self) -> None:
        self.object.unpublish(
            user=self.request.user,
            reason=self.request.POST.get("reason", ""),
            at=publication.now(),
        )


class SectionEdit(views.EditView):
    def save_instance(self) -> Section:
        section: Section = super().save_instance()
        if RENAMED & set(self.form.changed_data):
            outbox.announce(SectionChanged(section.pk), at=publication.now())
        return section


class AuthorEdit(views.EditView):
    def save_instance(self) -> Author:
        author: Author = super().save_instance()
        if RENAMED & set(self.form.changed_data):
            outbox.announce(AuthorChanged(author.pk), at=publication.now())
        return author


class StoryViewSet(SnippetViewSet):
    model = Story
    copy_view_enabled = False  # A copy would claim the origin of an imported story.
    icon = "doc-full"
    url_prefix = "stories"
    menu_label = _("Stories")
    ordering = "-pk"
    list_per_page = 50
    list_display = (
        "headline",
        "section",
        "access",
        StatusTagColumn(
            "status",
            label=_("Status"),
            accessor=status,
            primary=lambda story: story.live,
        ),
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

    def get_queryset(self, request: HttpRequest) -> Any:
        stories = Story.objects.select_related("section", "latest_revision")
        return with_status(stories.defer("body", "latest_revision__content"))


class SectionViewSet(SnippetViewSet):
    model = Section
    icon = "folder-open-1"
    url_prefix = "sections"
    menu_label = _("Sections")
    edit_view_class = SectionEdit
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
    edit_view_class = AuthorEdit
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
