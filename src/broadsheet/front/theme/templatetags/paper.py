"""Money, days and times as the publication writes them; the slots of a pressed page."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import template
from django.template import Context
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from broadsheet.plumbing import publication

if TYPE_CHECKING:
    from broadsheet.kit.money import Money

register = template.Library()

SHORT_NAME, LONG_NAME = 14, 20  # Letters of a nameplate; theme.css has a size for each.


def local(at: datetime) -> datetime:
    """Return `at` on the publication's clock."""
    return at.astimezone(publication.current().zone)


@register.filter
def money(amount: Money) -> str:
    """Return ₹1,23,456 where the publication's locale writes it so."""
    return amount.format(publication.current().locale)


@register.filter
def day(at: datetime) -> str:
    """Return `3 August 2026`, on the publication's calendar."""
    # Translators: how a day is written in full, in Django's date format.
    return formats.date_format(local(at), _("j F Y"))


@register.filter
def weekday(at: datetime) -> str:
    """Return `Monday 3 August 2026`."""
    # Translators: the date under the nameplate, in Django's date format.
    return formats.date_format(local(at), _("l j F Y"))


@register.filter
def clock_time(at: datetime) -> str:
    """Return `10:05 am`, in the publication's zone."""
    # Translators: a time of day, in Django's date format.
    text = formats.date_format(local(at), _("g:i A"))
    return text.replace("AM", "am").replace("PM", "pm")


@register.filter
def iso(at: datetime) -> str:
    """Return `at` for machines, to the second and with the publication's offset."""
    return local(at).isoformat(timespec="seconds")


@register.simple_tag
def when(at: datetime, now: datetime | str = "") -> SafeString:
    """
    Return a `<time>`: the hour for today's stories, the day for older ones. A pressed
    page has no `now`, because it is read tomorrow too; there it is always the day.
    """
    today = not isinstance(now, str) and local(at).date() == local(now).date()
    words = clock_time(at) if today else day(at)
    return format_html('<time datetime="{}">{}</time>', iso(at), words)


@register.filter
def nameplate(name: str) -> str:
    """Return the class that sets `name` at a size at which it stays on one line."""
    if len(name) <= SHORT_NAME:
        return "nameplate"
    return "nameplate nameplate-" + ("long" if len(name) <= LONG_NAME else "longer")


@register.filter
def is_premium(access: str) -> bool:
    """Tell whether a story's class is one that the meter never opens."""
    return access == "premium" or access.startswith("vertical:")


@register.simple_tag(takes_context=True)
def slot(context: Context, name: str) -> SafeString:
    """Mark a place in a pressed page; nothing on a page that is not pressed."""
    # The names come from our templates, never from data, so they need no escaping.
    return mark_safe(f"<!--slot:{name}-->" if context.get("pressed") else "")  # noqa: S308  see above


@register.filter
def best_value(offers: Any) -> str:
    """Return the code of the plan with the lowest price a month; "" if none compares."""
    priced = [offer for offer in offers if offer.per_month is not None]
    if len(priced) < 2:
        return ""
    return str(min(priced, key=lambda offer: offer.per_month.minor).code)
