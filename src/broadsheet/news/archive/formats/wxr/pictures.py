"""A picture in a post: where it is, which attachment it is, what is said about it."""

from __future__ import annotations

import re

from .pieces import Shot
from .tree import Node

_ATTACHMENT = re.compile(r"(?:wp-image-|attachment_|media-)(\d{1,18})")
_SOURCES = ("data-orig-file", "data-lazy-src", "data-src", "src")


def shot(image: Node, caption: str = "") -> Shot:
    """Return the picture that an `img` shows; lazy loaders hide its address."""
    addresses = (image.get(name).strip() for name in _SOURCES)
    named = _ATTACHMENT.search(image.get("class"))
    number = named[1] if named else image.get("data-id")
    return Shot(
        url=next((one for one in addresses if one), ""),
        attachment=int(number) if number.isascii() and number.isdigit() else 0,
        alt=image.get("alt").strip(),
        caption=caption,
    )


def figure_attachment(figure: Node) -> int:
    """Return the attachment that a caption's id names: “attachment_123”."""
    named = _ATTACHMENT.fullmatch(figure.get("data-id"))
    return int(named[1]) if named else 0


def is_smiley(image: Node) -> bool:
    return bool({"wp-smiley", "emoji"} & set(image.classes()))


def is_pixel(image: Node) -> bool:
    return image.get("width") in ("0", "1") and image.get("height") in ("0", "1")
