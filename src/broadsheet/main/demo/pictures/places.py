"""Landscapes and buildings for the demo paper's pictures."""

from __future__ import annotations

import math

from .canvas import Canvas


def hills(c: Canvas) -> None:
    c.sky()
    c.sun(c.chance.uniform(0.2, 0.8), 0.34, 0.09)
    c.ridge(0.5, 0.05, c.ink.far)
    c.ridge(0.63, 0.05, c.ink.middle)
    c.ridge(0.82, 0.04, c.ink.near)


def mountains(c: Canvas) -> None:
    c.sky()
    c.sun(0.78, 0.2, 0.05)
    for fill, top, step in ((c.ink.far, 0.22, 0.26), (c.ink.middle, 0.42, 0.2)):
        x = -0.2
        while x < 1.1:
            peak = top + c.chance.uniform(0, 0.14)
            c.polygon([(x, 1), (x + step, peak), (x + 2 * step, 1)], fill)
            snow = 0.10
            c.polygon(
                [(x + step, peak), (x + step * (1 - snow), peak + snow * (1 - peak)),
                 (x + step * 0.98, peak + 0.05), (x + step * (1 + snow), peak + snow * (1 - peak))],
                c.ink.paper,
            )  # fmt: skip
            x += step * c.chance.uniform(0.7, 1.1)
    c.ridge(0.86, 0.02, c.ink.near)


def village(c: Canvas) -> None:
    hills(c)
    for _ in range(9):
        x, y, w = c.chance.uniform(0.1, 0.85), c.chance.uniform(0.76, 0.86), 0.05
        c.box(x, y, w, 0.055, c.ink.paper)
        c.polygon(
            [(x - 0.01, y), (x + w / 2, y - 0.05), (x + w + 0.01, y)], c.ink.accent
        )
    for _ in range(6):
        palm(c, c.chance.uniform(0.03, 0.97), 0.9, c.chance.uniform(0.2, 0.32))


def palm(c: Canvas, x: float, foot: float, height: float) -> None:
    top = (x + 0.02, foot - height)
    c.line([(x, foot), (x + 0.006, foot - height / 2), top], 0.012, c.ink.near)
    for angle in range(-160, 200, 40):
        reach = 0.06
        tip = (top[0] + reach * math.cos(math.radians(angle)),
               top[1] + reach * 0.9 * math.sin(math.radians(angle)) + 0.02)  # fmt: skip
        c.line(
            [top, ((top[0] + tip[0]) / 2, min(top[1], tip[1]) - 0.01), tip],
            0.012,
            c.ink.near,
        )


def fields(c: Canvas) -> None:
    c.sky()
    c.sun(0.3, 0.28, 0.08)
    c.ridge(0.48, 0.02, c.ink.far)
    for i in range(15):
        left, right = -1.2 + i * 0.24, -1.2 + (i + 0.5) * 0.24
        c.polygon(
            [(0.5, 0.5), (left, 1), (right, 1)], (c.ink.middle, c.ink.near)[i % 2]
        )
    c.person(0.68, 0.78, 0.16, c.ink.accent)


def dam(c: Canvas) -> None:
    c.sky()
    c.ridge(0.36, 0.08, c.ink.far)
    c.polygon([(0.1, 0.42), (0.9, 0.42), (0.78, 0.86), (0.22, 0.86)], c.ink.paper)
    for i in range(7):
        x = 0.2 + i * 0.093
        c.box(x, 0.42, 0.02, 0.06, c.ink.middle)
        c.polygon(
            [(x, 0.5), (x + 0.03, 0.5), (0.5 + (x - 0.5) * 0.78, 0.86)], c.ink.far
        )
    c.water(0.84, c.ink.middle, c.ink.paper)
    c.ridge(0.95, 0.02, c.ink.near)


def sea(c: Canvas) -> None:
    c.sky()
    c.sun(0.5, 0.46, 0.12)
    c.water(0.52, c.ink.middle, c.ink.low)
    for _ in range(3):
        boat(c, c.chance.uniform(0.1, 0.9), c.chance.uniform(0.6, 0.85))


def boat(c: Canvas, x: float, y: float) -> None:
    size = 0.3 * (y - 0.45)
    c.polygon([(x - size, y), (x + size, y), (x + size * 0.7, y + size * 0.4),
               (x - size * 0.7, y + size * 0.4)], c.ink.near)  # fmt: skip
    c.polygon(
        [(x, y - size * 2.4), (x + size * 0.8, y - 0.01), (x, y - 0.01)], c.ink.paper
    )
    c.line([(x, y), (x, y - size * 2.5)], 0.006, c.ink.near)


