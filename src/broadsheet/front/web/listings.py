"""
Pressing what lists stories: the front, and the first page of each section, author and
topic. As with stories, what is pressed is shown to everybody, so nothing here may know
a reader: the pages are drawn without a request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.http import urlencode

from broadsheet.gate.core.listings import PressedListing, good_until, seal_of
from broadsheet.gate.house import actions as gate
from broadsheet.news.newsroom import queries as newsroom
from broadsheet.plumbing import publication

from . import pressing
from .language import publication_language


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page of the list kind shows; `until`: when it would show something else."""

    path: str
    template: str
    context: dict[str, Any]
    until: datetime | None = None


# --- What they show -----------------------------------------------------------------------


def front(at: datetime) -> Sheet:
    """Nine queries for the stories."""
    shown = newsroom.front(at)
    return Sheet("/", "pages/front.html", {"front": shown}, shown.until)


def section(slug: str, before: str | None = None) -> Sheet | None:
    listing = newsroom.section(slug, before=before)
    return _river("section", listing, before, feed=f"/feeds/{slug}.rss")


def author(slug: str, before: str | None = None) -> Sheet | None:
    listing = newsroom.author(slug, before=before)
    return _river("author", listing, before)


def topic(slug: str, before: str | None = None) -> Sheet | None:
    listing = newsroom.topic(slug, before=before)
    return _river("topic", listing, before)


def _river(
    name: str, listing: newsroom.Listing | None, before: str | None, feed: str = ""
) -> Sheet | None:
    if listing is None:
        return None
    older = listing.next_cursor and "?" + urlencode({"before": listing.next_cursor})
    context = {
        "listing": listing,
        "cursor": before or "",
        "older": older,
        "newer": listing.path if before else "",
        "feed": feed,
    }
    return Sheet(listing.path, f"pages/{name}.html", context)


# --- Pressing -----------------------------------------------------------------------------

_DRAWN: dict[str, Callable[..., Sheet | None]] = {
    "section": section,
    "author": author,
    "topic": topic,
}


def press_for_gate(path: str) -> None:
    """Press a page that somebody asks for: `Gate(lister=)`."""
    publication.forget()  # What the page says of itself must be what it was sealed with.
    press(path, at=publication.now())


@transaction.atomic
def press(path: str, *, at: datetime) -> None:
    """
    Press the page and file it with the gate, unless it is filed already and good. A page
    that is not there, or is none that lists stories, is forgotten. Waits for whoever
    presses it at this moment; costs some fifteen queries and the template of a page.
    """
    masthead = _masthead()
    turn = gate.take_turn(path, masthead=masthead, at=at)
    if turn is None:
        return
    sheet = drawn(path, at)
    if sheet is None or sheet.path != path:
        gate.forget_listings([path], at=at)
        return
    zone = publication.current().zone
    pressed = PressedListing(
        path=path,
        html=_rendered(sheet, at),
        masthead=masthead,
        made_at=at,
        until=good_until(at, zone, sheet.until),
    )
    gate.press_listing(pressed, turn=turn)


def drawn(path: str, at: datetime) -> Sheet | None:
    """Return what the page at `path` shows, by the same addresses as Django's views."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    if match.view_name == "front":
        return front(at)
    ask = _DRAWN.get(match.view_name or "")
    return ask(**match.kwargs) if ask is not None else None


def _rendered(sheet: Sheet, at: datetime) -> bytes:
    with publication_language():
        context = pressing.shared() | sheet.context | {"here": sheet.path, "now": at}
        return render_to_string(sheet.template, context).encode()


def _masthead() -> str:
    """Return the seal of what the publication's row puts on each page, as the gate does."""
    paper = publication.current()
    words = (paper.name, paper.tagline, paper.locale, paper.support_mail)
    return seal_of(str(paper.zone), *words)
