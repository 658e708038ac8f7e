"""
Pressing: a story's two renderings and the furniture that fills their slots.

What is pressed is filed with the gate, which shows it to everybody, so nothing here may
know a reader. The full page and the cut page differ in their bodies and in nothing
that could tell one from the other's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.gate.core import wall
from broadsheet.gate.core.pages import PressedPage
from broadsheet.gate.house import actions as gate_actions
from broadsheet.gate.house import audiences
from broadsheet.gate.house import queries as gate
from broadsheet.gate.house.audiences import Variant
from broadsheet.gate.house.giving import gift_terms
from broadsheet.news.newsroom import queries as newsroom
from broadsheet.plumbing import publication

from ..theme.structured import absolute, news_article
from ..theme.templatetags.body import paragraph_count
from ..theme.templatetags.paper import best_value, money
from .language import publication_language

# Left in the furniture for the gate to fill at each view.
COUNT, LIMIT, PATH, STORY = "{{count}}", "{{limit}}", "{{path}}", "{{story}}"
POOL = "{{pool}}"


# --- Stories ----------------------------------------------------------------------


def press(story_id: int, *, at: datetime) -> PressedPage | None:
    """
    Render a live story and file it with the gate. Return the page, or None if the
    story is not live. Costs some fifteen queries and the templates of two pages.
    """
    pressed = rendered(story_id)
    if pressed is not None:
        gate_actions.press(pressed, at=at)
    return pressed


def press_for_gate(story_id: int) -> PressedPage | None:
    """Press a story that somebody asks for and that is not filed: `Gate(presser=)`."""
    return press(story_id, at=publication.now())


def rendered(story_id: int) -> PressedPage | None:
    """Return both renderings of a live story, or None."""
    story = newsroom.page(story_id)
    if story is None:
        return None
    for_full, for_cut = gate.for_pressing(story_id)
    lead = newsroom.body(story_id, for_cut)
    sheet = Sheet(story, lead_paragraphs=paragraph_count(lead))
    with publication_language():
        return PressedPage(
            story_id=story_id,
            revision=story.revision,
            full=sheet.render(newsroom.body(story_id, for_full), cut=False),
            cut=sheet.render(lead, cut=True),
        )


@dataclass(frozen=True, slots=True)
class Sheet:
    """Draws one story, full or cut, with the slots marked and none of them filled."""

    story: newsroom.StoryPage
    lead_paragraphs: int

    def render(self, blocks: tuple[newsroom.Block, ...], *, cut: bool) -> bytes:
        return render_to_string(
            "pages/story.html",
            shared() | self._own() | {"blocks": blocks, "cut": cut} | self._ld(cut),
        ).encode()

    def _own(self) -> dict[str, Any]:
        picture = self.story.picture
        return {
            "story": self.story,
            "here": self.story.section_path,
            "lead_paragraphs": self.lead_paragraphs,
            "share_picture": picture and absolute(picture.src, _origin()),
        }

    def _ld(self, cut: bool) -> dict[str, Any]:
        paper = publication.current()
        return {
            "jsonld": news_article(self.story, paper=paper, origin=_origin(), cut=cut)
        }


def shared() -> dict[str, Any]:
    """Return what the context processors would, to a page that no request asked for."""
    return {
        "pressed": True,
        "paper": publication.current(),
        "nav_sections": newsroom.sections(),
        "origin": _origin(),
    }


def _origin() -> str:
    return str(settings.BROADSHEET.origin)


# --- Furniture ----------------------------------------------------------------------


def furnish(*, at: datetime) -> None:
    """
    Render the furniture and file it with the gate. Call it when the policy or a plan
    changes, when a new price comes into effect, and when the theme is deployed.
    """
    gate_actions.file_furniture(pieces(at), at=at)


def pieces(at: datetime) -> Mapping[str, str]:
    """Return each piece of furniture by the name that the gate knows it by."""
    with publication_language():
        offers = catalogue.plans(at)
        return {
            "account:anonymous": _piece("account_anonymous", path=PATH),
            "account:reader": _piece("account_reader"),
            "trouble": _piece("trouble"),
            "meter": _meter(),
            "meter:last": _meter("last"),
            "meter:spent": _meter("spent"),
            "gift:give": _give(),
            "gift:received": _piece("gift_received", path=PATH),
            "wall:metered": _wall("metered", offers),
            "wall:premium": _wall("premium", offers),
            "wall:cookies": _wall("cookies", offers),
            "wall:register": _wall("register", offers),
            "ad:top": _piece("ad", place="top"),
            "ad:mid": _piece("ad", place="mid"),
            **{
                f"wall:{kind}@{variant.name}": _varied(kind, variant, offers)
                for variant in audiences.variants()
                for kind in audiences.KINDS
            },
        }


def _meter(kind: str = "") -> str:
    by_month = gate.policy().period == "month"
    numbers = {"count": COUNT, "limit": LIMIT, "pool": POOL}
    return _piece("meter", kind=kind, path=PATH, by_month=by_month, **numbers)


def _give() -> str:
    return _piece("gift_give", story=STORY) if gift_terms().allowance else ""


def _wall(kind: str, offers: tuple[catalogue.PlanOffer, ...]) -> str:
    words = gate.wall_text_for_furniture(kind, wall_values(offers))
    name = f"wall_{kind}" if kind in ("cookies", "register") else "wall"
    return _piece(
        name, headline=words.headline, message=words.message, offers=offers, path=PATH
    )


def _varied(
    kind: str, variant: Variant, offers: tuple[catalogue.PlanOffer, ...]
) -> str:
    """Return the wall in a variant's words, the plan that it names before the others."""
    first = tuple(each for each in offers if each.code == variant.first_plan)
    rest = tuple(each for each in offers if each.code != variant.first_plan)
    values = wall_values(first or offers)
    usual = gate.wall_text_for_furniture(kind, values)
    return _piece(
        "wall",
        headline=wall.render_for_furniture(variant.headline, values) or usual.headline,
        message=wall.render_for_furniture(variant.message, values) or usual.message,
        button=variant.button,
        offers=first + rest,
        path=PATH,
    )


def wall_values(offers: tuple[catalogue.PlanOffer, ...]) -> dict[str, str]:
    """Return the words for a wall text's variables: the best-value plan's."""
    if not offers:
        return {}
    best = best_value(offers) or offers[0].code
    offer = next(each for each in offers if each.code == best)
    return {
        "plan": offer.name,
        "price": money(offer.price),
        "term": render_to_string("parts/term.html", {"offer": offer}).strip(),
        "per_month": money(offer.per_month or offer.price),
    }


def _piece(name: str, **context: Any) -> str:
    return render_to_string(f"furniture/{name}.html", context).strip()
