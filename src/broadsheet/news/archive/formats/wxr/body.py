"""One post's text to pieces."""

from __future__ import annotations

from dataclasses import dataclass

from .flow import Flow
from .notes import Notes
from .pieces import Piece, Surroundings
from .prepare import has_blocks, prepared
from .tree import count_words, parse


@dataclass(frozen=True, slots=True)
class Body:
    pieces: tuple[Piece, ...]
    notes: tuple[str, ...]
    words_in: int  # Of the markup that we were given, once shortcodes are resolved.
    words_out: int


def convert(content: str, around: Surroundings | None = None) -> Body:
    """
    Return the pieces of a post's text. No word that a reader saw is lost: `words_in`
    and `words_out` differ only by what the notes name.
    """
    notes = Notes()
    text = prepared(content, notes)
    root = parse(text)
    words_in = count_words(root.text())
    flow = Flow(around or Surroundings(), notes, classic=not has_blocks(content))
    pieces = tuple(flow.walk(root.children))
    words_out = sum(words_of_piece(piece) for piece in pieces)
    words_in += notes.borrowed
    return Body(pieces, notes.sentences(), words_in, words_out)


def words_of_piece(piece: Piece) -> int:
    return count_words(text_of_piece(piece))


def text_of_piece(piece: Piece) -> str:
    """Return every word that a reader sees in a piece."""
    data = piece.data
    if piece.kind == "image":
        return str(data["shot"].caption)
    if piece.kind == "gallery":
        return " ".join(shot.caption for shot in data["shots"])
    if piece.kind == "table":
        cells = (cell for row in data["rows"] for cell in row)
        return " ".join([*cells, data["caption"]])
    if piece.kind == "embed":
        return str(data["title"]) if data["said"] else ""
    parts = (str(data.get(name, "")) for name in ("html", "text", "attribution"))
    return parse(" ".join(parts)).text()
