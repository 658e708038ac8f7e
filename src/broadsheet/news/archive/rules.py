"""Pure decisions: which old addresses are the same, and what a search may say."""

from __future__ import annotations

import hashlib
import re
from html import escape
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

ADDRESS_LIMIT = 2000
QUERY_LIMIT = 200  # Characters of a search. Nobody types more; a machine might.
SNIPPET_START, SNIPPET_END = "\x02", "\x03"

# The query parts that name a post; all others are about campaigns and presentation.
_NAMING = ("p", "page_id", "attachment_id", "post_type", "name")
_INDEX = re.compile(r"/index\.(?:php|html?)(?=/|\Z)")
_SUFFIX = re.compile(r"(?:\.(?:html?|php|aspx?)|/(?:amp|feed|embed|print|amp\.html))\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def address_key(address: str) -> str:
    """
    Return what all spellings of an old address have in common: no host, no case, no
    trailing slash, no `.html`, no `/amp`, no campaign. “” if it is no address or the
    front page's.
    """
    try:
        parts = urlsplit(address[: ADDRESS_LIMIT * 2])
        # A path of two slashes is a path here, not a host.
        path = parts.path if parts.scheme or not address.startswith("//") else address
    except ValueError:
        return ""
    path = re.sub(r"/+", "/", "/" + _CONTROL.sub("", unquote(path)).lower())
    path = _INDEX.sub("", path).rstrip("/")
    path = _SUFFIX.sub("", path).rstrip("/")
    named = [pair for pair in parse_qsl(parts.query)[:20] if pair[0] in _NAMING]
    if not path and not named:
        return ""
    key = path or f"/?{urlencode(sorted(named))}"
    return key[:ADDRESS_LIMIT]


def address_digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def typed(words: str) -> str:
    """Return what a reader typed, fit for the search: one line, bounded."""
    # A lone surrogate cannot be sent to the database.
    whole = words[: QUERY_LIMIT * 4].encode("utf-8", "ignore").decode("utf-8")
    return " ".join(_CONTROL.sub(" ", whole).split())[:QUERY_LIMIT]


def highlighted(snippet: str) -> str:
    """Return a snippet as HTML: escaped, with the matches in `<mark>`."""
    safe = escape(snippet)
    return safe.replace(SNIPPET_START, "<mark>").replace(SNIPPET_END, "</mark>")
