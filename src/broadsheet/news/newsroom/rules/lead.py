"""
The lead-in of a cut story: its first whole sentences.

What a reader without the right gets to read is decided here alone, so every rule errs
on the side of showing less: a doubtful full stop is not an end, and the last sentence
of a story is never part of its lead-in.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from .blocks import Block

# Full stops after these do not end a sentence. Lower case, without the stop.
ABBREVIATIONS = frozenset(
    "mr mrs ms mx dr prof rev fr sr jr st smt shri sri km kum hon gov gen lt col maj "
    "capt cdr adm brig sgt cpl pvt sen rep pres supt insp rs re no nos vol fig p pp "
    "vs v cf etc eg ie al inc ltd llp co corp pvt bros dept est approx ca min max "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun "
    "art sec cl ch cr lakh mt ft ave rd blvd govt".split()
)
_STOP = re.compile(r"[.!?…।॥؟]+[\"'”’»)\]]*(?=\s|$)")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘«—–-]*$")
_VOID = frozenset({"br", "img", "hr", "wbr"})


def sentence_ends(text: str) -> list[int]:
    """Return the offset just after each sentence of `text`; the last is its length."""
    ends = [stop.end() for stop in _STOP.finditer(text) if _ends(text, stop)]
    length = len(text.rstrip())
    return ends if ends and ends[-1] == length or not length else [*ends, length]


def _ends(text: str, stop: re.Match[str]) -> bool:
    rest = text[stop.end() :].lstrip()
    if not rest:
        return True
    if rest[0].islower():  # "…", he said. / Rs. five crore
        return False
    if set(stop.group()) & set("!?।॥؟"):
        return True
    if not stop.group().startswith("."):
        return True
    word = _last_word(text, stop.start())
    return not (len(word) == 1 or "." in word or word.lower() in ABBREVIATIONS)


def _last_word(text: str, end: int) -> str:
    # No word of any language is longer; a bounded look back keeps this linear.
    match = _LAST_WORD.search(text[max(0, end - 40) : end])
    return match.group() if match else ""


def lead_in(
    blocks: Sequence[Block], least: int = 50, most: int = 100
) -> tuple[Block, ...]:
    """
    Return the first whole sentences of the first paragraphs: at least `least` words
    where sentences allow it, never more than `most`. A first sentence longer than
    `most` is cut at a word, with an ellipsis; the last sentence is always withheld.
    """
    texts = [_Text.of(b.data["html"]) for b in blocks if b.kind == "paragraph"]
    texts = [text for text in texts if text.plain.strip()]
    sentences = list(_sentences(texts))
    if not sentences:
        return ()
    first = sentences[0]
    if len(sentences) == 1 or first.words > most:
        few = most if len(sentences) > 1 else min(most, first.words // 2)
        return _clipped(texts[0], few)
    return _whole(texts, _choose(sentences[:-1], least, most))


@dataclass(frozen=True, slots=True)
class _Sentence:
    paragraph: int
    end: int
    words: int


def _sentences(texts: Sequence[_Text]) -> Iterator[_Sentence]:
    for number, text in enumerate(texts):
        start = 0
        for end in sentence_ends(text.plain):
            yield _Sentence(number, end, len(text.plain[start:end].split()))
            start = end


def _choose(sentences: Sequence[_Sentence], least: int, most: int) -> _Sentence:
    """Return the last sentence to show. The first one is known to fit."""
    last, words = sentences[0], sentences[0].words
    for sentence in sentences[1:]:
        if words >= least or words + sentence.words > most:
            break
        last, words = sentence, words + sentence.words
    return last


def _whole(texts: Sequence[_Text], last: _Sentence) -> tuple[Block, ...]:
    shown = [text.upto(len(text.plain)) for text in texts[: last.paragraph]]
    shown.append(texts[last.paragraph].upto(last.end))
    return tuple(Block("paragraph", {"html": markup}) for markup in shown)


def _clipped(text: _Text, words: int) -> tuple[Block, ...]:
    ends = [match.end() for match in re.finditer(r"\S+", text.plain)]
    if words < 1:
        return ()
    return (Block("paragraph", {"html": text.upto(ends[words - 1], "…")}),)


@dataclass(slots=True)
class _Text:
    """A paragraph as its plain text, and the tags by the offset they stand at."""

    plain: str = ""
    tags: list[tuple[int, str, str]] = field(default_factory=list)

    @staticmethod
    def of(markup: str) -> _Text:
        reader = _Reader()
        reader.feed(markup)
        reader.close()
        return reader.text

    def upto(self, end: int, tail: str = "") -> str:
        """Return the markup of the first `end` characters, every element closed."""
        parts: list[str] = []
        opened: list[str] = []
        done = 0
        for offset, name, tag in self.tags:
            if offset > end or (offset == end and not tag.startswith("</")):
                break
            parts.append(html.escape(self.plain[done:offset], quote=False))
            done = offset
            if _keep(name, tag, opened):
                parts.append(tag)
        parts.append(html.escape(self.plain[done:end], quote=False) + tail)
        parts.extend(f"</{name}>" for name in reversed(opened))
        return "".join(parts).strip()


def _keep(name: str, tag: str, opened: list[str]) -> bool:
    """Follow `tag` on the stack of open elements; return whether it nests."""
    if name in _VOID:
        return not tag.startswith("</")
    if not tag.startswith("</"):
        opened.append(name)
        return True
    if opened and opened[-1] == name:
        opened.pop()
        return True
    return False  # A stray end tag; what is still open is closed at the end.


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = _Text()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        raw = self.get_starttag_text() or ""
        if tag in ("br", "p"):
            self.text.plain += "\n" if self.text.plain else ""
        if tag != "p":  # A lead-in's paragraph is inline markup.
            self.text.tags.append((len(self.text.plain), tag, raw))

    def handle_endtag(self, tag: str) -> None:
        if tag != "p":
            self.text.tags.append((len(self.text.plain), tag, f"</{tag}>"))

    def handle_data(self, data: str) -> None:
        self.text.plain += data
