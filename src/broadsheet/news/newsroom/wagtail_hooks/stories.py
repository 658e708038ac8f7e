"""The story's views: the list that editors live in, the form, the way down."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import (
    Column,
    NumberColumn,
    StatusTagColumn,
    UpdatedAtColumn,
)
from wagtail.snippets.views import snippets as views
from wagtail.snippets.views.snippets import SnippetViewSet

from broadsheet.plumbing import publication

from ..models import Embargoed, Story
from ..models.story import headline_search
from .forms import STORY_FORM
from .lists import StoryFilters, status, with_status


class ClassColumn(Column):
    """The class as a word with a mark, so that premium stories stand out."""

    cell_template_name = "newsroom/desk/class_cell.html"


class LockColumn(Column):
    """A lock where there is one, and nothing where there is none."""

    cell_template_name = "newsroom/desk/lock_cell.html"


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


class StoryWithdrawal(views.UnpublishView):
    """Wagtail's own goes round the model's `unpublish`, and so would our event."""

    page_title = _("Withdraw")
    success_message = _("“%(object)s” is withdrawn. Readers are told that it is gone.")
    template_name = "newsroom/desk/withdraw.html"
    refused = ""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.POST.get("reason", "").strip():
            self.refused = gettext("Say why the story is withdrawn.")
            context = self.get_context_data(**kwargs)
            shown: HttpResponse = self.render_to_response(context, status=422)
            return shown
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer

    def unpublish(self) -> None:
        self.object.unpublish(
            user=self.request.user,
            reason=self.request.POST["reason"].strip(),
            at=publication.now(),
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"refused": self.refused, "story": self.object}


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
        ClassColumn("access", label=_("Class"), sort_key="access"),
        StatusTagColumn(
            "status",
            label=_("Status"),
            accessor=status,
            primary=lambda story: story.live,
        ),
        NumberColumn("word_count", label=_("Words"), sort_key=None),
        UpdatedAtColumn(),
        LockColumn("locked", label=_("Lock")),
    )
    filterset_class = StoryFilters
    index_view_class = StoryIndex
    edit_view_class = StoryEdit
    unpublish_view_class = StoryWithdrawal
    workflow_action_view_class = StoryWorkflowAction
    edit_handler = STORY_FORM

    def get_queryset(self, request: HttpRequest) -> Any:
        stories = Story.objects.select_related("section", "latest_revision")
        return with_status(stories.defer("body", "latest_revision__content"))
