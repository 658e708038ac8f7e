"""A sheet of paper, a few inks, and the strokes that scenes are made of."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1600, 1066
FINE = 2  # Drawn this much larger, then reduced, so that edges are smooth.

Colour = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ink:
    """From the sky down to the foreground, and one accent."""

    high: Colour
    low: Colour
    far: Colour
    middle: Colour
    near: Colour
    accent: Colour
    paper: Colour


INKS = (
    Ink((38, 70, 83), (233, 196, 146), (104, 122, 126), (58, 84, 92), (24, 40, 48),
        (214, 93, 62), (247, 238, 222)),
    Ink((242, 204, 143), (250, 236, 210), (214, 158, 122), (150, 92, 84), (61, 41, 58),
        (61, 112, 128), (253, 246, 232)),
    Ink((29, 53, 87), (168, 190, 201), (98, 128, 150), (54, 88, 118), (20, 33, 58),
        (230, 126, 72), (241, 244, 238)),
    Ink((96, 122, 104), (232, 226, 190), (140, 158, 122), (84, 112, 88), (36, 56, 50),
        (198, 84, 58), (248, 244, 226)),
    Ink((78, 52, 82), (240, 178, 148), (158, 104, 118), (104, 66, 94), (42, 28, 52),
        (244, 214, 120), (250, 236, 224)),
    Ink((196, 214, 216), (244, 240, 228), (158, 178, 178), (98, 122, 126), (44, 58, 66),
        (192, 58, 52), (252, 250, 244)),
    Ink((20, 34, 46), (62, 92, 104), (44, 66, 78), (28, 46, 58), (10, 18, 28),
        (242, 190, 92), (222, 226, 214)),
)  # fmt: skip


class Canvas:
    """Coordinates run from (0, 0) at the top left to (1, 1) at the bottom right."""

    def __init__(self, ink: Ink, chance: random.Random) -> None:
        self.ink = ink
        self.chance = chance
        self.image = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), ink.low)
        self.pen = ImageDraw.Draw(self.image)

    def _at(self, point: Point) -> Point:
        return point[0] * WIDTH * FINE, point[1] * HEIGHT * FINE

    def polygon(self, points: list[Point], fill: Colour) -> None:
        self.pen.polygon([self._at(point) for point in points], fill=fill)

    def box(self, x: float, y: float, w: float, h: float, fill: Colour) -> None:
        self.polygon([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A circle; `radius` is a part of the height."""
        (cx, cy), r = self._at((x, y)), radius * HEIGHT * FINE
        self.pen.ellipse((cx - r, cy - r, cx + r, cy + r), fill=fill)

    def line(self, points: list[Point], width: float, fill: Colour) -> None:
        """A stroke; `width` is a part of the height."""
        self.pen.line(
            [self._at(point) for point in points],
            fill=fill,
            width=max(1, round(width * HEIGHT * FINE)),
            joint="curve",
        )

    def sky(self, top: Colour | None = None, bottom: Colour | None = None) -> None:
        high, low = top or self.ink.high, bottom or self.ink.low
        ramp = Image.linear_gradient("L").resize(self.image.size)
        self.image.paste(
            Image.composite(
                Image.new("RGB", self.image.size, low),
                Image.new("RGB", self.image.size, high),
                ramp,
            )
        )
        self.pen = ImageDraw.Draw(self.image)

    def sun(self, x: float, y: float, radius: float) -> None:
        self.disc(x, y, radius, self.ink.accent)

    def ridge(self, height: float, rough: float, fill: Colour) -> None:
        """A line of hills across the sheet, filled down to the bottom."""
        waves = [
            (
                self.chance.uniform(0.7, 1.3) * n,
                self.chance.uniform(0, math.tau),
                rough / n,
            )
            for n in (1, 2, 4, 7, 13)
        ]
        crest = [
            (
                i / 160,
                height
                + sum(a * math.sin(math.tau * f * i / 160 + p) for f, p, a in waves),
            )
            for i in range(161)
        ]
        self.polygon([*crest, (1, 1), (0, 1)], fill)

    def water(self, level: float, fill: Colour, glint: Colour) -> None:
        """Water from `level` to the bottom, with lines of light."""
        self.box(0, level, 1, 1 - level, fill)
        for _ in range(70):
            depth = self.chance.random() ** 1.6
            y = level + 0.01 + depth * (1 - level)
            length = 0.02 + 0.12 * depth * self.chance.random()
            x = self.chance.uniform(-0.05, 1)
            self.line([(x, y), (x + length, y)], 0.001 + 0.004 * depth, glint)

    def windows(self, x: float, y: float, w: float, h: float, fill: Colour) -> None:
        columns, rows = max(2, round(w / 0.018)), max(2, round(h / 0.045))
        for column in range(columns):
            for row in range(rows):
                if self.chance.random() < 0.55:
                    self.box(
                        x + w * (column + 0.25) / columns,
                        y + h * (row + 0.25) / rows,
                        w * 0.5 / columns,
                        h * 0.45 / rows,
                        fill,
                    )

    def person(self, x: float, foot: float, size: float, fill: Colour) -> None:
        """A standing figure of `size` parts of the height."""
        self.disc(x, foot - size * 0.88, size * 0.11, fill)
        narrow = size * 0.16 * HEIGHT / WIDTH
        self.polygon(
            [
                (x - narrow, foot - size * 0.74),
                (x + narrow, foot - size * 0.74),
                (x + narrow * 1.25, foot),
                (x - narrow * 1.25, foot),
            ],
            fill,
        )

    def finished(self) -> Image.Image:
        """The sheet at its final size, with the grain of cheap paper."""
        sheet = self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        noise = Image.effect_noise((WIDTH, HEIGHT), 22).filter(
            ImageFilter.GaussianBlur(0.6)
        )
        return ImageChops.soft_light(sheet, Image.merge("RGB", (noise, noise, noise)))
