"""Sections and authors at the desk."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel
from wagtail.snippets.views import snippets as views
from wagtail.snippets.views.snippets import SnippetViewSet

from broadsheet.plumbing import outbox, publication

from ..events import AuthorChanged, ListingsChanged, SectionChanged
from ..models import Author, Section

RENAMED = {"name", "slug"}  # What every page of a section or an author repeats.


class _Announced:
    """Every readers' list may name a section or an author, and each its menu does."""

    def save_instance(self) -> Any:
        row = super().save_instance()  # type: ignore[misc]  # A view's.
        outbox.announce(ListingsChanged(), at=publication.now())
        return row

    def delete_action(self) -> None:
        with transaction.atomic():
            super().delete_action()  # type: ignore[misc]  # The same.
            outbox.announce(ListingsChanged(), at=publication.now())


class Create(_Announced, views.CreateView): ...


class Copy(_Announced, views.CopyView): ...


class Delete(_Announced, views.DeleteView): ...


class SectionEdit(_Announced, views.EditView):
    def save_instance(self) -> Section:
        section: Section = super().save_instance()
        if RENAMED & set(self.form.changed_data):
            outbox.announce(SectionChanged(section.pk), at=publication.now())
        return section


class AuthorEdit(_Announced, views.EditView):
    def save_instance(self) -> Author:
        author: Author = super().save_instance()
        if RENAMED & set(self.form.changed_data):
            outbox.announce(AuthorChanged(author.pk), at=publication.now())
        return author


class SectionViewSet(SnippetViewSet):
    model = Section
    icon = "folder-open-1"
    url_prefix = "sections"
    menu_label = _("Sections")
    edit_view_class = SectionEdit
    add_view_class, copy_view_class, delete_view_class = Create, Copy, Delete
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
    add_view_class, copy_view_class, delete_view_class = Create, Copy, Delete
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
