"""
The first reading of an export: is it whole, and what do its parts say of each other.

A post names its pictures by numbers of attachments that come later in the file, so the
file is read twice. What the first reading learns lies in a scratch file on disk.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..formats.wxr.parse import records
from ..formats.wxr.records import Author, Item, NotAnExport, Record, Site, Term
from ..formats.wxr.source import Mended, Reader
from .addresses import old_addresses

TERMS_LIMIT = 100_000
_SIZED = re.compile(
    r"-(?:\d{1,5}x\d{1,5}|scaled|rotated|e\d{10,13})(?=\.[A-Za-z]{3,4}\Z)"
)
_CREDIT = re.compile(r's:6:"credit";s:\d+:"([^"]{1,300})"')
_CREDIT_KEYS = (
    *("_media_credit", "media_credit", "photo_credit", "image_credit", "credit"),
    "_wp_attachment_source_name",
)

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Attachment:
    id: int
    url: str
    title: str = ""
    alt: str = ""
    caption: str = ""
    credit: str = ""
    path: str = ""  # Below wp-content/uploads.


class Survey:
    """Everything that the second reading asks about the rest of the export."""

    def __init__(self) -> None:
        self.site = Site()
        self.authors: dict[str, Author] = {}
        self.categories: dict[str, Term] = {}
        self.category_ids: dict[int, str] = {}
        self.tags: dict[str, str] = {}
        self.mended = Mended()
        self._offsets: dict[int, Counter[int]] = {}  # By month, in minutes.
        self._scratch = sqlite3.connect("")
        self._scratch.executescript(
            "CREATE TABLE attachment (id INTEGER PRIMARY KEY, parent, url, facts,"
            " state TEXT DEFAULT '');"
            "CREATE INDEX by_parent ON attachment (parent);"
            "CREATE INDEX by_url ON attachment (url);"
            "CREATE TABLE reusable (id INTEGER PRIMARY KEY, content);"
            "CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE address (key TEXT PRIMARY KEY) WITHOUT ROWID;"
        )

    # --- What it learns -------------------------------------------------------------

    def hear(self, record: Record) -> None:
        if isinstance(record, Item):
            self._item(record)
        elif isinstance(record, Author):
            self.authors.setdefault(record.login, record)
        elif isinstance(record, Term):
            self._term(record)
        else:
            self._hear_site(record)

    def _hear_site(self, site: Site) -> None:
        """Keep what the first file says of its site; the others must be of the same."""
        before, now = self.host, _host(site)
        if before and now and before != now:
            raise NotAnExport(
                f"One file comes from {before} and another from {now}; "
                "bring each site in by itself."
            )
        if not self.site.link:
            self.site = site

    def _term(self, term: Term) -> None:
        if term.taxonomy == "post_tag" and len(self.tags) < TERMS_LIMIT:
            self.tags.setdefault(term.slug, term.name)
        if term.taxonomy != "category" or len(self.categories) >= TERMS_LIMIT:
            return
        self.categories.setdefault(term.slug, term)
        if term.id:
            self.category_ids.setdefault(term.id, term.slug)

    def _item(self, item: Item) -> None:
        if item.kind == "attachment":
            self._attachment(item)
        elif item.kind == "wp_block":
            self._scratch.execute(
                "INSERT OR IGNORE INTO reusable VALUES (?, ?)", (item.id, item.content)
            )
        else:
            self._address(item)

    def _attachment(self, item: Item) -> None:
        url = item.attachment_url or item.guid or item.link
        facts = {
            "title": item.title,
            "alt": item.meta.get("_wp_attachment_image_alt", ""),
            "caption": item.excerpt or item.content,
            "credit": _credit(item),
            "path": item.meta.get("_wp_attached_file", ""),
        }
        self._scratch.execute(
            "INSERT OR IGNORE INTO attachment (id, parent, url, facts) "
            "VALUES (?, ?, ?, ?)",
            (item.id or None, item.parent, picture_key(url), json.dumps([url, facts])),
        )

    def _address(self, item: Item) -> None:
        self._scratch.executemany(
            "INSERT OR IGNORE INTO address VALUES (?)",
            [(key,) for key in old_addresses(item)],
        )
        if item.published and item.published_local:
            local = item.published_local.replace(tzinfo=UTC)
            minutes = round((local - item.published).total_seconds() / 60)
            if abs(minutes) <= 14 * 60:
                month = item.published_local.month
                self._offsets.setdefault(month, Counter())[minutes] += 1

    # --- What it is asked -----------------------------------------------------------

    @property
    def host(self) -> str:
        """Return the site's host without “www.”, or “” if the export names none."""
        return _host(self.site)

    def zone(self, local: datetime, otherwise: tzinfo) -> tzinfo:
        """
        Return the offset that the site's clock mostly had in that month, as its posts
        show it, or mostly had at all: an export does not name the zone it lives in.
        """
        found = self._offsets.get(local.month) or sum(
            self._offsets.values(), start=Counter()
        )
        if not found:
            return otherwise
        minutes, _ = found.most_common(1)[0]
        return timezone(timedelta(minutes=minutes))

    def category_names(self) -> dict[str, str]:
        return {slug: term.name for slug, term in self.categories.items()}

    def first_sight(self, origin_id: str) -> bool:
        """Tell whether this reading has not met the item before."""
        done = self._scratch.execute(
            "INSERT OR IGNORE INTO seen VALUES (?)", (origin_id,)
        )
        return done.rowcount == 1

    def mark(self, url: str, state: str) -> None:
        """Write down what became of the attachment at `url`: “here”, or why not."""
        self._scratch.execute(
            "UPDATE attachment SET state = ? WHERE url = ?", (state, picture_key(url))
        )

    def attachment_states(self) -> Iterator[tuple[int, str, str, str]]:
        """Yield every attachment's number, address, title and state."""
        query = "SELECT id, facts, state FROM attachment ORDER BY id"
        for number, text, state in self._scratch.execute(query):
            url, facts = json.loads(text)
            yield number, url, facts["title"], state

    def is_address(self, key: str) -> bool:
        found = self._scratch.execute("SELECT 1 FROM address WHERE key = ?", (key,))
        return found.fetchone() is not None

    def reusable(self, number: int) -> str:
        found = self._scratch.execute(
            "SELECT content FROM reusable WHERE id = ?", (number,)
        ).fetchone()
        return str(found[0]) if found else ""

    def attachment(self, number: int) -> Attachment | None:
        return next(self._attachments("id = ?", number), None)

    def attachment_at(self, url: str) -> Attachment | None:
        """Return the attachment at `url`, whatever size of it the address asks for."""
        return next(self._attachments("url = ?", picture_key(url)), None)

    def children(self, parent: int) -> list[Attachment]:
        return list(self._attachments("parent = ?", parent))

    def _attachments(self, where: str, value: int | str) -> Iterator[Attachment]:
        # `where` is one of the three literals above.
        query = f"SELECT id, facts FROM attachment WHERE {where} ORDER BY id LIMIT 200"  # noqa: S608
        for number, text in self._scratch.execute(query, (value,)):
            url, facts = json.loads(text)
            yield Attachment(id=number, url=url, **facts)


