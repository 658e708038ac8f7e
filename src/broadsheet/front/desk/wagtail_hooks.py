"""The desk as a whole: its first page, its menu, its look, and the works behind it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.widgets import Button
from wagtail.snippets.action_menu import ActionMenuItem

from . import books, concerns, explaining, home, letters, outbox, works

# Wagtail's own items that a newspaper's desk has no use for.
NOT_OURS = {"help", "documents"}
REPORTS_NOT_OURS = {"locked-pages", "aging-pages"}  # They look at the page tree only.
PLACES = {"newsroom": 100, "images": 200, "explorer": 300}


class Permitted(MenuItem):
    """An item for whoever has the permission that its page asks for."""

    def __init__(self, *args: Any, permission: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.permission = permission

    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(self.permission))


class ForSuperusers(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


# --- The look ---------------------------------------------------------------------------


@hooks.register("insert_global_admin_css")
def look() -> SafeString:
    return format_html('<link rel="stylesheet" href="{}">', static("desk/desk.css"))


# --- The first page ---------------------------------------------------------------------


@hooks.register("construct_homepage_panels", order=-100)
def begin_anew(request: HttpRequest, panels: list[Any]) -> None:
    """Put our masthead where Wagtail's own panels were; the rooms add theirs after."""
    panels[:] = [home.Masthead()]


@hooks.register("construct_homepage_panels", order=100)
def show_the_works(request: HttpRequest, panels: list[Any]) -> None:
    if request.user.is_superuser:
        panels.append(home.Mails())
    if request.user.has_perm(works.MAY_SEE_DELIVERIES):
        panels.append(home.Works())


@hooks.register("construct_homepage_summary_items", order=100)
def count_no_pages(request: HttpRequest, items: list[Any]) -> None:
    items.clear()


# --- The menu ---------------------------------------------------------------------------


@hooks.register("construct_main_menu")
def arrange(request: HttpRequest, items: list[MenuItem]) -> None:
    items[:] = [item for item in items if item.name not in NOT_OURS]
    for item in items:
        item.order = PLACES.get(item.name, item.order)


@hooks.register("construct_reports_menu")
def arrange_reports(request: HttpRequest, items: list[MenuItem]) -> None:
    items[:] = [item for item in items if item.name not in REPORTS_NOT_OURS]


@hooks.register("register_admin_menu_item")
def outbox_item() -> MenuItem:
    return ForSuperusers(
        _("Outbox"), reverse("outbox:index"), icon_name="mail", order=700
    )


@hooks.register("register_reports_menu_item")
def imports_item() -> MenuItem:
    return Permitted(
        _("Imports"),
        reverse("desk_imports"),
        icon_name="download",
        order=10,
        permission=works.MAY_SEE_IMPORTS,
    )


@hooks.register("register_reports_menu_item")
def deliveries_item() -> MenuItem:
    return Permitted(
        _("Deliveries"),
        reverse("desk_deliveries"),
        icon_name="resubmit",
        order=20,
        permission=works.MAY_SEE_DELIVERIES,
    )


@hooks.register("register_reports_menu_item")
def books_item() -> MenuItem:
    return Permitted(
        _("The books"),
        reverse("desk_books"),
        icon_name="table",
        order=30,
        permission=books.MAY_READ_BOOKS,
    )


@hooks.register("register_reports_menu_item")
def letters_item() -> MenuItem:
    return Permitted(
        _("Letters"),
        reverse("desk_letters"),
        icon_name="mail",
        order=40,
        permission=letters.MAY_SEE_LETTERS,
    )


@hooks.register("register_reports_menu_item")
def concerns_item() -> MenuItem:
    return Permitted(
        _("Payments to look at"),
        reverse("desk_concerns"),
        icon_name="warning",
        order=25,
        permission=concerns.MAY_LOOK,
    )


