"""
Cut the type of printed documents: the paper's own faces for Latin, and Noto Sans for the
scripts in which India writes its names.

    npm install @fontsource-variable/newsreader @fontsource-variable/source-sans-3
    apt-get download fonts-noto-core && dpkg -x fonts-noto-core_*.deb noto
    pip install fonttools brotli
    python tools/print_fonts.py node_modules/@fontsource-variable noto/usr/share/fonts

Run only when the type changes; the results are committed. A typesetter wants plain
TrueType, and every shaping rule of a script: nothing but hints and names is dropped.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from tools.fonts import FACES, cut, merged, rename

OUT = Path(__file__).parents[1] / "src/broadsheet/business/ledger/formats/pdf/fonts"
LATIN = [*range(0x20, 0x7F), *range(0xA0, 0x100)]
LATIN += [*range(0x2010, 0x2027), 0x2032, 0x2033, 0x2039, 0x203A, 0x20AC, 0x2212]
EXTENDED = [*range(0x100, 0x180), 0x20B9, *range(0x1E00, 0x1EA0)]
VIETNAMESE = [*range(0x1EA0, 0x1EFA)]
# Weights that the typesetter knows, by face.
PRINTED = {"display": 400, "sans": 400, "sans-bold": 700}
COMMON = [0x20, 0x964, 0x965, 0x200C, 0x200D, 0x25CC]
SCRIPTS = {
    "Devanagari": [
        *range(0x900, 0x980),
        *range(0x1CD0, 0x1D00),
        *range(0xA8E0, 0xA900),
    ],
    "Bengali": [*range(0x980, 0xA00)],
    "Gurmukhi": [*range(0xA00, 0xA80)],
    "Gujarati": [*range(0xA80, 0xB00)],
    "Oriya": [*range(0xB00, 0xB80)],
    "Tamil": [*range(0xB80, 0xC00)],
    "Telugu": [*range(0xC00, 0xC80)],
    "Kannada": [*range(0xC80, 0xD00)],
    "Malayalam": [*range(0xD00, 0xD80)],
    "Arabic": [*range(0x600, 0x700), *range(0x750, 0x780)],
}


def latin(name: str, packages: Path) -> TTFont:
    pattern, style, family, pins = FACES[name]
    parts = [
        cut(packages / pattern.format("latin", style), pins, LATIN),
        cut(packages / pattern.format("latin-ext", style), pins, EXTENDED),
        cut(packages / pattern.format("vietnamese", style), pins, VIETNAMESE),
    ]
    font = merged(parts)
    rename(font, family)
    font["OS/2"].usWeightClass = PRINTED[name]
    bold = PRINTED[name] == 700
    for record in font["name"].names:
        if record.nameID == 2:
            record.string = "Bold" if bold else "Regular"
    return font


def script(name: str, fonts: Path) -> TTFont:
    font = TTFont(next(fonts.rglob(f"NotoSans{name}-Regular.ttf")))
    options = Options()
    options.layout_features = ["*"]
    options.hinting = False
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=SCRIPTS[name] + COMMON)
    subsetter.subset(font)
    return font


def save(font: TTFont, name: str) -> None:
    path = OUT / f"{name}.ttf"
    font.save(path, reorderTables=False)
    print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for face in PRINTED:
        save(latin(face, Path(sys.argv[1])), face)
    for each in SCRIPTS:
        save(script(each, Path(sys.argv[2])), f"noto-{each.lower()}")
