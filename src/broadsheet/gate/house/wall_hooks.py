"""At the desk: Walls, with their variants and rules."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import SnippetViewSet

from broadsheet.plumbing import publication

from . import actions, wall_desk
from .models import WallRule, WallVariant


class WallVariantViewSet(SnippetViewSet):
    model = WallVariant
    icon = "edit"
    copy_view_enabled = False
    url_prefix = "wall-variants"
    ordering = ("name",)
    list_display = ("name", "headline", "first_plan", "button")
    panels = (
        FieldPanel("name"),
        FieldPanel("headline"),
        FieldPanel("message"),
        FieldRowPanel([FieldPanel("first_plan"), FieldPanel("button")]),
    )


class WallRuleViewSet(SnippetViewSet):
    model = WallRule
    icon = "lock"
    copy_view_enabled = False
    url_prefix = "wall-rules"
    ordering = ("place", "pk")
    list_display = ("__str__", "state", "segment", "source", "device", "section")
    panels = (
        FieldRowPanel([FieldPanel("place"), FieldPanel("variant")]),
        FieldPanel("state"),
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel("segment"), FieldPanel("source")]),
                FieldRowPanel([FieldPanel("device"), FieldPanel("language")]),
                FieldRowPanel([FieldPanel("section"), FieldPanel("access")]),
            ],
            heading=_("For whom"),
            help_text=_("What is left empty holds for everybody."),
        ),
    )


register_snippet(WallVariantViewSet)
register_snippet(WallRuleViewSet)


@hooks.register("after_create_snippet")
@hooks.register("after_edit_snippet")
def tell_of_a_wall(request: HttpRequest, instance: object) -> None:
    if isinstance(instance, WallRule | WallVariant):
        actions.walls_edited(at=publication.now())


@hooks.register("after_delete_snippet")
def tell_of_walls_gone(request: HttpRequest, instances: Sequence[object]) -> None:
    if any(isinstance(instance, WallRule | WallVariant) for instance in instances):
        actions.walls_edited(at=publication.now())


@hooks.register("register_admin_urls")
def urls() -> list[URLPattern]:
    return [
        path("walls/", wall_desk.walls, name="gate_walls"),
        path(
            "walls/preview/<slug:name>/<slug:kind>/",
            wall_desk.preview,
            name="gate_wall_preview",
        ),
        path(
            "walls/preview/<slug:name>/<slug:kind>/page/",
            wall_desk.page,
            name="gate_wall_page",
        ),
    ]


class WallsItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm("gate.view_wallrule")


@hooks.register("register_admin_menu_item")
def menu_item() -> MenuItem:
    return WallsItem(_("Walls"), reverse("gate_walls"), icon_name="lock", order=640)
