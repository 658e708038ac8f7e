"""
Pictures for the demo paper, drawn by the project itself: flat editorial illustration
in a few inks, with grain. The same name and seed always give the same picture.
"""

from __future__ import annotations

import io
import random

from .canvas import INKS, Canvas
from .scenes import SCENES


def draw(scene: str, seed: str) -> bytes:
    """
    Return a JPEG of 1600 by 1066 pixels of `scene`, one of `SCENES`. `seed` picks the
    inks and the arrangement. Takes about a third of a second.
    """
    chance = random.Random(f"{scene}/{seed}")  # noqa: S311  A picture, not a secret.
    canvas = Canvas(chance.choice(INKS), chance)
    SCENES[scene](canvas)
    file = io.BytesIO()
    canvas.finished().save(file, "JPEG", quality=84, optimize=True)
    return file.getvalue()
