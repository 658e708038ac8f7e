"""The desk's first page: what the paper has to do today. Each room adds its panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from wagtail.admin.ui.components import Component

from broadsheet.business.subscriptions import queries as subscriptions
from broadsheet.plumbing import inbox, outbox, publication

MAILS = 5
PLANS = 8
WIDTH, ROW = 240, 28  # Of the bars, in units of their own.


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


class Subscribers(Component):
    """How the roll stands, for who reads the books. It reads every running contract."""

    order = 110
    template_name = "desk/first/subscribers.html"

    def get_context_data(self, parent_context: Mapping[str, Any]) -> dict[str, Any]:
        now, currency = publication.now(), publication.current().currency
        figures = subscriptions.figures(now, currency)
        plans = figures.by_plan[:PLANS]
        most = max((count for _name, count in plans), default=1)
        bars = [
            {
                "name": name,
                "count": count,
                "text_y": place * ROW + 12,
                "y": place * ROW + 17,
                "width": max(1, count * WIDTH // most),
            }
            for place, (name, count) in enumerate(plans)
        ]
        return {"figures": figures, "bars": bars, "height": len(bars) * ROW}
