"""One key for every spelling of an address; searches that cannot do harm."""

from __future__ import annotations

import pytest

from broadsheet.news.archive.rules import address_key, highlighted, typed


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://x.in/2019/05/A-Slug/", "/2019/05/a-slug"),
        ("http://www.x.in/2019/05/a-slug.html?amp=1#top", "/2019/05/a-slug"),
        ("/blog/post.HTM", "/blog/post"),
        ("/a/amp", "/a"),
        ("/a/feed/", "/a"),
        ("//a//b", "/a/b"),
        ("/%E0%A4%96%E0%A5%87%E0%A4%B2/", "/खेल"),
        ("/?p=12", "/?p=12"),
        ("https://x.in/index.php?p=12&utm_source=y", "/?p=12"),
        ("/?post_type=recipe&p=12", "/?p=12&post_type=recipe"),
        ("/real/?p=12", "/real"),
        ("https://x.in/", ""),
        ("/?s=words", ""),
        ("", ""),
        ("http://[broken", ""),
        ("/a\x00b\n", "/ab"),
    ],
)
def test_address_key(address: str, key: str) -> None:
    assert address_key(address) == key


def test_typed() -> None:
    assert typed("  a\x00\n b  ") == "a b"
    assert typed("x" * 1000) == "x" * 200
    assert typed("a\ud800b") == "ab"


def test_a_snippet_is_escaped_but_for_its_marks() -> None:
    assert highlighted("<b>\x02R&D\x03") == "&lt;b&gt;<mark>R&amp;D</mark>"
