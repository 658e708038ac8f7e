"""Pictures, galleries, players, tables: everything that is not running text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING

from . import embeds, pictures
from .pieces import Shot
from .tree import MEDIA, Node, count_words, words_of

if TYPE_CHECKING:
    from .flow import Flow

TITLE_LIMIT = 240
_NESTING_LIMIT = 3  # Reusable blocks may hold reusable blocks, even themselves.
_URL = re.compile(r"https?://\S{4,1900}")


# --- Embeds -----------------------------------------------------------------------


def show_embed(flow: Flow, url: str, caption: str, hidden: str = "") -> None:
    """Show what `url` plays; `hidden` is a title that readers did not see there."""
    url = url.strip()
    if url.startswith("/") and not url.startswith("//"):
        url = flow.around.link(url)
    url = embeds.canonical(url)
    if not url:
        flow.notes.add("dropped an embed that has no address")
        _words(flow, caption)
        return
    who = embeds.provider(url)
    said = 0 < len(caption) <= TITLE_LIMIT
    title = caption if said else (hidden[:TITLE_LIMIT] or who)
    flow.add("embed", url=url, provider=who, title=title, said=said)
    if not said:
        _words(flow, caption)


def player(flow: Flow, node: Node) -> None:
    """An iframe, or one of the older ways to show what another site plays."""
    show_embed(flow, _player_url(node), "", node.get("title").strip())
    if node.text():
        flow.walk(node.children)


def _player_url(node: Node) -> str:
    for name in ("data-src", "data-lazy-src", "src", "data"):
        if node.get(name):
            return node.get(name)
    for child in node.every("source", "embed", "param"):
        if child.tag != "param":
            return child.get("src")
        if child.get("name").lower() in ("movie", "src"):
            return child.get("value")
    return ""


def show_players(flow: Flow, node: Node) -> None:
    """Show every player inside a list or a table, where none can stay."""
    for one in node.every(*MEDIA):
        show_embed(flow, _player_url(one), "", one.get("title").strip())


def _words(flow: Flow, words: str) -> None:
    if words:
        flow.add("paragraph", html=escape(words, quote=False))


# --- Pictures ---------------------------------------------------------------------


def figure(flow: Flow, node: Node) -> None:
    if node.get("data-gallery"):
        _gallery_of_ids(flow, node.get("data-gallery"))
    elif node.get("data-reusable"):
        _reusable(flow, node)
    elif is_gallery(node):
        show_gallery(flow, node)
    elif any(node.every("table")):
        _captioned_table(flow, node)
    elif any(node.every("blockquote", "pre", "ul", "ol")):
        flow.walk(node.children)
    elif any(node.every(*MEDIA)):
        _captioned_player(flow, node)
    elif any(node.every("img")):
        _picture(flow, node)
    else:
        _embed_block(flow, node)


def _picture(flow: Flow, node: Node) -> None:
    caption = _caption(flow, node)
    before, after = flow.shots(node.children)
    shots = before + after
    if len(shots) == 1:
        shot = shots[0]
        number = shot.attachment or pictures.figure_attachment(node)
        flow.show([Shot(shot.url, number, shot.alt, caption)])
    else:
        flow.show(shots)
        _words(flow, caption)
    _rest(flow, node)


def _rest(flow: Flow, node: Node) -> None:
    """Keep words that stand in a figure but in no caption."""
    words = words_of(_without(node, "figcaption"))
    if words:
        _words(flow, words)


def _caption(flow: Flow, node: Node) -> str:
    """Return the caption's words; too long a caption becomes a paragraph after it."""
    captions = [one for one in node.every("figcaption") if one.text()]
    words = " ".join(one.text() for one in captions)
    if any(link.get("href") for one in captions for link in one.every("a")):
        flow.notes.add("a picture's caption lost its links; its words were kept")
    return words


def _captioned_player(flow: Flow, node: Node) -> None:
    caption = _caption(flow, node)
    players = list(node.every(*MEDIA))
    for number, one in enumerate(players):
        said = caption if number == 0 else ""
        show_embed(flow, _player_url(one), said, one.get("title").strip())
    _rest(flow, node)


def _embed_block(flow: Flow, node: Node) -> None:
    caption = _caption(flow, node)
    url = words_of(_without(node, "figcaption"))
    if _URL.fullmatch(url) and "wp-block-embed" in node.get("class"):
        show_embed(flow, url, caption)
    else:
        flow.walk(node.children)


def _without(node: Node, tag: str) -> list[Node | str]:
    """Return a copy of `node`'s children in which no `tag` is left."""
    kept: list[Node | str] = []
    for child in node.children:
        if isinstance(child, str):
            kept.append(child)
        elif child.tag != tag:
            kept.append(Node(child.tag, child.attributes, _without(child, tag)))
    return kept


