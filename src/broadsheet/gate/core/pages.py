"""
Pressed pages: a story's page as bytes, full and cut, with slots that the gate fills.

A page is split once, when it comes into memory; a view only joins the pieces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from html import escape

# The placeholders that a piece of furniture may hold, filled in for each view.
PLACEHOLDERS = ("count", "limit", "remaining", "path", "section", "pool", "story")

_SLOT = re.compile(rb"<!--slot:([a-z:]+)-->")
_PLACEHOLDER = re.compile(rb"\{\{\s*(\w*)\s*\}\}")
# The shared pool has no name: “free {{pool}} stories” are then “free stories”.
_SPACED_POOL = re.compile(rb" \{\{\s*pool\s*\}\}")


class UnknownPlaceholder(Exception):
    """A piece of furniture asks for a value that the gate does not have."""

    def __init__(self, piece: str, name: str) -> None:
        known = ", ".join(f"{{{{{each}}}}}" for each in PLACEHOLDERS)
        super().__init__(
            f"The furniture {piece!r} holds {{{{{name}}}}}; the gate fills only {known}."
        )


@dataclass(frozen=True, slots=True)
class PressedPage:
    """Both renderings of a story, whole HTML pages with `<!--slot:NAME-->` marks."""

    story_id: int
    revision: int
    full: bytes
    cut: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """Bytes split at their marks: text, name, text, name, …, text."""

    texts: tuple[bytes, ...]
    names: tuple[str, ...]

    def join(self, filling: Mapping[str, bytes]) -> bytes:
        """Return the bytes with each mark replaced; by nothing if `filling` lacks it."""
        pieces = [self.texts[0]]
        for name, text in zip(self.names, self.texts[1:], strict=True):
            pieces.append(filling.get(name, b""))
            pieces.append(text)
        return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class SplitPage:
    """A pressed page as the gate keeps it in memory."""

    revision: int
    full: Sheet
    cut: Sheet
    # A seal changes whenever a byte of its rendering does. They are two, because a
    # reader of the cut page sees its seal, and must not learn even a digest of the rest.
    full_seal: str
    cut_seal: str
    size: int


def split(html: bytes) -> Sheet:
    """Return `html` split at its slots."""
    return _split(_SLOT, html)


def split_page(page: PressedPage) -> SplitPage:
    return SplitPage(
        revision=page.revision,
        full=split(page.full),
        cut=split(page.cut),
        full_seal=_seal(page.full),
        cut_seal=_seal(page.cut),
        size=len(page.full) + len(page.cut),
    )


@dataclass(frozen=True, slots=True)
class Furniture:
    """The pieces of HTML that fill the slots, split at their placeholders."""

    pieces: Mapping[str, Sheet]
    seal: str

    @classmethod
    def of(cls, pieces: Mapping[str, str]) -> Furniture:
        raw = {name: pieces[name].encode() for name in sorted(pieces)}
        seal = _seal(*(part for name in raw for part in (name.encode(), raw[name])))
        return cls({n: _split_furniture(html) for n, html in raw.items()}, seal)

    def fill(self, name: str, values: Mapping[str, bytes]) -> bytes:
        """Return the piece with its placeholders filled; nothing if it is not filed."""
        piece = self.pieces.get(name)
        return piece.join(values) if piece is not None else b""


def check_furniture(pieces: Mapping[str, str]) -> None:
    """Raise `UnknownPlaceholder` if a piece asks for what no view can fill."""
    for name, html in pieces.items():
        for asked in _split(_PLACEHOLDER, html.encode()).names:
            if asked not in PLACEHOLDERS:
                raise UnknownPlaceholder(name, asked)


def pool_values(label: str) -> dict[str, bytes]:
    """Return what fills `{{pool}}` in furniture, with the space before it or without."""
    name = escape(label).encode()
    return {"pool": name, "spaced_pool": name and b" " + name}


def _split_furniture(html: bytes) -> Sheet:
    return _split(_PLACEHOLDER, _SPACED_POOL.sub(b"{{spaced_pool}}", html))


def _split(mark: re.Pattern[bytes], html: bytes) -> Sheet:
    parts = mark.split(html)
    return Sheet(tuple(parts[0::2]), tuple(name.decode() for name in parts[1::2]))


def _seal(*parts: bytes) -> str:
    seal = blake2b(digest_size=6)
    for part in parts:
        seal.update(len(part).to_bytes(8, "big") + part)
    return seal.hexdigest()
