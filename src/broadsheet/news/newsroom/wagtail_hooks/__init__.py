"""The newsroom's desk: the menu, the lists, the forms, and what is on today."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.widgets import Button
from wagtail.snippets.action_menu import ActionMenuItem, UnpublishMenuItem
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import SnippetViewSetGroup

from ..models import Story
from .correcting import MAY_CORRECT, correct_story
from .people import AuthorViewSet, SectionViewSet
from .stories import StoryViewSet
from .today import Today


class NewsroomGroup(SnippetViewSetGroup):
    menu_label = _("Newsroom")
    menu_icon = "doc-full-inverse"
    menu_order = 100
    items = (StoryViewSet, SectionViewSet, AuthorViewSet)


register_snippet(NewsroomGroup)


@hooks.register("construct_homepage_panels", order=10)
def show_today(request: HttpRequest, panels: list[Any]) -> None:
    if request.user.has_perm("newsroom.change_story"):
        panels.append(Today())


# --- Beside Wagtail's own actions on a story --------------------------------------------


@hooks.register("register_admin_urls")
def correction_urls() -> list[URLPattern]:
    name = "newsroom_correct"
    return [path("stories/<int:story_id>/correct/", correct_story, name=name)]


class Correct(ActionMenuItem):
    """ "Correct this story", in the menu under its form, while it is live."""

    label = _("Correct this story")
    name = "action-correct"
    icon_name = "edit"
    order = 15

    def is_shown(self, context: dict[str, Any]) -> bool:
        story = context.get("instance")
        may = context["request"].user.has_perm(MAY_CORRECT)
        return bool(story and story.live and may and not context.get("locked_for_user"))

    def get_url(self, parent_context: dict[str, Any]) -> str:
        return reverse("newsroom_correct", args=[parent_context["instance"].pk])


@hooks.register("register_snippet_action_menu_item")
def correct_item(model: type) -> ActionMenuItem | None:
    return Correct() if model is Story else None


@hooks.register("construct_snippet_action_menu")
def say_withdraw(
    menu_items: list[Any], request: HttpRequest, context: dict[str, Any]
) -> None:
    """Call it by the trade's word: a story is withdrawn, not "unpublished"."""
    for item in menu_items:
        if isinstance(item, UnpublishMenuItem) and context["model"] is Story:
            item.label = _("Withdraw")


@hooks.register("register_snippet_listing_buttons")
def listing_buttons(story: Any, user: Any, next_url: str | None = None) -> list[Button]:
    if not (isinstance(story, Story) and story.live):
        return []
    seen = Button(gettext("Read it on the site"), story.path, icon_name="view")
    if not user.has_perm(MAY_CORRECT):
        return [seen]
    url = reverse("newsroom_correct", args=[story.pk])
    return [seen, Button(gettext("Correct"), url, icon_name="edit", priority=15)]


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
