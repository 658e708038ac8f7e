"""At the desk: Gate, in the menu beside the newsroom; Crawlers, with their rules."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.panels import FieldPanel, FieldRowPanel
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import SnippetViewSet

from broadsheet.plumbing import publication

from . import actions, desk, trying
from . import wall_hooks as wall_hooks
from .minting import reader_of
from .models import CrawlerRule, GiftTerms, Policy, Pool, PoolRule


class GateItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("gate.change_policy"))


@hooks.register("register_admin_menu_item")
def gate_item() -> MenuItem:
    url = reverse("wagtailsettings:edit", args=["gate", "policy"])
    return GateItem(_("Gate"), url, icon_name="lock", order=400)


@hooks.register("construct_settings_menu")
def once_in_the_menu(request: HttpRequest, items: list[MenuItem]) -> None:
    """The policy is not a setting among others: it is in the main menu."""
    items[:] = [item for item in items if item.name != "gate"]


@hooks.register("after_edit_setting")
def tell_of_the_policy(request: HttpRequest, setting: object) -> None:
    if isinstance(setting, Policy):
        actions.policy_edited(by=reader_of(request.user), at=publication.now())
    elif isinstance(setting, GiftTerms):
        actions.gift_terms_edited(at=publication.now())


class CrawlerRuleViewSet(SnippetViewSet):
    model = CrawlerRule
    icon = "cogs"
    copy_view_enabled = False
    url_prefix = "crawler-rules"
    ordering = ("kind", "name")
    list_display = ("__str__", "kind", "name", "price", "currency")
    panels = (
        FieldRowPanel([FieldPanel("kind"), FieldPanel("name")]),
        FieldPanel("action"),
        FieldRowPanel([FieldPanel("price"), FieldPanel("currency")]),
    )


register_snippet(CrawlerRuleViewSet)


class PoolViewSet(SnippetViewSet):
    model = Pool
    icon = "tasks"
    copy_view_enabled = False
    url_prefix = "meter-pools"
    ordering = ("name",)
    list_display = ("__str__", "label", "limit_anonymous", "extra_registered")
    panels = (
        FieldRowPanel([FieldPanel("name"), FieldPanel("label")]),
        FieldRowPanel([FieldPanel("limit_anonymous"), FieldPanel("extra_registered")]),
    )


class PoolRuleViewSet(SnippetViewSet):
    model = PoolRule
    icon = "tasks"
    copy_view_enabled = False
    url_prefix = "meter-pool-rules"
    ordering = ("section", "access")
    list_display = ("__str__", "section", "access", "pool")
    panels = (
        FieldPanel("pool"),
        FieldRowPanel([FieldPanel("section"), FieldPanel("access")]),
    )


register_snippet(PoolViewSet)
register_snippet(PoolRuleViewSet)


@hooks.register("after_create_snippet")
@hooks.register("after_edit_snippet")
def tell_of_a_rule(request: HttpRequest, instance: object) -> None:
    if isinstance(instance, CrawlerRule):
        actions.crawler_rules_edited(by=reader_of(request.user), at=publication.now())
    elif isinstance(instance, Pool | PoolRule):
        actions.pools_edited(by=reader_of(request.user), at=publication.now())


@hooks.register("after_delete_snippet")
def tell_of_rules_gone(request: HttpRequest, instances: Sequence[object]) -> None:
    if any(isinstance(instance, CrawlerRule) for instance in instances):
        actions.crawler_rules_edited(by=reader_of(request.user), at=publication.now())
    if any(isinstance(instance, Pool | PoolRule) for instance in instances):
        actions.pools_edited(by=reader_of(request.user), at=publication.now())


@hooks.register("register_admin_urls")
def urls() -> list[URLPattern]:
    return [
        path("crawlers/", desk.crawlers, name="gate_crawlers"),
        path("gate/preview/", trying.preview, name="gate_preview"),
    ]


class CrawlersItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm("gate.view_crawlervisit")


@hooks.register("register_admin_menu_item")
def menu_item() -> MenuItem:
    return CrawlersItem(
        _("Crawlers"), reverse("gate_crawlers"), icon_name="cogs", order=650
    )