@hooks.register("register_permissions")
def permissions() -> QuerySet[Permission]:
    """Let an administrator of groups give these out."""
    ours = (
        books.MAY_READ_BOOKS,
        letters.MAY_SEE_LETTERS,
        concerns.MAY_LOOK,
        concerns.MAY_CLOSE,
    )
    names = [one.split(".") for one in ours]
    apps, codenames = zip(*names, strict=True)
    return Permission.objects.filter(
        content_type__app_label__in=apps, codename__in=codenames
    )


# --- The pages --------------------------------------------------------------------------


@hooks.register("register_admin_urls")
def outbox_urls() -> list[URLPattern | URLResolver]:
    patterns = [
        path("", outbox.index, name="index"),
        path("<str:key>/", outbox.mail, name="mail"),
        path("<str:key>/html/", outbox.html, name="html"),
        path("<str:key>/raw/", outbox.raw, name="raw"),
    ]
    return [path("outbox/", include((patterns, "outbox")))]


@hooks.register("register_admin_urls")
def works_urls() -> list[URLPattern | URLResolver]:
    return [
        path("imports/", works.imports, name="desk_imports"),
        path("imports/<int:run_id>/", works.import_report, name="desk_import"),
        path("deliveries/", works.deliveries, name="desk_deliveries"),
    ]


# --- Who sees what, and why -------------------------------------------------------------

STORY = "newsroom.Story"


@hooks.register("register_admin_urls")
def explain_urls() -> list[URLPattern]:
    return [path("explain/", explaining.explain, name="desk_explain")]


class WhoSeesWhat(ActionMenuItem):
    """In the menu under a story's form: how the draft that is shown will be cut."""

    label = _("Who sees what")
    name = "action-who-sees-what"
    icon_name = "view"
    order = 16

    def is_shown(self, context: dict[str, Any]) -> bool:
        return bool(context.get("instance") and context["instance"].pk)

    def get_url(self, parent_context: dict[str, Any]) -> str:
        story = parent_context["instance"]
        query = urlencode({"story": story.pk, "access": story.access})
        return f"{reverse('desk_explain')}?{query}"


@hooks.register("register_snippet_action_menu_item")
def who_sees_what(model: Any) -> ActionMenuItem | None:
    return WhoSeesWhat() if model._meta.label == STORY else None


@hooks.register("register_user_listing_buttons")
def explain_to_a_reader(user: Any, request_user: Any) -> list[Button]:
    if not request_user.has_perm(explaining.MAY_SEE_RECORDS):
        return []
    url = f"{reverse('desk_explain')}?{urlencode({'named': user.public_id})}"
    return [Button(gettext("What she sees, and why"), url, icon_name="view")]


@hooks.register("register_reports_menu_item")
def explain_item() -> MenuItem:
    return Permitted(
        _("Who sees what"),
        reverse("desk_explain"),
        icon_name="view",
        order=30,
        permission=explaining.MAY_SEE_RECORDS,
    )


@hooks.register("register_admin_urls")
def books_urls() -> list[URLPattern | URLResolver]:
    return [
        path("books/", books.trial_balance, name="desk_books"),
        path(
            "books/<slug:account>/<slug:currency>/",
            books.statement,
            name="desk_statement",
        ),
        path("invoices/", books.invoices, name="desk_invoices"),
        path("invoices/<uuid:invoice_id>.pdf", books.invoice, name="desk_invoice"),
        path("revenue/", books.revenue, name="desk_revenue"),
    ]


@hooks.register("register_admin_urls")
def concerns_urls() -> list[URLPattern]:
    return [
        path("payments/", concerns.index, name="desk_concerns"),
        path("payments/<int:concern_id>/", concerns.deal, name="desk_concern"),
    ]


@hooks.register("register_admin_urls")
def letters_urls() -> list[URLPattern | URLResolver]:
    return [
        path("letters/", letters.index, name="desk_letters"),
        path("letters/<int:number>/", letters.html, name="desk_letter"),
    ]
