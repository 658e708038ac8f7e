"""Pages that are not news: about, help, terms."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.models import Page

from .blocks import Body
from .showing import blocks_of


class InfoPage(Page):
    """About, help, contact, terms: free to everyone, and never in a river."""

    standfirst = models.CharField(_("standfirst"), max_length=400, blank=True)
    body = Body(verbose_name=_("text"), blank=True)

    template = "pages/info.html"
    content_panels: ClassVar[list[Any]] = [
        *Page.content_panels,
        FieldPanel("standfirst"),
        FieldPanel("body"),
    ]
    promote_panels: ClassVar[list[Any]] = Page.promote_panels

    class Meta:
        verbose_name = _("information page")
        verbose_name_plural = _("information pages")

    def get_context(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        return context | {"blocks": blocks_of(self.body)}
