"""
A post's markup as a small tree.

nh3 first reads it as a browser would, closes what is open, and drops what could run;
what it returns is well-formed, so that building a tree from it holds no surprises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import nh3

DEPTH_LIMIT = 80  # Deeper elements lose their tags, never their words.

INLINE = frozenset(
    "a abbr acronym b bdo bdi big br cite code data del dfn em font i ins kbd label "
    "mark q s samp small span strike strong sub sup time tt u var wbr button img "
    "ruby rt rp rb".split()
)
MEDIA = frozenset("iframe embed object video audio".split())
_BLOCKS = frozenset(
    "p div section article aside header footer main nav center address figure "
    "figcaption h1 h2 h3 h4 h5 h6 blockquote ul ol li dl dt dd pre hr table caption "
    "thead tbody tfoot tr th td details summary form fieldset source param".split()
)
_VOID = frozenset("br hr img wbr embed param source".split())
# Word processors leave these behind. Joiners are not among them: Hindi needs them.
_UNSEEN_MARKS = re.compile("[\u200b\u2060\ufeff]")
_UNSEEN = {"script", "style", "noscript", "template", "svg", "head", "title"}
_ATTRIBUTES = {
    "a": {"href", "class"},
    "img": {
        *("src", "alt", "class", "width", "height", "title"),
        *("data-src", "data-lazy-src", "data-orig-file", "data-id"),
    },
    "figure": {"class", "data-id", "data-gallery", "data-reusable"},
    "div": {"class", "id"},
    "span": {"class"},
    "p": {"class"},
    "ul": {"class"},
    "blockquote": {"class"},
    "iframe": {"src", "title", "data-src", "data-lazy-src"},
    "embed": {"src"},
    "object": {"data"},
    "param": {"name", "value"},
    "video": {"src"},
    "audio": {"src"},
    "source": {"src"},
}


@dataclass(slots=True)
class Node:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    def classes(self) -> list[str]:
        return self.get("class").split()

    def every(self, *tags: str) -> Iterator[Node]:
        """Yield the nodes below this one that have one of `tags`, in order."""
        for child in self.children:
            if isinstance(child, Node):
                if child.tag in tags:
                    yield child
                yield from child.every(*tags)

    def text(self) -> str:
        return words_of(self.children)


def words_of(nodes: list[Node | str]) -> str:
    """Return what a reader sees of `nodes`, white space collapsed."""
    return " ".join(_UNSEEN_MARKS.sub("", "".join(_pieces(nodes))).split())


def _pieces(nodes: list[Node | str]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
            continue
        apart = " " if node.tag not in INLINE or node.tag in ("br", "img") else ""
        yield apart
        yield from _pieces(node.children)
        yield apart


def count_words(text: str) -> int:
    """Return how many words `text` has. A bare address is none: it may be an embed."""
    return sum(not word.startswith(("http://", "https://")) for word in text.split())


def parse(markup: str) -> Node:
    """Return a root `div` over `markup`."""
    clean = nh3.clean(
        markup,
        tags=set(INLINE | MEDIA | _BLOCKS),
        clean_content_tags=_UNSEEN,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )
    builder = _Builder()
    builder.feed(clean)
    builder.close()
    return builder.root


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("div")
        self._open = [self.root]
        self._skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        if tag in _VOID:
            self._open[-1].children.append(node)
        elif len(self._open) >= DEPTH_LIMIT:
            self._skipped.append(tag)
        else:
            self._open[-1].children.append(node)
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            self._skipped.pop()
        elif len(self._open) > 1 and self._open[-1].tag == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        children = self._open[-1].children
        if children and isinstance(children[-1], str):
            children[-1] += data
        else:
            children.append(data)
