"""
Cut the paper's type from the fonts as their makers publish them.

    npm install @fontsource-variable/newsreader @fontsource-variable/source-sans-3
    pip install fonttools brotli
    python tools/fonts.py node_modules/@fontsource-variable

Run only when the type changes; the results are committed. This program will pin each
face to one weight and optical size, keep Latin, Latin-1, punctuation and the rupee,
give the families a name of our own (their licence, the OFL, reserves "Source"), and
put accented letters into files of
their own (a page fetches them only if it has some), and print the figures with which `theme.css` sizes the fallbacks so that text does not move
when the type arrives.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

OUT = Path(__file__).parents[1] / "src/broadsheet/front/theme/static/theme/fonts"
ENGLISH = [*range(0x20, 0x7F), 0xA0, 0xA3, 0xA9, 0xB0, 0xB7, 0xD7, 0xE9, 0x2212]
ACCENTS = [c for c in (*range(0xA1, 0x100), 0x131, 0x152, 0x153) if c not in ENGLISH]
PUNCTUATION = [*range(0x2010, 0x2016), *range(0x2018, 0x201F), 0x2020, 0x2022, 0x2026]
PUNCTUATION += [0x2032, 0x2033, 0x2039, 0x203A, 0x20AC, 0x2190, 0x2192]
RUPEE = [0x20B9]
FEATURES = ["kern", "liga", "mark", "ccmp", "tnum", "pnum", "frac", "rvrn"]

SERIF = "newsreader/files/newsreader-{}-standard-{}.woff2"
SANS = "source-sans-3/files/source-sans-3-{}-wght-{}.woff2"
FACES = {
    "serif": (SERIF, "normal", "Broadsheet Serif", {"opsz": 16, "wght": 400}),
    "serif-italic": (SERIF, "italic", "Broadsheet Serif", {"opsz": 16, "wght": 400}),
    "serif-bold": (SERIF, "normal", "Broadsheet Serif", {"opsz": 16, "wght": 680}),
    "display": (SERIF, "normal", "Broadsheet Display", {"opsz": 44, "wght": 520}),
    "sans": (SANS, "normal", "Broadsheet Sans", {"wght": 400}),
    "sans-bold": (SANS, "normal", "Broadsheet Sans", {"wght": 620}),
}
# How often letters stand in English prose, in thousandths; enough to weigh widths by.
PROSE = dict(
    zip(
        " etaoinshrdlucmfwygpbvk.,",
        (180, 102, 75, 66, 62, 58, 57, 52, 50, 49, 34, 33, 23, 22, 20, 18, 19, 16)
        + (16, 15, 12, 8, 6, 10, 10),
        strict=True,
    )
)


def cut(source: Path, pins: dict[str, float], keep: list[int]) -> TTFont:
    """Return the face at `source`, pinned and subset."""
    font = instantiateVariableFont(TTFont(source), pins)
    options = Options()
    options.layout_features = FEATURES
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
    options.hinting = False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=keep)
    subsetter.subset(font)
    font.flavor = None
    return font


def merged(fonts: list[TTFont]) -> TTFont:
    """Return one font of several that share a design."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for index, font in enumerate(fonts):
            paths.append(str(Path(folder) / f"{index}.ttf"))
            font.save(paths[-1])
        return Merger().merge(paths)


def rename(font: TTFont, family: str) -> None:
    for record in font["name"].names:
        if record.nameID in (1, 4):
            record.string = family
        if record.nameID == 6:
            record.string = family.replace(" ", "")


def width(font: TTFont) -> float:
    """Return the mean advance of prose, in ems."""
    names, metrics = font.getBestCmap(), font["hmtx"]
    total = sum(metrics[names[ord(c)]][0] * n for c, n in PROSE.items())
    return float(total / sum(PROSE.values()) / font["head"].unitsPerEm)


def make(name: str, packages: Path) -> None:
    pattern, style, family, pins = FACES[name]
    latin = packages / pattern.format("latin", style)
    rupee = packages / pattern.format("latin-ext", style)
    core = merged([cut(latin, pins, ENGLISH + PUNCTUATION), cut(rupee, pins, RUPEE)])
    save(core, name, family)
    save(cut(latin, pins, ACCENTS), f"{name}-accents", family)
    em = core["head"].unitsPerEm
    print(
        f"{name}: width {width(core):.4f} em, ascent {core['hhea'].ascent / em:.3f}, "
        f"descent {-core['hhea'].descent / em:.3f}"
    )


def save(font: TTFont, name: str, family: str) -> None:
    rename(font, family)
    font.flavor = "woff2"
    font.save(OUT / f"{name}.woff2")
    print(f"{name}: {(OUT / f'{name}.woff2').stat().st_size:,} bytes")


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for face in FACES:
        make(face, Path(sys.argv[1]))
