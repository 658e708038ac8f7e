"""
Proofs: a story as it would be printed, before it is.

How a page is printed is a surface's knowledge, and the surfaces are upstairs. So the
printer is handed in once, by `main.wiring`, and the desk's preview shows the very page
that readers would get, wall and all, not a likeness of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..rules import Block, StoryPage


@dataclass(frozen=True, slots=True)
class Proof:
    """One rendering of a story that need not be stored. `lead` is the cut one's body."""

    story: StoryPage
    section: str
    blocks: tuple[Block, ...]
    lead: tuple[Block, ...]
    cut: bool


Printer = Callable[[Proof], bytes]


class NoPrinter(Exception):
    """Nobody was wired to print proofs. A fault of ours; do not try again."""


_printers: list[Printer] = []


def print_proofs_with(printer: Printer) -> None:
    """Say who prints what the desk previews. Called once, by `main.wiring`."""
    _printers[:] = [printer]


def pull(proof: Proof) -> bytes:
    """Return the page of `proof`. Raise `NoPrinter`."""
    if not _printers:
        raise NoPrinter
    return _printers[0](proof)
