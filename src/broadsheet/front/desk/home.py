"""The desk's first page: what the paper has to do today. Each room adds its panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from wagtail.admin.ui.components import Component

from broadsheet.plumbing import inbox, outbox, publication

MAILS = 5


class Masthead(Component):
    """The paper's name and the day, as it stands on top of an issue."""

    order = 0
    template_name = "desk/first/masthead.html"

    def get_context_data(self, parent_context: Mapping[str, Any]) -> dict[str, Any]:
        request = parent_context["request"]
        zone = publication.current().zone
        return {
            "paper": publication.current(),
            "today": publication.now().astimezone(zone),
            "may_write": request.user.has_perm("newsroom.add_story"),
        }


class Works(Component):
    """What goes on behind: facts that wait for their hearers. Costs one query."""

    order = 100
    template_name = "desk/first/works.html"

    def get_context_data(self, parent_context: Mapping[str, Any]) -> dict[str, Any]:
        return {"backlog": outbox.backlog()}


class Mails(Component):
    """The newest mails of the embedded inbox. Reads a folder, asks no database."""

    order = 90
    template_name = "desk/first/mails.html"

    def get_context_data(self, parent_context: Mapping[str, Any]) -> dict[str, Any]:
        box = inbox.of(settings.BROADSHEET)
        try:
            return {"count": box.count(), "mails": box.page(limit=MAILS)}
        except OSError as failure:
            return {"error": failure.strerror or str(failure)}
