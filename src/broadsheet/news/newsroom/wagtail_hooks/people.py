"""Sections and authors at the desk."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel
from wagtail.snippets.views import snippets as views
from wagtail.snippets.views.snippets import SnippetViewSet

from broadsheet.plumbing import outbox, publication

from ..events import AuthorChanged, SectionChanged
from ..models import Author, Section

RENAMED = {"name", "slug"}  # What every page of a section or an author repeats.


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
