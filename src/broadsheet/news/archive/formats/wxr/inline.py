"""Inline markup: what a paragraph, a list and a quote may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

from .tree import INLINE, Node

# What the newsroom writes for each of WordPress's; all else keeps only its words.
_WRITTEN = {
    "b": "strong",
    "strong": "strong",
    "i": "em",
    "em": "em",
    "cite": "em",
    "s": "s",
    "strike": "s",
    "del": "s",
    "sub": "sub",
    "sup": "sup",
    "mark": "mark",
    "code": "code",
    "kbd": "code",
    "samp": "code",
    "tt": "code",
}
_EDGE = re.compile(r"\A(?:\s|<br>|\xa0)+|(?:\s|<br>|\xa0)+\Z")
_REST_OF_LINE = re.compile(r"\A[ \t\r]*\n")
_BREAK = re.compile(r"\s*<br>\s*")

Link = Callable[[str], str]


class Inline:
    """Writes nodes as inline markup; `link` says where an address leads now."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def write(self, nodes: list[Node | str], *, breaks: bool = False) -> str:
        """Return markup; with `breaks`, an editor's line break is a line break."""
        text = "".join(self._each(nodes, breaks))
        return _EDGE.sub("", _BREAK.sub("<br>", text))

    def write_list(self, node: Node) -> str:
        """Return `node`, a list, with its nested lists and without anything else."""
        tag = "ol" if node.tag == "ol" else "ul"
        return f"<{tag}>{''.join(self._entries(node))}</{tag}>"

    def _entries(self, node: Node) -> Iterator[str]:
        for child in node.children:
            if isinstance(child, str):
                if child.strip():
                    yield f"<li>{escape(child.strip(), quote=False)}</li>"
            elif child.tag in ("ul", "ol"):
                yield f"<li>{self.write_list(child)}</li>"
            else:
                yield f"<li>{self._entry(child)}</li>"

    def _entry(self, node: Node) -> str:
        parts: list[str] = []
        run: list[Node | str] = []
        for child in _opened(node):
            if isinstance(child, Node) and child.tag in ("ul", "ol"):
                parts.append(self.write(run))
                parts.append(self.write_list(child))
                run = []
            else:
                run.append(child)
        return "".join([*parts, self.write(run)])

    def _each(self, nodes: list[Node | str], breaks: bool) -> Iterator[str]:
        broken = False  # A line that ends in `<br>` has its break already.
        for node in nodes:
            if isinstance(node, str):
                text = escape(node, quote=False)
                if broken:
                    text = _REST_OF_LINE.sub("", text, count=1)
                yield _newlines(text, breaks)
            else:
                yield self._one(node, breaks)
            broken = isinstance(node, Node) and node.tag == "br"

    def _one(self, node: Node, breaks: bool) -> str:
        if node.tag == "br":
            return "<br>"
        inside = "".join(self._each(node.children, breaks))
        if node.tag == "a":
            return self._anchor(node, inside)
        if node.tag not in INLINE:
            return f"<br>{inside}<br>" if inside.strip() else ""
        if node.tag == "q":
            return f"“{inside}”"
        written = _WRITTEN.get(node.tag)
        return f"<{written}>{inside}</{written}>" if written and inside else inside

    def _anchor(self, node: Node, inside: str) -> str:
        if "wp-block-file__button" in node.get("class"):
            return ""  # “Download”, beside the same file's name.
        href = self._link(node.get("href")) if node.get("href") else ""
        if not href or not inside.strip():
            return inside
        return f'<a href="{escape(href)}">{inside}</a>'


def _opened(node: Node) -> Iterator[Node | str]:
    """Yield the children of a list entry, a wrapper around nested lists opened."""
    for child in node.children:
        if (
            isinstance(child, Node)
            and child.tag in ("div", "p", "span")
            and any(child.every("ul", "ol"))
        ):
            yield from _opened(child)
        else:
            yield child


def _newlines(text: str, breaks: bool) -> str:
    if breaks:
        return re.sub(r"[ \t]*\n[ \t]*", "<br>", text)
    return re.sub(r"[ \t\r\n\f]+", " ", text)
