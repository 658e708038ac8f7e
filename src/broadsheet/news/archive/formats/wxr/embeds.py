"""Which addresses are embeds, and by whom."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

_PROVIDERS = {
    "youtube.com": "YouTube",
    "youtu.be": "YouTube",
    "youtube-nocookie.com": "YouTube",
    "vimeo.com": "Vimeo",
    "twitter.com": "X",
    "x.com": "X",
    "instagram.com": "Instagram",
    "facebook.com": "Facebook",
    "tiktok.com": "TikTok",
    "dailymotion.com": "Dailymotion",
    "soundcloud.com": "SoundCloud",
    "spotify.com": "Spotify",
    "reddit.com": "Reddit",
    "scribd.com": "Scribd",
    "flickr.com": "Flickr",
    "ted.com": "TED",
    "datawrapper.de": "Datawrapper",
    "dwcdn.net": "Datawrapper",
    "flourish.studio": "Flourish",
    "slideshare.net": "SlideShare",
    "threads.net": "Threads",
    "bsky.app": "Bluesky",
}
# A page of these hosts that stands for one thing; their home pages do not.
_THING = re.compile(
    r"/(?:status|statuses|p|reel|tv|watch|video|videos|embed|shorts|t|posts)\b"
)
_ALWAYS = frozenset(
    (
        "YouTube",
        "Vimeo",
        "Dailymotion",
        "SoundCloud",
        "Spotify",
        "Datawrapper",
        "Flourish",
    )
)


def provider(url: str) -> str:
    """Return who serves `url`, by name if we know one, else by host."""
    host = (_parts(url) or ("", "", ""))[0]
    labels = host.split(".")
    for start in range(len(labels) - 1):
        name = _PROVIDERS.get(".".join(labels[start:]))
        if name:
            return name
    return host.removeprefix("www.")


def is_embeddable(url: str) -> bool:
    """Tell whether an address alone on a line stands for what it shows."""
    parts = _parts(url)
    if parts is None:
        return False
    name, path = provider(url), parts[1]
    if name in _ALWAYS:
        return len(path.strip("/")) > 0
    return name in _PROVIDERS.values() and bool(_THING.search(path))


def canonical(url: str) -> str:
    """Return the page that a player's address plays, where we know it."""
    if url.startswith("//"):
        url = f"https:{url}"
    parts = _parts(url)
    if parts is None:
        return ""
    host, path, query = parts
    if provider(url) == "YouTube":
        return _youtube(host, path, query) or url
    played = re.fullmatch(r"/video/(\d+)", path) if host == "player.vimeo.com" else None
    return f"https://vimeo.com/{played[1]}" if played else url


def _youtube(host: str, path: str, query: str) -> str:
    named = re.match(r"/(?:embed|v|shorts|live)/([\w-]{6,20})", path)
    if named and named[1] != "videoseries":
        return f"https://www.youtube.com/watch?v={named[1]}"
    if host == "youtu.be" and re.fullmatch(r"/[\w-]{6,20}", path):
        return f"https://www.youtube.com/watch?v={path[1:]}"
    watched = parse_qs(query).get("v", [""])[0]
    return f"https://www.youtube.com/watch?v={watched}" if watched else ""


def _parts(url: str) -> tuple[str, str, str] | None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    return host, parts.path, parts.query
