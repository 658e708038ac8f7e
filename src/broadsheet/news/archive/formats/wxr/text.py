"""Headings, quotes, lists and other words that are not paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING

from . import media
from .pieces import Piece
from .tree import INLINE, Node, words_of

if TYPE_CHECKING:
    from .flow import Flow

HEADING_LIMIT = 240  # The newsroom's, for headings and for who said a quote.


def paragraph(flow: Flow, node: Node) -> None:
    if any(isinstance(one, Node) and one.tag not in INLINE for one in node.children):
        flow.walk(node.children)
    else:
        flow.paragraph(node.children)


def heading(flow: Flow, node: Node) -> None:
    before, after = flow.shots(node.children)
    flow.show(before)
    words = words_of(node.children)
    if len(words) > HEADING_LIMIT:
        flow.notes.add("a heading of more than 240 characters became a paragraph")
        flow.add("paragraph", html=f"<strong>{escape(words, quote=False)}</strong>")
    elif words:
        flow.add("heading", text=words, level=min(4, max(2, int(node.tag[1]))))
    flow.show(after)


def quote(flow: Flow, node: Node) -> None:
    attribution = _take_attribution(node)
    groups = list(_grouped(flow.inner(node.children)))
    said = max(
        (n for n, group in enumerate(groups) if not isinstance(group, Piece)),
        default=-1,
    )
    for number, group in enumerate(groups):
        if isinstance(group, Piece):
            flow.pieces.append(group)
        else:
            html = "".join(f"<p>{words}</p>" for words in group)
            who = attribution if number == said else ""
            flow.add("quote", html=html, attribution=who)
    if said < 0 and attribution:
        flow.add("paragraph", html=escape(attribution, quote=False))


def _take_attribution(node: Node) -> str:
    """Take the last `cite` out of the quote, and return its words."""
    cited = [one for one in node.every("cite", "footer") if one.text()]
    if not cited or len(cited[-1].text()) > HEADING_LIMIT:
        return ""
    words = cited[-1].text()
    # A book's title in the middle of the words is marked with `cite` too.
    if not node.text().endswith(words):
        return ""
    cited[-1].children.clear()
    return words


def _grouped(pieces: list[Piece]) -> Iterator[Piece | list[str]]:
    """Yield the paragraphs in a row as one list, all else as it is."""
    group: list[str] = []
    for piece in pieces:
        if piece.kind == "paragraph":
            group.append(piece.data["html"])
            continue
        if group:
            yield group
            group = []
        yield piece
    if group:
        yield group


def listing(flow: Flow, node: Node) -> None:
    if media.is_gallery(node):
        media.show_gallery(flow, node)
        return
    if any(node.every("table", "pre", "blockquote")):
        flow.notes.add("a list was simplified: it held a table or a quote")
    media.show_players(flow, node)
    before, after = flow.shots(node.children)
    if node.text():
        flow.add("list", html=flow.inline.write_list(node))
    flow.show(before + after)


def definitions(flow: Flow, node: Node) -> None:
    before, after = flow.shots(node.children)
    parts = []
    for child in node.children:
        tag = child.tag if isinstance(child, Node) and child.tag == "dt" else "dd"
        inside = flow.inline.write([child])
        if inside:
            parts.append(f"<{tag}>{inside}</{tag}>")
    if parts:
        flow.add("html", html=f"<dl>{''.join(parts)}</dl>")
    flow.show(before + after)


def preformatted(flow: Flow, node: Node) -> None:
    words = "".join(_raw(node.children)).strip("\n")
    if words.strip():
        flow.add("html", html=f"<pre>{escape(words, quote=False)}</pre>")


def _raw(nodes: list[Node | str]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif node.tag == "br":
            yield "\n"
        else:
            yield from _raw(node.children)


def rule(flow: Flow, _node: Node) -> None:
    flow.add("html", html="<hr>")


ELEMENTS: Mapping[str, Callable[[Flow, Node], None]] = {
    "p": paragraph,
    **{f"h{level}": heading for level in range(1, 7)},
    "blockquote": quote,
    "ul": listing,
    "ol": listing,
    "dl": definitions,
    "pre": preformatted,
    "hr": rule,
}