def backwater(c: Canvas) -> None:
    c.sky()
    c.sun(0.72, 0.4, 0.1)
    c.ridge(0.5, 0.02, c.ink.far)
    c.water(0.55, c.ink.middle, c.ink.low)
    for i in range(8):
        c.box(0.08 + i * 0.085, 0.44 - i * 0.006, 0.018, 0.16 + i * 0.012, c.ink.paper)
    c.polygon([(0.2, 0.74), (0.85, 0.74), (0.76, 0.84), (0.28, 0.84)], c.ink.near)
    c.box(0.34, 0.6, 0.4, 0.03, c.ink.accent)
    for i in range(9):
        c.person(0.36 + i * 0.045, 0.75, c.chance.uniform(0.1, 0.12), c.ink.near)
    for x in (0.02, 0.09, 0.95):
        palm(c, x, 0.66, 0.4)


def river(c: Canvas) -> None:
    c.sky()
    c.ridge(0.42, 0.04, c.ink.far)
    c.ridge(0.54, 0.02, c.ink.near)
    c.polygon([(0.46, 0.56), (0.56, 0.56), (1.05, 1), (-0.1, 1)], c.ink.low)
    for _ in range(26):
        y = c.chance.uniform(0.6, 0.98)
        x = 0.5 + c.chance.uniform(-0.9, 0.9) * (y - 0.54)
        c.line([(x, y), (x + 0.12 * (y - 0.5), y)], 0.004, c.ink.middle)
    c.polygon([(0.4, 0.76), (0.66, 0.76), (0.6, 0.81), (0.45, 0.81)], c.ink.near)
    c.box(0.47, 0.71, 0.1, 0.05, c.ink.accent)


def harbour(c: Canvas) -> None:
    c.sky()
    c.water(0.6, c.ink.middle, c.ink.low)
    for i in range(3):
        x, y, w = -0.05 + i * 0.36, 0.58 + 0.07 * (i % 2), 0.34
        c.polygon(
            [(x, y), (x + w, y), (x + w * 0.92, y + 0.09), (x + w * 0.06, y + 0.09)],
            c.ink.near,
        )
        for row in range(4):
            for column in range(7):
                if c.chance.random() < 0.8:
                    c.box(x + 0.02 + column * 0.036, y - 0.034 * (row + 1), 0.034, 0.032,
                          c.chance.choice((c.ink.accent, c.ink.paper, c.ink.far)))  # fmt: skip
        c.box(x + w * 0.84, y - 0.16, 0.04, 0.16, c.ink.paper)
    for x in (0.2, 0.62):
        c.line([(x, 0.6), (x, 0.14), (x + 0.24, 0.2)], 0.012, c.ink.near)
        c.line([(x - 0.05, 0.6), (x, 0.14)], 0.008, c.ink.near)


def skyline(c: Canvas, floor: float = 0.92) -> None:
    for fill, low, high in ((c.ink.far, 0.2, 0.5), (c.ink.middle, 0.12, 0.4)):
        x = -0.02
        while x < 1:
            w, h = c.chance.uniform(0.05, 0.12), c.chance.uniform(low, high)
            c.box(x, floor - h, w, h + 0.1, fill)
            c.windows(x, floor - h + 0.02, w, h - 0.02, c.ink.low)
            x += w + 0.006


def city(c: Canvas) -> None:
    c.sky()
    c.sun(c.chance.uniform(0.2, 0.8), 0.3, 0.1)
    skyline(c)
    c.box(0, 0.9, 1, 0.1, c.ink.near)


def street(c: Canvas) -> None:
    c.sky(c.ink.low, c.ink.paper)
    for i in range(7):
        x, h = i * 0.145 - 0.01, c.chance.uniform(0.35, 0.6)
        c.box(
            x, 0.82 - h, 0.14, h, c.chance.choice((c.ink.far, c.ink.middle, c.ink.low))
        )
        c.windows(x, 0.84 - h, 0.14, h - 0.2, c.ink.near)
        c.polygon([(x, 0.66), (x + 0.14, 0.66), (x + 0.15, 0.71), (x - 0.01, 0.71)],
                  c.chance.choice((c.ink.accent, c.ink.paper)))  # fmt: skip
    c.box(0, 0.82, 1, 0.18, c.ink.near)
    for i in range(11):
        c.person(0.06 + i * 0.088, 0.92, c.chance.uniform(0.17, 0.23),
                 c.chance.choice((c.ink.paper, c.ink.accent, c.ink.middle)))  # fmt: skip


def monsoon(c: Canvas) -> None:
    c.sky(c.ink.middle, c.ink.far)
    skyline(c, 0.8)
    c.box(0, 0.78, 1, 0.22, c.ink.near)
    for i in range(8):
        x = 0.08 + i * 0.12
        c.person(x, 0.95, 0.26, c.ink.far)
        c.pen.pieslice((*c._at((x - 0.075, 0.6)), *c._at((x + 0.075, 0.79))), 180, 360,
                       fill=c.chance.choice((c.ink.accent, c.ink.paper, c.ink.middle)))  # fmt: skip
    for _ in range(240):
        x, y = c.chance.random(), c.chance.random()
        c.line([(x, y), (x - 0.008, y + 0.045)], 0.002, c.ink.paper)


