"""
The one allow-list of markup. Whatever comes in, by a verb, the desk or an import, is
stored only as these functions return it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import nh3

from .blocks import Block, plain

SCHEMES = {"http", "https", "mailto"}
INLINE = {"a", "b", "br", "code", "em", "i", "mark", "s", "strong", "sub", "sup"}
LISTS = INLINE | {"ul", "ol", "li"}
FREE = LISTS | {
    *("p", "div", "span", "hr", "pre", "blockquote", "cite", "small", "abbr"),
    *("h2", "h3", "h4", "figure", "figcaption", "img", "dl", "dt", "dd"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
# `linktype` and `id` are how Wagtail stores a link to one of its own pages.
LINK = {"a": {"href", "title", "linktype", "id"}}
ATTRIBUTES = LINK | {
    "img": {"src", "alt", "width", "height"},
    "th": {"colspan", "rowspan", "scope"},
    "td": {"colspan", "rowspan"},
    "abbr": {"title"},
}
_EDGES = re.compile(r"</?p>")


def clean_inline(markup: str) -> str:
    """Return one paragraph's markup: inline elements only, no `<p>`."""
    return " ".join(paragraphs(markup))


def clean_rich(markup: str) -> str:
    """Return markup of one or more `<p>`, as the desk's text editor stores it."""
    return "".join(f"<p>{part}</p>" for part in paragraphs(markup))


def clean_list(markup: str) -> str:
    return _clean(markup, LISTS, LINK)


def clean_html(markup: str) -> str:
    return _clean(markup, FREE, ATTRIBUTES)


def paragraphs(markup: str) -> list[str]:
    """Return the inline markup of each paragraph that has any text."""
    # The sanitiser closes what is open and drops attributes, so that `<p>` and `</p>`
    # are the only two spellings left to split at.
    cleaned = _clean(markup, INLINE | {"p"}, LINK)
    parts = (part.strip() for part in _EDGES.split(cleaned))
    return [_clean(part, INLINE, LINK) for part in parts if plain(part)]


def clean_block(block: Block) -> Block:
    """Return `block` with every piece of markup and every address in it made safe."""
    cleaner = CLEANERS.get(block.kind)
    return block if cleaner is None else Block(block.kind, cleaner(dict(block.data)))


def safe_url(url: str) -> str:
    """Return `url` if it is an http(s) address, else nothing."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.hostname else ""


def provider(url: str) -> str:
    """Return who serves `url`, as a reader would call it: youtube.com."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _clean(markup: str, tags: set[str], attributes: dict[str, set[str]]) -> str:
    return nh3.clean(
        markup,
        tags=tags,
        attributes=attributes,
        url_schemes=SCHEMES,
        link_rel="noopener",
    )


def _with(key: str, clean: Callable[[str], str]) -> Callable[[dict[str, Any]], Any]:
    return lambda data: data | {key: clean(str(data.get(key, "")))}


def _embed(data: dict[str, Any]) -> dict[str, Any]:
    url = safe_url(str(data.get("url", "")))
    return data | {"url": url, "provider": provider(url)}


CLEANERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "paragraph": _with("html", clean_rich),
    "quote": _with("html", clean_rich),
    "list": _with("html", clean_list),
    "html": _with("html", clean_html),
    "embed": _embed,
}
