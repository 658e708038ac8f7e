"""
How an edge learns what was decided: it asks with a `Told` in the scope, where no client
can put one, and the gate writes into it on its way.
"""

from __future__ import annotations

from dataclasses import dataclass

from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import Decision, Reading

from .remembered import Printed
from .request import Scope

KEY = "broadsheet.gate.told"


@dataclass(slots=True)
class Told:
    """`left`: the gate has no page for this and left it to the application."""

    reading: Reading | None = None
    decision: Decision | None = None
    etag: bytes = b""
    reader: bool = False
    left: bool = False


def tell(
    scope: Scope,
    reading: Reading,
    shown: Printed | Decision,
    visitor: Visitor | None = None,
) -> None:
    """Tell the asking edge, if an edge asks. For all others this is one look-up."""
    told: Told | None = scope.get(KEY)
    if told is None:
        return
    told.reading = reading
    told.reader = visitor is not None and visitor.reader is not None
    if isinstance(shown, Decision):
        told.decision = shown
    else:
        told.decision, told.etag = shown.decision, shown.etag
