"""Charts, vehicles, rooms and objects for the demo paper's pictures."""

from __future__ import annotations

import math

from .canvas import Canvas
from .places import city


def chart(c: Canvas, drift: float) -> None:
    c.sky(c.ink.paper, c.ink.paper)
    for i in range(8):
        c.line([(0.06, 0.14 + i * 0.1), (0.94, 0.14 + i * 0.1)], 0.0016, c.ink.low)
    points, y = [], 0.5 + drift * 0.3
    for i in range(60):
        points.append((0.06 + i * 0.88 / 59, min(0.86, max(0.12, y))))
        y += c.chance.gauss(-drift * 0.008, 0.016)
    c.polygon([*points, (0.94, 0.9), (0.06, 0.9)], c.ink.low)
    c.line(points, 0.012, c.ink.accent)
    c.disc(*points[-1], 0.02, c.ink.near)
    c.box(0.06, 0.9, 0.88, 0.004, c.ink.near)


def stadium(c: Canvas) -> None:
    c.sky()
    for row in range(9):
        y = 0.34 + row * 0.035
        for i in range(60):
            c.disc(i / 59 + 0.004 * (row % 2), y, 0.011,
                   c.chance.choice((c.ink.far, c.ink.paper, c.ink.accent, c.ink.middle)))  # fmt: skip
    c.box(0, 0.64, 1, 0.36, c.ink.middle)
    c.polygon([(0.4, 0.66), (0.6, 0.66), (0.72, 1), (0.28, 1)], c.ink.low)
    for x in (0.06, 0.94):
        c.line([(x, 0.64), (x, 0.1)], 0.014, c.ink.near)
        c.box(x - 0.05, 0.05, 0.1, 0.08, c.ink.paper)
    c.person(0.48, 0.9, 0.3, c.ink.near)
    c.line([(0.5, 0.7), (0.56, 0.84)], 0.014, c.ink.accent)
    c.disc(0.66, 0.58, 0.016, c.ink.accent)


def railway(c: Canvas) -> None:
    c.sky()
    c.sun(0.2, 0.26, 0.06)
    c.ridge(0.46, 0.06, c.ink.far)
    c.ridge(0.66, 0.02, c.ink.middle)
    for i in range(7):
        c.box(0.02 + i * 0.14, 0.66, 0.024, 0.3, c.ink.near)
    c.box(0, 0.63, 1, 0.04, c.ink.near)
    for i in range(5):
        x = 0.1 + i * 0.165
        c.box(x, 0.5, 0.155, 0.115, c.ink.accent)
        for window in range(5):
            c.box(x + 0.012 + window * 0.028, 0.525, 0.02, 0.04, c.ink.paper)
    c.polygon([(0.925, 0.5), (0.97, 0.56), (0.97, 0.615), (0.925, 0.615)], c.ink.accent)


def bus(c: Canvas) -> None:
    city(c)
    c.box(0.16, 0.46, 0.68, 0.4, c.ink.accent)
    c.box(0.16, 0.65, 0.68, 0.025, c.ink.paper)
    for deck in (0.5, 0.7):
        for i in range(7):
            c.box(0.19 + i * 0.09, deck, 0.07, 0.1, c.ink.near)
            c.disc(0.225 + i * 0.09, deck + 0.06, 0.026, c.ink.low)
    for x in (0.28, 0.72):
        c.disc(x, 0.87, 0.06, c.ink.near)
        c.disc(x, 0.87, 0.025, c.ink.paper)


def airport(c: Canvas) -> None:
    c.sky()
    c.sun(0.8, 0.62, 0.14)
    c.polygon(
        [(0.14, 0.44), (0.78, 0.3), (0.86, 0.33), (0.82, 0.39), (0.2, 0.5)], c.ink.paper
    )
    c.polygon([(0.46, 0.41), (0.6, 0.37), (0.42, 0.66), (0.36, 0.66)], c.ink.far)
    c.polygon([(0.16, 0.45), (0.1, 0.28), (0.15, 0.28), (0.25, 0.42)], c.ink.accent)
    c.ridge(0.88, 0.01, c.ink.near)


def birds(c: Canvas) -> None:
    c.sky(c.ink.low, c.ink.paper)
    for y in (0.3, 0.52, 0.74):
        c.line([(0, y), (0.5, y + 0.04), (1, y)], 0.005, c.ink.near)
        for _ in range(8):
            x = c.chance.uniform(0.04, 0.96)
            wire = y + 0.04 * (1 - abs(x - 0.5) * 2)
            fill = c.chance.choice((c.ink.near, c.ink.middle, c.ink.accent))
            c.disc(x, wire - 0.03, 0.028, fill)
            c.disc(x + 0.014, wire - 0.058, 0.017, fill)
            c.polygon(
                [
                    (x - 0.008, wire - 0.03),
                    (x - 0.04, wire + 0.01),
                    (x - 0.012, wire - 0.01),
                ],
                fill,
            )


