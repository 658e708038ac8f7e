"""What the desk gains beside the rooms' own: the outbox."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from . import outbox


class ForSuperusers(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


@hooks.register("register_admin_urls")
def outbox_urls() -> list[URLPattern | URLResolver]:
    patterns = [
        path("", outbox.index, name="index"),
        path("<str:key>/", outbox.mail, name="mail"),
        path("<str:key>/html/", outbox.html, name="html"),
        path("<str:key>/raw/", outbox.raw, name="raw"),
    ]
    return [path("outbox/", include((patterns, "outbox")))]


@hooks.register("register_admin_menu_item")
def outbox_item() -> MenuItem:
    return ForSuperusers(
        _("Outbox"), reverse("outbox:index"), icon_name="mail", order=9000
    )
