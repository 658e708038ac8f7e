"""Exports of our own writing, in the shapes that real ones have."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from broadsheet.main import wiring
from broadsheet.news.archive.formats.wxr.parse import records
from broadsheet.news.archive.formats.wxr.records import Item, Record
from broadsheet.news.archive.formats.wxr.source import Reader

EXPORTS = Path(__file__).parent / "exports"
HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0"
 xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:wfw="http://wellformedweb.org/CommentAPI/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>The Morning Post</title><link>https://old.example.in</link>
<wp:wxr_version>1.2</wp:wxr_version>
<wp:base_site_url>https://old.example.in</wp:base_site_url>
<wp:base_blog_url>https://old.example.in</wp:base_blog_url>
<wp:author><wp:author_login>asha</wp:author_login>
<wp:author_display_name><![CDATA[Asha Rao]]></wp:author_display_name></wp:author>
<wp:category><wp:term_id>3</wp:term_id><wp:category_nicename>markets</wp:category_nicename>
<wp:category_parent></wp:category_parent><wp:cat_name><![CDATA[Markets]]></wp:cat_name>
</wp:category>
"""
TAIL = "</channel></rss>\n"


def item(number: int, **parts: str) -> str:
    """Return one item: a published post, unless `parts` say otherwise."""
    given = {
        "title": f"Story {number}",
        "link": f"https://old.example.in/2019/05/story-{number}/",
        "content": f"<p>The words of story {number}.</p>",
        "excerpt": "",
        "name": f"story-{number}",
        "date": "2019-05-06 10:00:00",
        "gmt": "2019-05-06 04:30:00",
        "status": "publish",
        "kind": "post",
        "more": '<category domain="category" nicename="markets">Markets</category>',
    } | parts
    return f"""<item><title>{given["title"]}</title><link>{given["link"]}</link>
<dc:creator><![CDATA[asha]]></dc:creator>
<content:encoded><![CDATA[{given["content"]}]]></content:encoded>
<excerpt:encoded><![CDATA[{given["excerpt"]}]]></excerpt:encoded>
<wp:post_id>{number}</wp:post_id><wp:post_date>{given["date"]}</wp:post_date>
<wp:post_date_gmt>{given["gmt"]}</wp:post_date_gmt>
<wp:post_name>{given["name"]}</wp:post_name><wp:status>{given["status"]}</wp:status>
<wp:post_type>{given["kind"]}</wp:post_type>{given["more"]}</item>
"""


def meta(key: str, value: str) -> str:
    return (
        f"<wp:postmeta><wp:meta_key>{key}</wp:meta_key>"
        f"<wp:meta_value><![CDATA[{value}]]></wp:meta_value></wp:postmeta>"
    )


def picture(colour: str = "teal") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Write an export of the given items, or of the given bytes, and return its path."""

    def write(*items: str, raw: bytes | None = None, name: str = "export.xml") -> Path:
        path = tmp_path / name
        whole = (HEAD + "".join(items) + TAIL).encode() if raw is None else raw
        path.write_bytes(whole)
        return path

    return write


def read(path: Path) -> list[Record]:
    return list(records(Reader(path)))


def items(path: Path) -> list[Item]:
    return [record for record in read(path) if isinstance(record, Item)]


@pytest.fixture
def house(db: None, settings: Any, tmp_path: Path) -> None:
    """The rooms wired as in production, and a folder for pictures."""
    settings.MEDIA_ROOT = tmp_path / "media"
    wiring.connect()
