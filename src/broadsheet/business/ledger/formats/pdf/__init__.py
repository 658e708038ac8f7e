"""
A document as PDF, set by Typst: tagged, with every script of India shaped as its readers
write it. The same document gives the same bytes.

What people wrote reaches the typesetter as data, never as source: a name cannot be
markup. It reads our own page and our own type, and nothing else of the machine.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from functools import cache
from pathlib import Path

import typst

from ..wording import Document

HERE = Path(__file__).parent
# A typesetter keeps what it has read, and is not made for two threads at once.
_turn = threading.Lock()


def draw(document: Document) -> bytes:
    """Return the document as PDF. Some 30 ms of a core; the first one, half a second."""
    data = json.dumps(asdict(document), ensure_ascii=False, sort_keys=True)
    with _turn:
        drawn = _typesetter().compile(
            format="pdf", sys_inputs={"document": data}, timestamp=0
        )
    assert isinstance(drawn, bytes)  # noqa: S101  One format is one file.
    return drawn


@cache
def _typesetter() -> typst.Compiler:
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[HERE / "fonts"],
    )
    return typst.Compiler(HERE / "page.typ", root=HERE, font_paths=fonts)
