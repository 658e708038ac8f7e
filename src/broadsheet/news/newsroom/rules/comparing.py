"""What differs between two texts, word by word, as an editor wants to see it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from .blocks import READ, Block, plain

KEPT, GONE, NEW = "kept", "gone", "new"
_ADDRESS = re.compile(r'<a\b[^>]*\bhref="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Run:
    """Some words that were kept, are gone, or are new."""

    kind: str
    text: str


Difference = tuple[Run, ...]  # One line that differs.


def words_of(blocks: Iterable[Block]) -> list[str]:
    """Return a body as lines, a block each; links and pictures are told in words."""
    return [_line(block) for block in blocks]


def _line(block: Block) -> str:
    read = READ.get(block.kind)
    if read is None:
        return f"[{block.kind}: {_told(block.data)}]"
    markup = [str(block.data.get(part, "")) for part in read]
    links = [f"⟨{href}⟩" for each in markup for href in _ADDRESS.findall(each)]
    return " ".join([*filter(None, map(plain, markup)), *links])


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(_told(each) for each in value.values() if each)
    if isinstance(value, list | tuple):
        return ", ".join(_told(each) for each in value)
    return str(value)


def differences(before: Sequence[str], after: Sequence[str]) -> tuple[Difference, ...]:
    """Return the lines that differ, each as runs of words; equal lines are left out."""
    found: list[Difference] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            found += _lines(before[a:b], after[c:d])
    return tuple(found)


def _lines(gone: Sequence[str], new: Sequence[str]) -> Iterator[Difference]:
    paired = min(len(gone), len(new))
    for old, young in zip(gone[:paired], new[:paired], strict=True):
        yield tuple(_runs(old.split(), young.split()))
    yield from ((Run(GONE, line),) for line in gone[paired:])
    yield from ((Run(NEW, line),) for line in new[paired:])


def _runs(before: list[str], after: list[str]) -> Iterator[Run]:
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            yield Run(KEPT, " ".join(before[a:b]))
            continue
        if a < b:
            yield Run(GONE, " ".join(before[a:b]))
        if c < d:
            yield Run(NEW, " ".join(after[c:d]))