def circuit(c: Canvas) -> None:
    c.sky(c.ink.near, c.ink.middle)
    for _ in range(34):
        x, y = c.chance.randrange(20) / 20, c.chance.randrange(14) / 14
        points = [(x, y)]
        for _ in range(4):
            step = c.chance.choice(((0.1, 0), (0, 0.14), (0, -0.14), (0.05, 0.07)))
            points.append((points[-1][0] + step[0], points[-1][1] + step[1]))
        c.line(points, 0.006, c.ink.far)
        c.disc(*points[-1], 0.012, c.ink.accent)
    c.box(0.36, 0.3, 0.28, 0.4, c.ink.paper)
    c.box(0.4, 0.36, 0.2, 0.28, c.ink.near)


def phone(c: Canvas) -> None:
    c.sky(c.ink.low, c.ink.paper)
    for x, tilt in ((0.26, -0.03), (0.58, 0.03)):
        c.polygon(
            [
                (x + tilt, 0.16),
                (x + 0.18 + tilt, 0.16),
                (x + 0.18 - tilt, 0.86),
                (x - tilt, 0.86),
            ],
            c.ink.near,
        )
        c.polygon([(x + 0.012 + tilt, 0.2), (x + 0.168 + tilt, 0.2), (x + 0.168 - tilt, 0.82),
                   (x + 0.012 - tilt, 0.82)], c.ink.far)  # fmt: skip
    for i in range(5):
        c.disc(0.44 + i * 0.03, 0.5, 0.018, c.ink.accent)


def letters(c: Canvas) -> None:
    c.sky(c.ink.far, c.ink.middle)
    for i in range(3):
        x, y = 0.14 + i * 0.2, 0.14 + i * 0.1
        c.polygon(
            [(x, y), (x + 0.4, y + 0.03), (x + 0.37, y + 0.6), (x - 0.03, y + 0.57)],
            c.ink.paper,
        )
        for row in range(10):
            length = c.chance.uniform(0.2, 0.32)
            c.line([(x + 0.03, y + 0.08 + row * 0.046), (x + 0.03 + length, y + 0.095 + row * 0.046)],
                   0.006, c.ink.near if row else c.ink.accent)  # fmt: skip


def books(c: Canvas) -> None:
    c.sky(c.ink.middle, c.ink.near)
    for shelf in (0.46, 0.92):
        x = 0.04
        while x < 0.94:
            w, h = c.chance.uniform(0.018, 0.045), c.chance.uniform(0.24, 0.36)
            c.box(
                x,
                shelf - h,
                w - 0.003,
                h,
                c.chance.choice((c.ink.accent, c.ink.paper, c.ink.far, c.ink.low)),
            )
            c.box(x, shelf - h + 0.04, w - 0.003, 0.014, c.ink.near)
            x += w
        c.box(0, shelf, 1, 0.03, c.ink.near)


def theatre(c: Canvas) -> None:
    c.sky(c.ink.near, c.ink.middle)
    c.polygon([(0.5, -0.2), (0.72, 0.86), (0.28, 0.86)], c.ink.low)
    for i in range(9):
        for x in (i * 0.03, 0.73 + i * 0.03):
            c.box(x, 0, 0.028, 0.86, (c.ink.accent, c.ink.middle)[i % 2])
    c.box(0, 0.86, 1, 0.14, c.ink.near)
    c.person(0.5, 0.86, 0.4, c.ink.near)


def puppets(c: Canvas) -> None:
    theatre(c)
    for x in (0.38, 0.62):
        for string in (-0.03, 0, 0.03):
            c.line([(x + string * 1.6, 0), (x + string, 0.5)], 0.003, c.ink.paper)
        c.person(x, 0.84, 0.34, c.ink.accent)
        c.line([(x - 0.05, 0.52), (x, 0.62), (x + 0.05, 0.52)], 0.014, c.ink.accent)


def chess(c: Canvas) -> None:
    c.sky(c.ink.low, c.ink.paper)
    for row in range(8):
        for column in range(8):
            c.box(0.18 + column * 0.08, 0.04 + row * 0.118, 0.08, 0.118,
                  (c.ink.paper, c.ink.middle)[(row + column) % 2])  # fmt: skip
    for _ in range(13):
        x, y = 0.22 + c.chance.randrange(8) * 0.08, 0.1 + c.chance.randrange(8) * 0.118
        c.disc(x, y, 0.038, c.ink.near)
        c.disc(x, y, 0.026, c.chance.choice((c.ink.accent, c.ink.near, c.ink.far)))


def food(c: Canvas) -> None:
    c.sky(c.ink.middle, c.ink.near)
    c.disc(0.5, 0.54, 0.4, c.ink.paper)
    c.disc(0.5, 0.54, 0.37, c.ink.low)
    for i in range(7):
        angle = math.tau * i / 7
        c.disc(
            0.5 + 0.17 * math.cos(angle),
            0.54 + 0.25 * math.sin(angle),
            0.085,
            c.ink.near,
        )
        c.disc(0.5 + 0.17 * math.cos(angle), 0.54 + 0.25 * math.sin(angle), 0.07,
               (c.ink.accent, c.ink.far, c.ink.middle)[i % 3])  # fmt: skip
    c.disc(0.5, 0.54, 0.12, c.ink.paper)
