"""
Page builders' shortcodes (WPBakery, Divi). What only lays a page out goes without a
word of its own; what holds words, pictures or players becomes the markup for them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from urllib.parse import unquote

Attributes = Mapping[str, str]

LAYOUT = re.compile(
    r"(?:vc|et_pb|fusion|av|cs|fl|x)_(?:row|column|section|col|container|builder|text|"
    r"column_text|textblock|blurb|empty_space|divider|separator|inner|row_inner|"
    r"column_inner|row_inner_inner|builder_container|builder_row|builder_column|"
    r"tta_\w+|tab|tabs|accordion|accordion_item|toggle|code|module|one_full|one_half)"
    r"(?:_inner)?\Z"
)
_RAW = re.compile(
    r"\[vc_raw_(html|js)\b[^\]]{0,500}\](.{0,200000}?)\[/vc_raw_\1\]", re.S
)


def opened(text: str, drop: Callable[[str], None]) -> str:
    """Return `text` with WPBakery's encoded HTML written out; a script is dropped."""
    return _RAW.sub(lambda match: _raw(match[1], match[2], drop), text)


def _raw(kind: str, packed: str, drop: Callable[[str], None]) -> str:
    if kind == "js":
        drop("dropped a script")
        return ""
    try:
        whole = base64.b64decode("".join(packed.split()), validate=True)
        return "\n\n" + unquote(whole.decode("utf-8")) + "\n\n"
    except (binascii.Error, UnicodeError):
        drop("dropped a page builder's HTML that cannot be decoded")
        return ""


def _first(attributes: Attributes, *names: str) -> str:
    return next((attributes[name] for name in names if attributes.get(name)), "")


def _heading(attributes: Attributes) -> str:
    words = _first(attributes, "text", "title", "heading")
    tag = re.search(r"tag:(h[1-6])", attributes.get("font_container", ""))
    level = tag[1] if tag else "h2"
    return f"\n\n<{level}>{escape(words)}</{level}>\n\n" if words else ""


def _button(attributes: Attributes) -> str:
    words = _first(attributes, "title", "button_text", "text")
    target = _first(attributes, "button_url", "url", "href")
    packed = re.search(r"url:([^|]+)", attributes.get("link", ""))
    target = target or (unquote(packed[1]) if packed else attributes.get("link", ""))
    if not words:
        return ""
    linked = f'<a href="{escape(target)}">{escape(words)}</a>' if target else words
    return f"\n\n<p>{linked}</p>\n\n"


def _picture(attributes: Attributes) -> str:
    number = _first(attributes, "image", "image_id")
    source = _first(attributes, "src", "custom_src", "url")
    if not (number.isdigit() or source):
        return ""
    alt = _first(attributes, "alt", "title_text")
    data = f"attachment_{number}" if number.isdigit() else ""
    image = (
        f'<img src="{escape(source)}" alt="{escape(alt)}" class="wp-image-{number}">'
    )
    return f'\n\n<figure data-id="{data}">{image}</figure>\n\n'


def _gallery(attributes: Attributes) -> str:
    ids = ",".join(
        re.findall(r"\d+", _first(attributes, "images", "gallery_ids", "ids"))
    )
    return f'\n\n<figure data-gallery="{ids}"></figure>\n\n' if ids else ""


def _video(attributes: Attributes) -> str:
    source = unescape(_first(attributes, "link", "src", "url"))
    return f'\n\n<iframe src="{escape(source)}"></iframe>\n\n' if source else ""


KNOWN: Mapping[str, Callable[[Attributes], str]] = {
    **dict.fromkeys(("vc_custom_heading", "et_pb_heading", "fusion_title"), _heading),
    **dict.fromkeys(("vc_btn", "vc_button", "et_pb_button", "vc_cta"), _button),
    **dict.fromkeys(("vc_single_image", "et_pb_image"), _picture),
    **dict.fromkeys(("vc_gallery", "vc_images_carousel", "et_pb_gallery"), _gallery),
    **dict.fromkeys(("vc_video", "et_pb_video"), _video),
}