def colonnade(c: Canvas) -> None:
    c.sky(c.ink.low, c.ink.paper)
    c.polygon([(0.1, 0.36), (0.5, 0.14), (0.9, 0.36)], c.ink.middle)
    c.box(0.1, 0.36, 0.8, 0.05, c.ink.near)
    for i in range(8):
        c.box(0.13 + i * 0.1, 0.41, 0.045, 0.4, c.ink.far)
    for step in range(4):
        c.box(0.1 - step * 0.03, 0.81 + step * 0.05, 0.8 + step * 0.06, 0.05,
              (c.ink.middle, c.ink.near)[step % 2])  # fmt: skip
    for x in (0.34, 0.4, 0.7):
        c.person(x, 0.95, 0.2, c.ink.accent)


def museum(c: Canvas) -> None:
    c.sky(c.ink.paper, c.ink.low)
    c.box(0, 0.8, 1, 0.2, c.ink.middle)
    for x, w, fill in (
        (0.08, 0.2, c.ink.accent),
        (0.36, 0.28, c.ink.far),
        (0.72, 0.2, c.ink.high),
    ):
        c.box(x, 0.2, w, 0.36, c.ink.near)
        c.box(x + 0.015, 0.222, w - 0.03, 0.316, fill)
    c.disc(0.5, 0.38, 0.09, c.ink.paper)
    for x in (0.22, 0.56, 0.63):
        c.person(x, 0.93, 0.34, c.ink.near)


def factory(c: Canvas) -> None:
    c.sky()
    for i in range(5):
        x = 0.05 + i * 0.16
        c.polygon(
            [(x, 0.8), (x, 0.56), (x + 0.16, 0.44), (x + 0.16, 0.8)],
            (c.ink.middle, c.ink.far)[i % 2],
        )
        c.box(x + 0.05, 0.64, 0.06, 0.07, c.ink.low)
    for x in (0.86, 0.93):
        c.polygon(
            [(x, 0.8), (x + 0.01, 0.24), (x + 0.035, 0.24), (x + 0.045, 0.8)],
            c.ink.near,
        )
        for puff in range(5):
            c.disc(
                x + 0.02 - puff * 0.04,
                0.2 - puff * 0.03,
                0.03 + puff * 0.012,
                c.ink.paper,
            )
    c.box(0, 0.8, 1, 0.2, c.ink.near)
    c.box(0.06, 0.86, 0.88, 0.02, c.ink.accent)


def shop(c: Canvas) -> None:
    c.sky(c.ink.middle, c.ink.near)
    c.box(0.08, 0.3, 0.84, 0.62, c.ink.low)
    for i in range(14):
        x = 0.06 + i * 0.063
        c.polygon([(x + 0.01, 0.2), (x + 0.063, 0.2), (x + 0.063, 0.34), (x, 0.34)],
                  (c.ink.accent, c.ink.paper)[i % 2])  # fmt: skip
    for row in range(3):
        c.box(0.12, 0.5 + row * 0.13, 0.46, 0.012, c.ink.near)
        for i in range(11):
            h = c.chance.uniform(0.04, 0.09)
            c.box(0.13 + i * 0.04, 0.5 + row * 0.13 - h, 0.026, h,
                  c.chance.choice((c.ink.accent, c.ink.middle, c.ink.far)))  # fmt: skip
    c.person(0.74, 0.92, 0.44, c.ink.near)


def office(c: Canvas) -> None:
    c.sky(c.ink.low, c.ink.paper)
    for i in range(4):
        c.box(0.06 + i * 0.235, 0.12, 0.19, 0.34, c.ink.far)
        c.ridge(2, 0, c.ink.far)
    c.box(0, 0.72, 1, 0.28, c.ink.middle)
    for i in range(4):
        x = 0.16 + i * 0.23
        c.person(x, 0.86, 0.38, c.chance.choice((c.ink.near, c.ink.accent)))
        c.box(x - 0.05, 0.62, 0.1, 0.09, c.ink.paper)
        c.box(x - 0.1, 0.71, 0.2, 0.03, c.ink.near)


def hospital(c: Canvas) -> None:
    city(c)
    c.box(0.3, 0.26, 0.4, 0.64, c.ink.paper)
    c.windows(0.32, 0.5, 0.36, 0.38, c.ink.far)
    c.box(0.475, 0.32, 0.05, 0.15, c.ink.accent)
    c.box(0.45, 0.37, 0.1, 0.05, c.ink.accent)
