"""At the desk: Gate, in the menu beside the newsroom."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from broadsheet.plumbing import publication

from . import actions
from .models import Policy


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
        actions.policy_edited(at=publication.now())
