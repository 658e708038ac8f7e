"""Letters by mail: the theme's mail sheet, written into each element."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import css_inline
from django.template.loader import render_to_string

SHEET = Path(__file__).parent / "static" / "theme" / "mail.css"


def letter(template: str, context: dict[str, Any]) -> str:
    """Return `template` (it extends mail/base.html) as HTML that mail programs keep."""
    return inlined(render_to_string(template, context))


def inlined(html: str) -> str:
    return str(_inliner().inline(html))


@cache
def _inliner() -> css_inline.CSSInliner:
    # Nothing is fetched: the sheet is ours, and an address in a letter stays one.
    return css_inline.CSSInliner(
        extra_css=SHEET.read_text(), load_remote_stylesheets=False
    )
