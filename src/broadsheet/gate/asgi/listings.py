"""
Pages that list stories, in this process's memory, and how they stay true.

A page is shown from memory until the change feed says that it may read otherwise, or
its own time is over. The next reader who asks has it renewed: taken from the store if
another process has pressed it by then, else pressed. Whoever asks while that goes on
still gets the old page, as long as it is not older than a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from broadsheet.gate.core.listings import PACE, FiledListing, PressedListing
from broadsheet.gate.core.pages import Furniture, Sheet, split
from broadsheet.gate.store import Store, StoreDown
from broadsheet.kit import clock

from .address import LONGEST_REMEMBERED, RESERVED, raw_path
from .reply import RawHeaders, Replies, body_message, start_message
from .request import Message, Scope
from .shelf import Shelf

if TYPE_CHECKING:
    from .memory import Tally

Lister = Callable[[str], None]
Present = Callable[[], tuple[str, datetime]]
log = logging.getLogger(__name__)

WITHIN = 1.0  # Seconds for which a page that changed may still be shown.
VARIANTS = 4  # Logged in or not, with advertisements or without: bytes of their own.
MOST_NOTED = 4096  # Addresses asked for once, and addresses that list nothing.
# What makes another page of a listing's address: its older stories, and WordPress's
# short addresses on the front. Any other question in it changes nothing.
_TURNS = frozenset((b"before", b"p", b"page_id", b"attachment_id"))
_RIVERS = frozenset(("authors", "topics"))


# --- Which page is meant ----------------------------------------------------------------


def listing_meant(scope: Scope) -> str | None:
    """
    Return the path if it is spelled exactly as a page's that lists stories, and asks for
    its first page. Everything else is the application's to answer, redirects included.
    """
    raw = raw_path(scope)
    path = _meant(raw) if len(raw) > LONGEST_REMEMBERED else _remembered(raw)
    if path is None or not _is_plain(scope["query_string"]):
        return None
    return path


@lru_cache(maxsize=8192)
def _remembered(raw: bytes) -> str | None:
    return _meant(raw)


def _meant(raw: bytes) -> str | None:
    path = unquote(raw.decode("latin-1"), errors="replace")
    if quote(path).encode() != raw:  # Another spelling of it, and another address.
        return None
    if path == "/":
        return path
    first, *rest = path.split("/")[1:-1] or [""]
    if not path.endswith("/") or not first:
        return None
    if first in _RIVERS:
        return path if len(rest) == 1 and rest[0] else None
    return None if rest or first in RESERVED else path


def _is_plain(query: bytes) -> bool:
    return not query or not any(
        name in _TURNS or b"%" in name
        for name in (pair.partition(b"=")[0] for pair in query.split(b"&"))
    )


# --- One page -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Print:
    """A whole answer, for everybody to whom the page is the same."""

    etag: bytes
    headers: RawHeaders
    start: Message
    body: Message


@dataclass(slots=True)
class Held:
    """A page at hand, split at its slots once and joined once for each variant."""

    listing: PressedListing
    sheet: Sheet
    seal: str
    begun: float  # On this process's steady clock.
    changed: float | None = None  # Since when it may read otherwise.
    _printed: dict[tuple[bool, bool], Print] = field(default_factory=dict)
    _furniture: Furniture | None = None

    @classmethod
    def of(cls, filed: FiledListing, steady: float, changed: float | None) -> Held:
        html = filed.listing.html
        seal = blake2b(html, digest_size=6).hexdigest()
        return cls(filed.listing, split(html), seal, steady - filed.age, changed)

    @property
    def size(self) -> int:
        return (VARIANTS + 1) * len(self.listing.html)

    def late(self, steady: float, masthead: str, now: datetime) -> float | None:
        """Return for how many seconds the page may have read otherwise, if it may."""
        if self.listing.holds(masthead, now):
            return None if self.changed is None else steady - self.changed
        over = (now - self.listing.until).total_seconds()
        return over if over >= 0 else float("inf")

    def printed(
        self, furniture: Furniture, replies: Replies, *, reader: bool, ads: bool
    ) -> Print:
        if self._furniture is not furniture:
            self._furniture, self._printed = furniture, {}
        found = self._printed.get((reader, ads))
        if found is None:
            found = self._print(furniture, replies, reader=reader, ads=ads)
            self._printed[reader, ads] = found
        return found

    def _print(
        self, furniture: Furniture, replies: Replies, *, reader: bool, ads: bool
    ) -> Print:
        values = {"path": quote(self.listing.path).encode(), "section": b""}
        account = "account:reader" if reader else "account:anonymous"
        filling = {"account": furniture.fill(account, values)}
        if ads:
            filling["ad:top"] = furniture.fill("ad:top", values)
        marks = ("r" if reader else "a") + ("+" if ads else "-")
        etag = f'W/"list.{marks}.{self.seal}.{furniture.seal}"'.encode()
        html = self.sheet.join(filling)
        headers = [*replies.open_headers, (b"etag", etag)]
        length = (b"content-length", b"%d" % len(html))
        start = start_message(200, [*headers, length])
        return Print(etag, headers, start, body_message(html))


@dataclass(slots=True)
class _Renewal:
    task: asyncio.Task[Held | None]
    disturbed: float | None = None  # When something has changed since it began.


# --- All of them --------------------------------------------------------------------------


class Listings:
    """
    The pages used last, as many as fit in `room` bytes. `lister` presses a page and
    files it, in a thread; without one, whoever else presses it files it for us.
    `present` tells the seal of the publication's masthead, and its time.
    """

    def __init__(
        self,
        store: Store,
        lister: Lister | None,
        *,
        present: Present,
        threads: ThreadPoolExecutor,
        tally: Tally,
        room: int,
        steady: Callable[[], float] = clock.steady,
    ) -> None:
        self._store, self._lister = store, lister
        self._present, self._threads, self._tally = present, threads, tally
        self._steady = steady
        self._held: Shelf[str, Held] = Shelf(room, lambda held: held.size)
        self._renewals: dict[str, _Renewal] = {}
        self._asked: Shelf[str, bool] = Shelf(MOST_NOTED, lambda _: 1)
        self._no_listing: Shelf[str, bool] = Shelf(MOST_NOTED, lambda _: 1)

    async def find(self, path: str) -> Held | None:
        """
        Return the page, or None if the application must answer. Raise `StoreDown` if
        there is none at hand and none to be had.
        """
        held = self._held.get(path)
        if held is not None:
            steady = self._steady()
            late = held.late(steady, *self._present())
            if late is None:
                return self._counted("memory", held)
            if late < WITHIN and self._may_be_old(path, held, steady):
                return self._counted("old", held)
        elif self._no_listing.get(path):
            return None
        try:
            return self._counted("renewed", await self._renewed(path))
        except StoreDown:  # Yesterday's front page is better than none.
            self._tally.faults["store"] += 1
            if held is None:
                raise
            return self._counted("old", held)

    def _may_be_old(self, path: str, held: Held, steady: float) -> bool:
        """Test if a newer page is in the making, or may not be begun yet."""
        return path in self._renewals or steady - held.begun < PACE

    def _counted(self, how: str, held: Held | None) -> Held | None:
        self._tally.listings["passed on" if held is None else how] += 1
        return held

    # --- Staying true ---------------------------------------------------------------------

    def changed(self, path: str) -> None:
        """Hear that the page may read otherwise, or that all may, if `path` is empty."""
        for each in (path,) if path else (*self._held, *self._renewals):
            held, renewal = self._held.peek(each), self._renewals.get(each)
            if held is not None and held.changed is None:
                held.changed = self._steady()
            if renewal is not None and renewal.disturbed is None:
                renewal.disturbed = self._steady()
        if path:
            self._no_listing.drop(path)
        else:
            self._no_listing.clear()

    async def _renewed(self, path: str) -> Held | None:
        renewal = self._renewals.get(path)
        if renewal is None:
            renewal = _Renewal(asyncio.create_task(self._renew(path)))
            self._renewals[path] = renewal
        return await asyncio.shield(renewal.task)  # One who leaves does not stop it.

    async def _renew(self, path: str) -> Held | None:
        """Take over the page that is filed, pressed anew if need be; None: there is none."""
        try:
            filed = await self._store.listing(path)
            if filed is not None and not filed.good(*self._present()):
                if not await self._press(path):
                    return None  # What is held stays, for when the store is down.
                filed = await self._store.listing(path)
            return self._keep(path, filed)
        finally:
            del self._renewals[path]

    def _keep(self, path: str, filed: FiledListing | None) -> Held | None:
        if filed is None:
            self._held.drop(path)
            return None
        steady, changed = self._steady(), self._renewals[path].disturbed
        if not filed.fresh:  # It changed after its press began: not before.
            changed = steady - filed.age
        held = Held.of(filed, steady, changed)
        self._held.put(path, held)
        return held

    async def _press(self, path: str) -> bool:
        """Have the page pressed and filed by somebody; tell whether that went well."""
        if self._lister is None:
            return False
        self._renewals[path].disturbed = None  # What has changed so far will be in it.
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._threads, self._lister, path)
        except Exception:
            self._tally.faults["press"] += 1
            log.exception("A listing could not be pressed", extra={"path": path})
            return False
        return True

    # --- Pages that nobody has pressed yet --------------------------------------------------

    def answered(self, path: str, status: int) -> None:
        """
        Hear that the application has answered for `path`. A page that is there is
        pressed; an author's or a topic's only when it is asked for again, so that a
        crawler which walks through all of them has none pressed.
        """
        if status != 200 or self._lister is None or self._no_listing.get(path):
            return
        if path.count("/") > 2 and not self._asked.get(path):
            self._asked.put(path, True)
            return
        if path not in self._renewals and self._held.get(path) is None:
            task = asyncio.create_task(self._first(path))
            self._renewals[path] = _Renewal(task)

    async def _first(self, path: str) -> Held | None:
        try:
            if not await self._press(path):
                return None
            filed = await self._store.listing(path)
            if filed is None:  # A page such as /about/, which lists no stories.
                self._no_listing.put(path, True)
            return self._keep(path, filed)
        except StoreDown:
            self._tally.faults["store"] += 1
            return None
        finally:
            del self._renewals[path]