def _host(site: Site) -> str:
    for address in (site.base_url, site.link):
        try:
            host = urlsplit(address).hostname or ""
        except ValueError:
            host = ""
        if host:
            return host.removeprefix("www.")
    return ""


def survey(files: Sequence[Path], progress: Progress) -> Survey:
    """Read every file once, whole. Raise `NotAnExport` if one of them is none."""
    found = Survey()
    for path in files:
        reader = Reader(path)
        done = 0
        for record in records(reader):
            found.hear(record)
            progress(reader.place - done)
            done = reader.place
        progress(reader.size - done)
        for name in Mended.__slots__:
            more = getattr(found.mended, name) + getattr(reader.mended, name)
            setattr(found.mended, name, more)
    if not found.host:
        names = ", ".join(path.name for path in files)
        raise NotAnExport(f"{names} does not say which site it comes from.")
    return found


def picture_key(url: str) -> str:
    """Return what all sizes and spellings of a picture's address have in common."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url[:2000]
    path = _SIZED.sub("", unquote(parts.path))
    # A picture service puts the picture into the query; an upload has none that counts.
    query = "" if "/uploads/" in path or ".files." in parts.netloc else parts.query
    return f"{parts.netloc.removeprefix('www.')}{path}?{query}"[:2000]


def _credit(item: Item) -> str:
    for key in _CREDIT_KEYS:
        if item.meta.get(key):
            return item.meta[key]
    written = _CREDIT.search(item.meta.get("_wp_attachment_metadata", ""))
    return written[1] if written else ""
