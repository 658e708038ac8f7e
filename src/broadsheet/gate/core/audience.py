"""
Who stands at a wall, and which words meet her. Pure: headers and facts in, a rule out.

A rule chooses words and nothing else. What the headers claim may be false, so nothing of
it is asked before the decision has been made, and nothing of it can open a story.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from .vocabulary import Pass


class Segment(enum.Enum):
    ANONYMOUS = "anonymous"
    REGISTERED = "registered"
    LAPSED = "lapsed"  # She has subscribed once, and has no right to anything now.


class Source(enum.Enum):
    """Where she comes from, as her browser says."""

    DIRECT = "direct"  # It says nothing.
    INTERNAL = "internal"  # From a page of ours.
    SEARCH = "search"
    SOCIAL = "social"
    MAIL = "mail"
    OTHER = "other"


class Device(enum.Enum):
    PHONE = "phone"
    TABLET = "tablet"
    DESKTOP = "desktop"


@dataclass(frozen=True, slots=True)
class Audience:
    """One view at a wall. `language` is the one she reads first, such as "hi"."""

    segment: Segment
    section: str  # As it stands in the story's address.
    access: str
    source: Source
    device: Device
    language: str = ""


CONDITIONS = ("segment", "section", "access", "source", "device", "language")


@dataclass(frozen=True, slots=True)
class WallRule:
    """
    Which variant of the wall an audience meets. An empty condition holds for everybody.
    `dry`: it is evaluated and counted, and shows nothing.
    """

    rule_id: int
    variant: str
    segment: str = ""
    section: str = ""
    access: str = ""
    source: str = ""
    device: str = ""
    language: str = ""
    dry: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """`shown` is the rule whose variant is shown; `would`: a dry one before it."""

    shown: WallRule | None = None
    would: WallRule | None = None

    @property
    def variant(self) -> str:
        """Return the variant's name; nothing for the wall as it always was."""
        return self.shown.variant if self.shown else ""


def choose(rules: Sequence[WallRule], audience: Audience) -> Chosen:
    """Return the first rule that holds, and a dry rule that would have been before it."""
    would: WallRule | None = None
    for rule in rules:
        if unmet(rule, audience):
            continue
        if not rule.dry:
            return Chosen(rule, would)
        would = would or rule
    return Chosen(None, would)


def unmet(rule: WallRule, audience: Audience) -> tuple[str, ...]:
    """Return the names of the rule's conditions that do not hold."""
    said = {
        "segment": audience.segment.value,
        "section": audience.section,
        "access": audience.access,
        "source": audience.source.value,
        "device": audience.device.value,
        "language": audience.language,
    }
    asked = {name: getattr(rule, name) for name in CONDITIONS}
    return tuple(name for name, want in asked.items() if want not in ("", said[name]))


# --- What the headers say ---------------------------------------------------------

_SEARCH = re.compile(
    r"(^|\.)((google|yandex|yahoo)\.[a-z]{2,3}(\.[a-z]{2})?|bing\.com|duckduckgo\.com"
    r"|baidu\.com|ecosia\.org|qwant\.com|startpage\.com|search\.brave\.com|naver\.com"
    r"|kagi\.com|perplexity\.ai|chatgpt\.com)$"
)
_SOCIAL = re.compile(
    r"(^|\.)(facebook\.com|fb\.com|instagram\.com|threads\.(net|com)|t\.co|x\.com"
    r"|twitter\.com|linkedin\.com|lnkd\.in|reddit\.com|youtube\.com|pinterest\.com"
    r"|bsky\.app|mastodon\.social|whatsapp\.com|wa\.me|t\.me|telegram\.org"
    r"|sharechat\.com|quora\.com)$"
)
_MAIL = re.compile(
    r"^(mail\.google\.com|mail\.yahoo\.[a-z.]+|outlook\.(live|office|office365)\.com"
    r"|mail\.proton\.me|mail\.zoho\.[a-z]+|webmail\..+|mail\..+"
    r"|com\.google\.android\.gm|com\.microsoft\.office\.outlook)$"
)
_APPS = {
    "com.google.android.googlequicksearchbox": Source.SEARCH,
    "com.facebook.katana": Source.SOCIAL,
    "com.linkedin.android": Source.SOCIAL,
    "com.twitter.android": Source.SOCIAL,
    "org.telegram.messenger": Source.SOCIAL,
}
_LANGUAGE = re.compile(r"\s*([a-zA-Z]{2,3})\b")
LONGEST = 2048  # Bytes of a header that are looked at.


def source_of(referrer: str, own_host: str) -> Source:
    """Return where the Referer header says that she comes from. Raises nothing."""
    if not referrer:
        return Source.DIRECT
    try:
        host = (urlsplit(referrer[:LONGEST]).hostname or "").lower()
    except ValueError:
        return Source.OTHER
    if host and host == own_host.partition(":")[0].lower():
        return Source.INTERNAL
    if host in _APPS:
        return _APPS[host]
    # A mail service's host may end like a search engine's, so mail comes first.
    for source, hosts in (
        (Source.MAIL, _MAIL),
        (Source.SEARCH, _SEARCH),
        (Source.SOCIAL, _SOCIAL),
    ):
        if hosts.search(host):
            return source
    return Source.OTHER


def device_of(agent: str, mobile_hint: str) -> Device:
    """Return the kind of device by User-Agent and Sec-CH-UA-Mobile."""
    said = agent[:LONGEST]
    if "iPad" in said or "Tablet" in said:
        return Device.TABLET
    if mobile_hint == "?1" or "Mobi" in said or "iPhone" in said:
        return Device.PHONE
    # Android's tablets are those that do not call themselves mobile.
    return Device.TABLET if "Android" in said else Device.DESKTOP


def segment_of(reader: Pass | None) -> Segment:
    """Return the segment by the pass alone; one that names an end is a lapsed one's."""
    if reader is None:
        return Segment.ANONYMOUS
    lapsed = not reader.bits and reader.entitled_until > 0
    return Segment.LAPSED if lapsed else Segment.REGISTERED


def language_of(accepted: str) -> str:
    """Return the language that an Accept-Language header names first."""
    found = _LANGUAGE.match(accepted[:LONGEST])
    return found[1].lower() if found else ""


def section_in(path: str) -> str:
    """Return the section as it stands in a story's address."""
    return path.split("/")[1]
