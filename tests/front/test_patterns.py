"""Every pattern is drawn; no template holds what the security policy forbids."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.template.loader import get_template
from django.test import RequestFactory

import broadsheet.front.theme as theme
from broadsheet.front.theme.letters import letter
from broadsheet.front.theme.patterns import views
from broadsheet.front.theme.patterns.book import PATTERNS

HOME = Path(theme.__file__).parent
TEMPLATES = sorted((HOME / "templates").rglob("*.html"))
STATIC = HOME / "static"
SCRIPTS = sorted((STATIC / "theme" / "js").glob("*.js"))
BUDGET = 100_000


def drawn(name: str) -> str:
    return views.drawn(RequestFactory().get(f"/{name}/"), PATTERNS[name])


@pytest.mark.django_db
@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_a_whole_page_with_one_first_heading(name):
    html = drawn(name)
    assert html.lower().startswith("<!doctype html>")
    assert html.count("<h1") == 1
    assert "{{" not in html
    assert "{%" not in html


@pytest.mark.parametrize(
    "path", TEMPLATES, ids=lambda p: str(p.relative_to(HOME / "templates"))
)
def test_a_template_compiles(path):
    name = str(path.relative_to(HOME / "templates"))
    assert get_template(name).origin.name == str(path)


# A letter is mail: its sheet is written into its elements when it is sent.
FORBIDDEN = {
    "an inline style": re.compile(r"<style|\sstyle\s*=", re.I),
    "an inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "an inline script": re.compile(r"<script(?![^>]*\b(?:src=|ld\+json))", re.I),
    "another origin": re.compile(r"(?:src|href|action)=[\"']?(?:https?:)?//", re.I),
    "a frame": re.compile(r"<(?:iframe|object|embed)\b", re.I),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_holds(what):
    offenders = [
        path.name
        for path in TEMPLATES
        # The pattern of a letter shows a whole address, as letters must.
        if path.name != "letter.html" and FORBIDDEN[what].search(path.read_text())
    ]
    assert offenders == []


def test_the_search_for_forbidden_things_finds_them():
    found = {
        "an inline style": '<p style="x">',
        "an inline handler": '<a onclick="x">',
        "an inline script": "<script>x</script>",
        "another origin": '<img src="https://cdn.example/x">',
        "a frame": "<iframe src='/x'>",
    }
    assert [what for what in FORBIDDEN if FORBIDDEN[what].search(found[what])] == list(
        FORBIDDEN
    )


def test_no_style_sheet_or_script_leaves_our_origin():
    files = [*STATIC.rglob("*.css"), *SCRIPTS]
    assert [f.name for f in files if re.search(r"https?://|//cdn", f.read_text())] == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["story", "story-wall", "front"])
def test_a_first_view_weighs_less_than_100_kb_without_its_pictures(name):
    """All that a browser fetches, the italic and bold of the text included."""
    html = drawn(name)
    linked = re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js|woff2))"', html)
    sheets = [STATIC / path for path in linked if path.endswith(".css")]
    faces = set(re.findall(r"fonts/([a-z-]+)\.woff2", _text(sheets)))
    fonts = [
        STATIC / f"theme/fonts/{face}.woff2"
        for face in faces
        if not face.endswith("-accents")  # Fetched only by pages with accents.
    ]
    assert len(fonts) == 6
    packed = [html.encode(), *(f.read_bytes() for f in [*sheets, *SCRIPTS])]
    weight = sum(len(gzip.compress(part, 6)) for part in packed)
    weight += sum(font.stat().st_size for font in fonts)
    assert 50_000 < weight < BUDGET


def _text(paths: list[Path]) -> str:
    return "".join(path.read_text() for path in paths)


@pytest.mark.django_db
def test_a_letter_carries_its_style_in_its_elements():
    html = letter("patterns/letter.html", {})
    assert '<p class="code" style="' in html
    assert "482 913" in html
