"""From a tree of markup to pieces."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import embeds, media, pictures, text
from .inline import Inline
from .notes import Notes
from .pieces import Piece, Shot, Surroundings
from .prepare import prepared
from .tree import INLINE, Node, count_words, parse, words_of

_BLANK_LINE = re.compile(r"\n(?:[ \t\r\xa0]*\n)+")
_URL = re.compile(r"https?://\S{4,1900}")


class Flow:
    """
    Walks block by block, and gathers what stands loose between blocks into paragraphs
    at blank lines, as WordPress does when it shows a post.
    """

    def __init__(
        self, around: Surroundings, notes: Notes, *, classic: bool, nesting: int = 0
    ) -> None:
        self.pieces: list[Piece] = []
        self.around = around
        self.notes = notes
        self.classic = classic  # The old editor: a line break is a line break.
        self.nesting = nesting  # How deep we are in reusable blocks.
        self.inline = Inline(around.link)
        self._run: list[Node | str] = []

    def walk(self, nodes: list[Node | str]) -> list[Piece]:
        for node in nodes:
            if isinstance(node, str) or is_inline(node):
                self._run.append(node)
            else:
                self._flush()
                _ELEMENTS.get(node.tag, container)(self, node)
        self._flush()
        return self.pieces

    def inner(self, nodes: list[Node | str]) -> list[Piece]:
        """Return the pieces of `nodes` without adding them."""
        flow = Flow(self.around, self.notes, classic=self.classic, nesting=self.nesting)
        return flow.walk(nodes)

    def again(self, content: str) -> list[Piece]:
        """Return the pieces of a reusable block's own text."""
        flow = Flow(self.around, self.notes, classic=False, nesting=self.nesting + 1)
        root = parse(prepared(content, self.notes))
        self.notes.borrowed += count_words(root.text())
        return flow.walk(root.children)

    def add(self, kind: str, **data: Any) -> None:
        self.pieces.append(Piece(kind, data))

    def show(self, shots: list[Shot]) -> None:
        for shot in shots:
            self.add("image", shot=shot)

    def paragraph(self, nodes: list[Node | str]) -> None:
        words = words_of(nodes)
        if _URL.fullmatch(words) and embeds.is_embeddable(words):
            media.show_embed(self, words, "")
            return
        before, after = self.shots(nodes)
        self.show(before)
        if words_of(nodes):
            self.add("paragraph", html=self.inline.write(nodes, breaks=self.classic))
        self.show(after)

    def shots(self, nodes: list[Node | str]) -> tuple[list[Shot], list[Shot]]:
        """Return the pictures that stand before the first word, and the others."""
        before: list[Shot] = []
        after: list[Shot] = []
        worded = False
        for leaf in leaves(nodes):
            if isinstance(leaf, str):
                worded = worded or bool(leaf.strip())
            else:
                self._take(leaf, after if worded else before)
        return before, after

    def _take(self, image: Node, shots: list[Shot]) -> None:
        if pictures.is_smiley(image):
            image.children[:] = [image.get("alt")]
        elif pictures.is_pixel(image):
            self.notes.add("dropped a picture of one pixel that counts visits")
        else:
            shot = pictures.shot(image)
            if shot.url or shot.attachment:
                shots.append(shot)
            else:
                self.notes.add("dropped a picture that has no address")

    def _flush(self) -> None:
        run, self._run = self._run, []
        for nodes in _paragraphs(run):
            self.paragraph(nodes)


def is_inline(node: Node) -> bool:
    return node.tag in INLINE and all(
        isinstance(child, str) or is_inline(child) for child in node.children
    )


def leaves(nodes: list[Node | str]) -> Iterator[Node | str]:
    """Yield texts and pictures, in order, however deep."""
    for node in nodes:
        if isinstance(node, str) or node.tag == "img":
            yield node
        else:
            yield from leaves(node.children)


def _paragraphs(run: list[Node | str]) -> Iterator[list[Node | str]]:
    """Yield what stands between blank lines, or between two `<br>` in a row."""
    part: list[Node | str] = []
    for node in run:
        if isinstance(node, str):
            first, *others = _BLANK_LINE.split(node)
            part.append(first)
            for text in others:
                yield part
                part = [text]
        elif node.tag == "br" and _ends_with_break(part):
            yield part
            part = []
        else:
            part.append(node)
    yield part


def _ends_with_break(part: list[Node | str]) -> bool:
    for node in reversed(part):
        if isinstance(node, Node):
            return node.tag == "br"
        if node.strip():
            return False
    return False


def container(flow: Flow, node: Node) -> None:
    """A box around other things: it goes, they stay."""
    flow.walk(node.children)


Handler = Callable[[Flow, Node], None]
_ELEMENTS: Mapping[str, Handler] = {**text.ELEMENTS, **media.ELEMENTS}
