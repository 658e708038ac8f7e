"""From an item of the export to what the newsroom is given to file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from html import escape
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from broadsheet.news.newsroom.queries import Block

from ..formats.wxr.body import Body, convert, text_of_piece, words_of_piece
from ..formats.wxr.pieces import Piece, Shot, Surroundings
from ..formats.wxr.records import Item
from ..formats.wxr.tree import count_words
from ..rules import address_key
from .gallery import Gallery, Wanted, plain
from .people import Desk, address
from .survey import Attachment, Survey

HEADLINE_LIMIT = 240
CAPTION_LIMIT = 400
TAG_LIMIT = 100
UNTITLED_WORDS = 10
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


@dataclass(slots=True)
class Filing:
    """One item, ready to be filed."""

    given: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    words_in: int = 0
    words_out: int = 0
    pictures: int = 0
    links: dict[str, str] = field(default_factory=dict)  # Href to its address's key.

    def digest(self, fate: str) -> str:
        """
        Return what is the same for the same item brought in the same way, on whatever
        day: today's lead is no lead next month, a planned story is out by then.
        """
        passing = ("is_lead", "go_live_at")
        same = {name: part for name, part in self.given.items() if name not in passing}
        text = json.dumps([fate, same], sort_keys=True, default=_plain_data)
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _plain_data(value: Any) -> Any:
    return [value.kind, value.data] if isinstance(value, Block) else str(value)


class Converter:
    """Converts items; asks the survey, the desk and the gallery about the rest."""

    def __init__(
        self, survey: Survey, desk: Desk, gallery: Gallery, zone: tzinfo
    ) -> None:
        self._survey = survey
        self._desk = desk
        self._gallery = gallery
        self._zone = zone

    def date(self, item: Item) -> datetime | None:
        """Return when an item was published, in UTC."""
        return self._in_utc(item.published, item.published_local)

    def changed(self, item: Item) -> datetime | None:
        """Return when an item was last changed, in UTC."""
        return self._in_utc(item.modified, item.modified_local)

    def _in_utc(self, utc: datetime | None, local: datetime | None) -> datetime | None:
        if utc is not None or local is None:
            return utc
        zone = self._survey.zone(local, self._zone)
        return local.replace(tzinfo=zone).astimezone(UTC)

    def convert(self, item: Item, *, section: str | None = None) -> Filing:
        """Return what the newsroom is to file. Opens sections and authors; fetches."""
        links: dict[str, str] = {}
        body = convert(item.content, self._around(item, links))
        filing = Filing({}, notes=list(body.notes), links=links)
        headline = self._headline(item, body, filing)
        slug, others = (
            (section, item.categories) if section else self._desk.section(item)
        )
        thumbnail = self._thumbnail(item)
        blocks, picture, caption = self._illustrate(
            body.pieces, thumbnail, headline, filing
        )
        standfirst = self._standfirst(item, body)
        filing.given = {
            "headline": headline,
            "standfirst": standfirst,
            "blocks": blocks,
            "section_slug": slug,
            "authors": self._desk.authors(item),
            "dateline": item.meta.get("dateline", "")[:120],
            "tags": _tags([*item.tags, *others]),
            "slug": address(_file_name(item.slug), "", "") if item.slug else None,
            "picture": picture,
            "caption": caption,
        }
        if filing.given["slug"] == "" or item.slug.startswith("%"):
            filing.given["slug"] = address(item.slug, headline, "story")
        # An excerpt that only repeats how the story begins is not lost with it.
        said = count_words(standfirst or plain(item.excerpt))
        filing.words_in = body.words_in + said
        filing.words_out += said
        return filing

    def _headline(self, item: Item, body: Body, filing: Filing) -> str:
        title = plain(item.title)
        if not title:
            words = " ".join(text_of_piece(piece) for piece in body.pieces).split()
            title = " ".join(words[:UNTITLED_WORDS]) or f"Untitled {item.id}"
            filing.notes.append("it had no title: its first words became the headline")
        if len(title) > HEADLINE_LIMIT:
            filing.notes.append(f"its title was cut: {title}")
            title = title[: HEADLINE_LIMIT - 1].rsplit(" ", 1)[0] + "…"
        return title

    def _standfirst(self, item: Item, body: Body) -> str:
        """Return the excerpt, unless it only repeats how the story begins."""
        excerpt = plain(item.excerpt)
        subtitle = next(
            (item.meta[key] for key in _SUBTITLES if item.meta.get(key)), ""
        )
        whole = " ".join(text_of_piece(piece) for piece in body.pieces[:12])
        start = " ".join(whole.split())
        if excerpt and start.startswith(excerpt.rstrip("….[] ")):
            excerpt = ""
        return excerpt or plain(subtitle)

    # --- Links ----------------------------------------------------------------------

    def _around(self, item: Item, links: dict[str, str]) -> Surroundings:
        return Surroundings(
            link=lambda url: self._link(url, item, links),
            gallery=lambda ids: [
                _shot(known)
                for known in map(self._survey.attachment, ids)
                if known is not None
            ],
            children=lambda: [
                _shot(known)
                for known in self._survey.children(item.id)
                if _looks_like_a_picture(known.url)
            ],
            reusable=self._survey.reusable,
        )

    def _link(self, url: str, item: Item, links: dict[str, str]) -> str:
        """
        Return where a link leads now: a story of the export by its old address, which
        this site answers, noted in `links`; anything else by its whole address.
        """
        url = url.strip()
        if not url or url.startswith("#"):
            return ""
        if _SCHEME.match(url) and not url.lower().startswith(("http:", "https:")):
            return url if url.lower().startswith("mailto:") else ""
        try:
            whole = urljoin(self._gallery.absolute(item.link or "/"), url)
            parts = urlsplit(whole)
            host = (parts.hostname or "").removeprefix("www.")
        except ValueError:
            return ""
        key = address_key(whole)
        if host == self._survey.host and key and self._survey.is_address(key):
            query = f"?{parts.query}" if parts.query else ""
            href = f"{parts.path or '/'}{query}"
            links[href] = key
            return href
        return whole

    # --- Pictures -------------------------------------------------------------------

    def _thumbnail(self, item: Item) -> Shot | None:
        value = item.meta.get("_thumbnail_id", "")
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            return None
        known = self._survey.attachment(int(value))
        return _shot(known) if known else None

    def _illustrate(
        self,
        pieces: Sequence[Piece],
        thumbnail: Shot | None,
        headline: str,
        filing: Filing,
    ) -> tuple[list[Block], int | None, str]:
        """Return the blocks, the lead picture's number and its caption."""
        shots = [shot for piece in pieces for shot in _shots(piece)]
        wanted = {shot: self._gallery.wanted(shot, headline) for shot in shots}
        if thumbnail:
            wanted[thumbnail] = self._gallery.wanted(thumbnail, headline)
        hung = _Hung(wanted, self._gallery.bring(wanted.values()), filing)
        blocks = [block for piece in pieces for block in hung.blocks(piece)]
        if thumbnail is None:
            return blocks, None, ""
        number = hung.number(thumbnail)
        caption = plain(thumbnail.caption)
        return blocks, number, caption[:CAPTION_LIMIT] if number else ""


