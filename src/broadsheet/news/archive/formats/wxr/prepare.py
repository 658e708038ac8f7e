"""What has to happen to a post's text before it is read as markup."""

from __future__ import annotations

import re

from . import embeds, shortcodes
from .notes import Notes

_BLOCK = re.compile(r"<!--\s*(/?)wp:([a-z0-9][a-z0-9/_-]*)(.*?)(/?)\s*-->", re.S)
_PAGE = re.compile(r"<!--\s*nextpage\s*-->")
_MORE = re.compile(r"<!--\s*(?:more\b.*?|noteaser)\s*-->", re.S)
_REFERENCE = re.compile(r'"ref"\s*:\s*(\d{1,18})')
_ALONE = re.compile(r"(?m)^[ \t\xa0]*(https?://[^\s<>\"\[\]]{4,1900})[ \t\xa0\r]*$")
_DOUBLE = re.compile(r"&amp;(#\d{2,6}|#x[0-9A-Fa-f]{2,5}|[a-zA-Z]{2,8}\d?);")
_ENTITIES = frozenset(
    "amp nbsp quot lt gt rsquo lsquo rdquo ldquo hellip ndash mdash apos pound euro "
    "copy reg eacute egrave".split()
)
_DATA = re.compile(r"""\ssrc\s*=\s*["']?data:image/""", re.I)
_DANGEROUS = (
    (re.compile(r"<script\b", re.I), "dropped a script"),
    (re.compile(r"<style\b", re.I), "dropped a style sheet"),
    (re.compile(r"<[^>]{0,2000}\son[a-z]{3,20}\s*=", re.I), "dropped an event handler"),
    (re.compile(r"(?:href|src)\s*=\s*[\"']?\s*javascript:", re.I), "dropped a script"),
    (re.compile(r"<form\b", re.I), "took a form apart; its words were kept"),
    (_DATA, "dropped a picture that was written into the text"),
)


def has_blocks(content: str) -> bool:
    """Tell whether the block editor wrote this; the old one leaves paragraphs bare."""
    return "<!-- wp:" in content


def prepared(content: str, notes: Notes) -> str:
    """Return `content` with block marks, page breaks and shortcodes resolved."""
    content = content.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    for pattern, sentence in _DANGEROUS:
        if pattern.search(content):
            notes.add(sentence)
    content = _MORE.sub("\n\n", content)
    content, pages = _PAGE.subn("\n\n", content)
    if pages:
        notes.add(f"joined a story of {pages + 1} pages")
    if "wp:" in content:
        content = _BLOCK.sub(lambda match: _block(match, notes), content)
    content = shortcodes.expand(content, notes)
    content = _ALONE.sub(_alone, content)
    return _DOUBLE.sub(lambda match: _double(match, notes), content)


def _block(match: re.Match[str], notes: Notes) -> str:
    _, name, inside, void = match.groups()
    if not void and not inside.rstrip().endswith("/"):
        return ""
    reference = _REFERENCE.search(inside)
    if name in ("block", "core/block") and reference:
        return f'\n\n<figure data-reusable="{reference[1]}"></figure>\n\n'
    notes.add(f"dropped the block “{name[:60]}”, which WordPress fills by itself")
    return ""


def _alone(match: re.Match[str]) -> str:
    return f"\n\n{match[1]}\n\n" if embeds.is_embeddable(match[1]) else match[0]


def _double(match: re.Match[str], notes: Notes) -> str:
    if match[1][0] != "#" and match[1] not in _ENTITIES:
        return match[0]
    notes.add("mended an entity that was encoded twice")
    return f"&{match[1]};"
