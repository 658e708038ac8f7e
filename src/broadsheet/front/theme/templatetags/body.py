"""A story's blocks in reading order, with an address for every paragraph."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from broadsheet.news.newsroom.queries import Block

register = template.Library()

KINDS = frozenset(
    "paragraph heading quote list image gallery table embed related html".split()
)
AD_AFTER = 4  # Paragraphs before the advertisement in the middle of a long story.
AD_NEEDS = 7
_BETWEEN = re.compile(r"</p>\s*<p>")
# In a JSON string these may stand as escapes, and only so are they harmless in HTML.
_HTML_IN_JSON = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


@dataclass(frozen=True, slots=True)
class Piece:
    """One block as the story's page sets it."""

    template: str
    data: Mapping[str, Any]
    number: int  # Of the paragraph, from 1; 0 for what is not one.
    ad_after: bool
    goes_on: bool  # The reader who came through the wall goes on reading here.


@register.simple_tag(takes_context=True)
def pieces(context: Context, blocks: Iterable[Block]) -> list[Piece]:
    """
    Return `blocks` numbered. `lead_paragraphs` in the context is how many the cut
    page shows: the last of them carries the place to which the wall's links return.
    """
    flat = list(_flat(blocks))
    lead = context.get("lead_paragraphs") or 0
    long = sum(kind == "paragraph" for kind, _ in flat) >= AD_NEEDS
    found, number = [], 0
    for kind, data in flat:
        number += kind == "paragraph"
        here = number if kind == "paragraph" else 0
        found.append(
            Piece(
                template=f"blocks/{kind}.html",
                data=data,
                number=here,
                ad_after=long and here == AD_AFTER,
                goes_on=bool(here) and here == lead,
            )
        )
    return found


def _flat(blocks: Iterable[Block]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield known blocks; the desk's editor may keep several `<p>` in one."""
    for block in blocks:
        if block.kind == "paragraph":
            for html in split(str(block.data["html"])):
                yield "paragraph", {"html": html}
        elif block.kind in KINDS:
            yield block.kind, block.data


def split(markup: str) -> list[str]:
    """Return the inline markup of each paragraph in `markup`."""
    inner = markup.strip().removeprefix("<p>").removesuffix("</p>")
    return [part for part in _BETWEEN.split(inner) if part.strip()]


@register.filter
def paragraph_count(blocks: Iterable[Block]) -> int:
    return sum(kind == "paragraph" for kind, _ in _flat(blocks))


@register.filter
def as_json(value: Any) -> SafeString:
    """Return `value` as JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return mark_safe(text.translate(_HTML_IN_JSON))  # noqa: S308  escaped just above
