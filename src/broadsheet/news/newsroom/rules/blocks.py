"""A story's body as plain data, and what can be counted on it."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

WORDS_A_MINUTE = 230
# The parts of each kind that a reader reads as text.
READ = {
    "paragraph": ("html",),
    "heading": ("text",),
    "quote": ("html", "attribution"),
    "list": ("html",),
    "html": ("html",),
}
_TAG = re.compile(r"<[^>]*>")
# A word ends where one of these begins or ends; `<b>a</b>b` is one word.
_BREAK = re.compile(r"</?(?:p|br|li|ul|ol|div|h\d|td|th|tr|blockquote)\b[^>]*>", re.I)


@dataclass(frozen=True, slots=True)
class Block:
    """
    One block of a body: its kind, and plain JSON-like data.

    paragraph{html} · heading{text, level} · quote{html, attribution} · list{html} ·
    image{picture} · gallery{pictures} · table{rows, header, caption} ·
    embed{url, provider, title} · related{teasers} · html{html}

    A paragraph's html is inline markup without its `<p>`; a quote's has `<p>`s. A table's
    rows are lists of cells as text, the first of them the heads if `header` is true.

    As filed, pictures are {picture: id, alt, caption, credit} and related is
    {stories: [id, …]}; as read, they are `Picture` and `Teaser`.
    """

    kind: str
    data: Mapping[str, Any]


def plain(markup: str) -> str:
    """Return the text of `markup`, with one space for every run of white space."""
    text = html.unescape(_TAG.sub("", _BREAK.sub(" ", markup)))
    return " ".join(text.split())


def word_count(blocks: Iterable[Block]) -> int:
    """Return how many words a reader reads: prose, not captions or tables."""
    return sum(
        len(plain(str(block.data.get(part, ""))).split())
        for block in blocks
        for part in READ.get(block.kind, ())
    )


def reading_minutes(words: int) -> int:
    return max(1, math.ceil(words / WORDS_A_MINUTE))