# --- Galleries --------------------------------------------------------------------


def is_gallery(node: Node) -> bool:
    images = [one for one in node.every("img") if not pictures.is_smiley(one)]
    if not images or any(node.every(*MEDIA, "table")):
        return False
    if node.tag == "figure" and len(images) == 1 and "gallery" not in node.get("class"):
        return False
    return not words_of(_without(node, "figcaption"))


def show_gallery(flow: Flow, node: Node) -> None:
    shots: list[Shot] = []
    seen: list[Node] = []
    for one, caption in _framed(node):
        shot = pictures.shot(one, caption.text() if caption else "")
        if caption is not None:
            seen.append(caption)
        if not pictures.is_pixel(one) and (shot.url or shot.attachment):
            shots.append(shot)
    add_gallery(flow, shots)
    for caption in node.every("figcaption"):
        if not any(caption is one for one in seen):
            _words(flow, caption.text())


def _framed(node: Node) -> Iterator[tuple[Node, Node | None]]:
    """Yield each picture with the caption in the same figure or list entry."""
    frames = [
        one
        for one in node.every("figure", "li", "dl")
        if len(list(one.every("img"))) == 1
    ]
    taken: list[Node] = []
    for image in node.every("img"):
        caption = None
        for frame in frames:
            if any(one is image for one in frame.every("img")):
                captions = list(frame.every("figcaption"))
                caption = captions[0] if captions else None
                break
        if caption is not None and any(caption is one for one in taken):
            caption = None
        if caption is not None:
            taken.append(caption)
        yield image, caption


def _gallery_of_ids(flow: Flow, ids: str) -> None:
    if ids == "all":
        shots = list(flow.around.children())
    else:
        shots = list(flow.around.gallery([int(one) for one in ids.split(",")]))
    if shots:
        flow.notes.borrowed += sum(count_words(shot.caption) for shot in shots)
        add_gallery(flow, shots)
    else:
        flow.notes.add("dropped a gallery whose pictures are not in the export")


def add_gallery(flow: Flow, shots: list[Shot]) -> None:
    if len(shots) == 1:
        flow.show(shots)
    elif shots:
        flow.add("gallery", shots=tuple(shots))


def _reusable(flow: Flow, node: Node) -> None:
    number = node.get("data-reusable")
    content = flow.around.reusable(int(number)) if flow.nesting < _NESTING_LIMIT else ""
    if not content:
        flow.notes.add("dropped a reusable block that is not in the export")
        return
    flow.pieces.extend(flow.again(content))


# --- Tables -----------------------------------------------------------------------


def _captioned_table(flow: Flow, node: Node) -> None:
    """The editor puts a table's caption behind it; the table takes it back."""
    tables = list(node.every("table"))
    captions = [one for one in node.every("figcaption") if one.text()]
    if len(tables) == 1 and captions and not any(tables[0].every("caption")):
        words: list[Node | str] = [one.text() for one in captions]
        tables[0].children.insert(0, Node("caption", {}, words))
        flow.walk(_without(node, "figcaption"))
    else:
        flow.walk(node.children)


def table(flow: Flow, node: Node) -> None:
    show_players(flow, node)
    before, after = flow.shots(node.children)
    flow.show(before + after)
    lines = list(_lines(node))
    rows = [[cell.text() for cell in line] for line in lines]
    rows = [row for row in rows if any(row)]
    caption = " ".join(one.text() for one in node.every("caption"))
    if not rows:
        _words(flow, caption)
        return
    if any(cell.get("colspan") or cell.get("rowspan") for row in lines for cell in row):
        flow.notes.add("a table's joined cells were taken apart")
    if any(any(cell.every("a", "ul", "ol", "table")) for row in lines for cell in row):
        flow.notes.add("a table's cells lost links or lists; their words were kept")
    width = max(len(row) for row in rows)
    header = bool(lines) and all(cell.tag == "th" for cell in lines[0])
    flow.add(
        "table",
        rows=[row + [""] * (width - len(row)) for row in rows],
        header=header,
        caption=caption,
    )


def _lines(node: Node) -> Iterator[list[Node]]:
    """Yield the rows of this table, not those of a table inside a cell."""
    for child in node.children:
        if not isinstance(child, Node):
            continue
        if child.tag == "tr":
            yield [
                one
                for one in child.children
                if isinstance(one, Node) and one.tag in ("td", "th")
            ]
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from _lines(child)


ELEMENTS: Mapping[str, Callable[[Flow, Node], None]] = {
    "figure": figure,
    "table": table,
    **dict.fromkeys(MEDIA, player),
}