_SUBTITLES = ("subtitle", "_subtitle", "sub_title", "kicker")


class _Hung:
    """The pictures of one story, once we know which of them could be had."""

    def __init__(
        self, wanted: dict[Shot, Wanted], had: dict[str, int | str], filing: Filing
    ) -> None:
        self._wanted = wanted
        self._had = had
        self._filing = filing

    def number(self, shot: Shot) -> int | None:
        wanted = self._wanted[shot]
        answer = self._had.get(wanted.digest, "unknown")
        if isinstance(answer, int):
            self._filing.pictures += 1
            return answer
        which = f"the picture {wanted.url[:200]}" if wanted.url else "a picture"
        self._filing.notes.append(f"without {which}: {answer}")
        return None

    def blocks(self, piece: Piece) -> Iterator[Block]:
        made = list(self._made(piece))
        if piece.kind in ("image", "gallery"):
            self._filing.words_out += sum(_words(block) for block in made)
        else:
            self._filing.words_out += words_of_piece(piece)
        yield from made

    def _made(self, piece: Piece) -> Iterator[Block]:
        data = dict(piece.data)
        if piece.kind in ("image", "gallery"):
            yield from self._pictures(_shots(piece))
        elif piece.kind == "table":
            rows = data["rows"]
            header = rows[0] if data["header"] else []
            rows = rows[1:] if header else rows
            caption = data["caption"]
            yield Block("table", {"rows": rows, "header": header, "caption": caption})
        else:
            data.pop("said", None)
            yield Block(piece.kind, data)

    def _pictures(self, shots: Iterable[Shot]) -> Iterator[Block]:
        there: list[dict[str, Any]] = []
        texts: list[str] = []
        for shot in shots:
            number = self.number(shot)
            if number is None or len(shot.caption) > CAPTION_LIMIT:
                texts.append(shot.caption)
            if number is not None:
                there.append(self._used(shot, number))
        if len(there) > 1:
            yield Block("gallery", {"pictures": there})
        elif there:
            yield Block("image", there[0])
        for text in texts:
            if text:
                yield Block("paragraph", {"html": escape(text, quote=False)})

    def _used(self, shot: Shot, number: int) -> dict[str, Any]:
        wanted = self._wanted[shot]
        caption = shot.caption if len(shot.caption) <= CAPTION_LIMIT else ""
        return {
            "picture": number,
            "alt": wanted.alt,
            "caption": caption,
            "credit": wanted.credit,
        }


def _words(block: Block) -> int:
    """Return how many words a picture brought: its captions, wherever they stand."""
    data = block.data
    if block.kind == "image":
        return count_words(data["caption"])
    if block.kind == "gallery":
        return sum(count_words(one["caption"]) for one in data["pictures"])
    return count_words(plain(data["html"]))


def _shots(piece: Piece) -> tuple[Shot, ...]:
    if piece.kind == "image":
        return (piece.data["shot"],)
    return tuple(piece.data["shots"]) if piece.kind == "gallery" else ()


def _shot(known: Attachment) -> Shot:
    return Shot(known.url, known.id, known.alt, plain(known.caption))


def _looks_like_a_picture(url: str) -> bool:
    return (
        urlsplit(url)
        .path.lower()
        .endswith((".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif"))
    )


def _tags(labels: Iterable[Any]) -> tuple[str, ...]:
    names = {plain(label.name)[:TAG_LIMIT] for label in labels}
    return tuple(sorted(names - {"", "Uncategorized"}))


def _file_name(slug: str) -> str:
    return re.sub(r"\.(?:html?|php|aspx?)\Z", "", unquote(slug))
