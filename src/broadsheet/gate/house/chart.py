"""Two bars a day, as SVG is told them. No script, no style: the desk's sheet has those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

HEIGHT = 160  # Of the tallest bar.
DAY = 28  # Of two bars and the space after them.
BAR = 10
LEFT = 40  # Room for the scale.
BELOW = 34  # Room for the days,
RIGHT = 14  # also for half of the last one's name.


@dataclass(frozen=True, slots=True)
class Bar:
    kind: str  # "was" or "would"
    x: int
    y: int
    height: int
    walls: int
    day: date


@dataclass(frozen=True, slots=True)
class Mark:
    """A day under the bars; every one that has room."""

    x: int
    day: date


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    height: int
    base: int
    most: int
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]


def chart(days: Sequence[tuple[date, int, int]]) -> Chart:
    """Return the chart of (day, walls as they were, walls as they would be)."""
    most = max((max(was, would) for _, was, would in days), default=0)
    bars = []
    for place, (day, was, would) in enumerate(days):
        for side, kind, walls in ((0, "was", was), (1, "would", would)):
            tall = HEIGHT * walls // most if most else 0
            x = LEFT + place * DAY + side * BAR
            bars.append(Bar(kind, x, HEIGHT - tall, tall, walls, day))
    step = 2 if len(days) > 2 else 1  # A day's name is wider than its bars.
    marks = [
        Mark(LEFT + place * DAY + BAR, day)
        for place, (day, *_) in enumerate(days)
        if place % step == 0
    ]
    width = LEFT + max(1, len(days)) * DAY + RIGHT
    return Chart(width, HEIGHT + BELOW, HEIGHT, most, tuple(bars), tuple(marks))
