"""Where a reader may be sent back to: addresses of this site, and no others."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LONGEST = 2000
_CONTROL = re.compile(r"[\x00-\x20\x7f\\]")


def local_path(value: str, *, otherwise: str = "", longest: int = LONGEST) -> str:
    """
    Return `value` if it is a path on this site (query and #fragment allowed) of at most
    `longest` characters, else `otherwise`. Browsers read a backslash as a slash and drop
    tabs and newlines, so an address with any of those is refused whole, never cleaned.
    """
    if len(value) > longest or _CONTROL.search(value):
        return otherwise
    if not value.startswith("/") or value.startswith("//"):
        return otherwise
    try:
        parts = urlsplit(value)
    except ValueError:
        return otherwise
    # "/.//evil.example" is a path here, but not after a careless join elsewhere.
    if parts.scheme or parts.netloc or "//" in parts.path:
        return otherwise
    return value
