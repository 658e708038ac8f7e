"""
Shortcodes: `[caption]`, `[gallery]`, `[embed]` and their kin become markup that
`blocks` understands; those of plugins go, and what they enclosed stays.

Newspapers write [sic] and [Laughter] too. A bracket is taken for an unknown shortcode
only if it looks like nothing else: it has attributes, a closing partner, or a name
that no prose would use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape, unescape

from . import builders
from .notes import Notes

_SHORTCODE = re.compile(
    r"(\[?)"  # An escaped one, [[gallery]], is text.
    r"\[(/?)([A-Za-z][\w-]{0,60})(?![\w-])"
    r"([^\]\[<>]{0,4000}?)"
    r"(/?)\](\]?)"
)
_ATTRIBUTE = re.compile(
    r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))|"([^"]*)"|(\S+)"""
)
_CAPTION = re.compile(
    r"\[(caption|wp_caption)\b([^\]]{0,2000})\]((?:(?!\[\1\b).){0,20000}?)\[/\1\]", re.S
)
_IMAGE = re.compile(r"\s*((?:<a\b[^>]*>\s*)?<img\b[^>]*>(?:\s*</a>)?)", re.S)
_EMBED = re.compile(r"\[embed\b[^\]]{0,500}\]\s*([^\s\[\]<>]{1,2000})\s*\[/embed\]")
_PLAIN_NAMES = frozenset(
    "ad ads adsense adrotate toc vc_row et_pb_section sharethis social newsletter "
    "subscribe contact related relatedposts poll polls signup paypal donate".split()
)

Attributes = Mapping[str, str]


def expand(text: str, notes: Notes) -> str:
    """Return `text` with every shortcode turned into markup, or dropped and noted."""
    if "[" not in text:
        return text
    text = builders.opened(text, notes.add)
    text = _CAPTION.sub(_caption, text)
    text = _EMBED.sub(lambda match: _embed(unescape(match[1])), text)
    closed = {
        match[3].lower() for match in _SHORTCODE.finditer(text) if match[2] == "/"
    }
    return _SHORTCODE.sub(lambda match: _one(match, closed, notes), text)


def _one(match: re.Match[str], closed: set[str], notes: Notes) -> str:
    before, closing, name, inside, _, after = match.groups()
    if before and after:
        return match[0][1:-1]
    name = name.lower()
    attributes = _attributes(inside)
    known = _KNOWN.get(name)
    if known is not None:
        made = "" if closing else known(attributes)
    elif builders.LAYOUT.match(name):
        notes.add("took a page builder's layout apart; its words were kept")
        made = "\n\n"
    elif closing or name in closed or _is_shortcode(name, inside):
        notes.add(f"dropped the shortcode [{name}]; its text was kept")
        made = ""
    else:
        return match[0]
    return f"{before}{made}{after}"


def _is_shortcode(name: str, inside: str) -> bool:
    return (
        bool(re.search(r"[\w-]\s*=\s*[\"'\w&“”″]", inside))
        or name in _PLAIN_NAMES
        or "_" in name
        or ("-" in name and not inside.strip() and name.islower())
    )


def _attributes(inside: str) -> dict[str, str]:
    """Return named attributes, and the nameless ones as “0”, “1” …"""
    # The editor turns straight quotes into typographic ones now and then.
    if '"' not in inside:
        inside = re.sub("[“”″]|&#82(?:20|21|43);|&quot;", '"', inside)
    found: dict[str, str] = {}
    nameless = 0
    for name, double, single, bare, quoted, word in _ATTRIBUTE.findall(inside):
        if name:
            found.setdefault(name.lower(), unescape(double or single or bare))
        else:
            found[str(nameless)] = unescape(quoted or word).lstrip("=")
            nameless += 1
    return found


def _caption(match: re.Match[str]) -> str:
    attributes, inside = _attributes(match[2]), match[3]
    picture = _IMAGE.match(inside)
    image = picture[1] if picture else ""
    words = inside[picture.end() :] if picture else inside
    # Before WordPress 3.4 the words stood in an attribute.
    words = words.strip() or attributes.get("caption", "")
    return (
        f'\n\n<figure data-id="{escape(attributes.get("id", ""))}">{image}'
        f"<figcaption>{words}</figcaption></figure>\n\n"
    )


def _embed(url: str) -> str:
    return f'\n\n<iframe src="{escape(url)}"></iframe>\n\n' if url else ""


def _first(attributes: Attributes, *names: str) -> str:
    return next((attributes[name] for name in names if attributes.get(name)), "")


def _gallery(attributes: Attributes) -> str:
    ids = _first(attributes, "ids", "include")
    clean = ",".join(re.findall(r"\d+", ids))
    return f'\n\n<figure data-gallery="{clean or "all"}"></figure>\n\n'


def _video_of(address: str) -> Callable[[Attributes], str]:
    def make(attributes: Attributes) -> str:
        given = _first(attributes, "url", "src", "id", "v", "0")
        if given and "/" not in given:
            given = address + given
        return _embed(given)

    return make


_MEDIA = ("src", "mp3", "m4a", "ogg", "wav", "mp4", "m4v", "webm", "ogv", "0")

_KNOWN: Mapping[str, Callable[[Attributes], str]] = {
    **builders.KNOWN,
    "slideshow": _gallery,
    "wpvideo": _video_of("https://videopress.com/v/"),
    "videopress": _video_of("https://videopress.com/v/"),
    "gallery": _gallery,
    "audio": lambda attributes: _embed(_first(attributes, *_MEDIA)),
    "video": lambda attributes: _embed(_first(attributes, *_MEDIA)),
    "embed": lambda attributes: _embed(_first(attributes, "src", "url")),
    "youtube": _video_of("https://www.youtube.com/watch?v="),
    "vimeo": _video_of("https://vimeo.com/"),
    "dailymotion": _video_of("https://www.dailymotion.com/video/"),
    "instagram": _video_of("https://www.instagram.com/p/"),
    "tweet": _video_of("https://twitter.com/i/status/"),
    "twitter": _video_of("https://twitter.com/i/status/"),
    "soundcloud": _video_of("https://soundcloud.com/"),
    "facebook": _video_of("https://www.facebook.com/"),
    "caption": lambda _: "",
    "wp_caption": lambda _: "",
}
