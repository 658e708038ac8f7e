"""What one process of the gate holds in memory, and how it stays true."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from broadsheet.gate.core.pages import Furniture, PressedPage, SplitPage, split_page
from broadsheet.gate.core.passes import READER_LIFE
from broadsheet.gate.core.vocabulary import Orders
from broadsheet.gate.store import Change, Kind, Store, StoreDown
from broadsheet.kit import clock

from .address import Known
from .listings import Lister, Listings
from .shelf import Shelf

Presser = Callable[[int], PressedPage | None]
log = logging.getLogger(__name__)

RETRY = 0.5  # Seconds until a lost change feed is tried again.
REMEMBER_EPOCHS = 60.0  # Seconds between two clean-ups of voided passes.


@dataclass(slots=True)
class Tally:
    """Plain counts since the process began, for whoever wants to show them."""

    views: Counter[str] = field(default_factory=Counter)  # By reason.
    faults: Counter[str] = field(default_factory=Counter)  # By what went wrong.
    listings: Counter[str] = field(
        default_factory=Counter
    )  # By how they were answered.


@dataclass(frozen=True, slots=True)
class Room:
    """How much one process keeps in memory."""

    page_bytes: int = 64 * 1024 * 1024  # Of pressed pages, both renderings.
    printed_bytes: int = 32 * 1024 * 1024  # Of pages joined with their furniture.
    listing_bytes: int = 24 * 1024 * 1024  # Of listings, in all their variants.
    stories: int = 200_000  # Whose facts are kept, a few hundred bytes each.


DEFAULT_ROOM = Room()


class Memory:
    """
    Facts, pages, furniture, orders and voided passes. What changes in the store is
    dropped here within a second, and loaded again when it is next asked for.
    """

    def __init__(
        self,
        store: Store,
        presser: Presser,
        *,
        threads: ThreadPoolExecutor,
        tally: Tally,
        wall: Callable[[], datetime],
        room: Room,
        lister: Lister | None = None,
    ) -> None:
        self._store, self._presser = store, presser
        self._threads, self._tally, self._wall = threads, tally, wall
        self._known: Shelf[int, Known] = Shelf(room.stories, lambda _: 1)
        self._pages: Shelf[int, SplitPage] = Shelf(
            room.page_bytes, lambda page: page.size
        )
        self.listings = Listings(
            store,
            lister,
            present=lambda: (self.orders.masthead, self.now()),
            threads=threads,
            tally=tally,
            room=room.listing_bytes,
        )
        self._pressing: dict[int, asyncio.Task[SplitPage | None]] = {}
        self._changes_seen = 0
        self._furniture_changed = False
        self._opening = asyncio.Lock()
        self._listener: asyncio.Task[None] | None = None
        self._epochs_at = 0.0
        self.orders = Orders()
        self.furniture = Furniture.of({})
        self.epochs: dict[UUID, int] = {}

    def now(self) -> datetime:
        """Return the publication's present."""
        return self._wall() + self.orders.clock_offset

    async def ready(self) -> None:
        """Open the store and load what every view needs, once."""
        if self._listener is None:
            async with self._opening:
                if self._listener is None:
                    await self._store.open()
                    await self._load()
                    self._listener = asyncio.create_task(self._listen())

    async def close(self) -> None:
        # Python 3.11's wait_for, inside the driver, can swallow a cancellation.
        while self._listener is not None and not self._listener.done():
            self._listener.cancel()
            await asyncio.wait([self._listener], timeout=0.1)
        self._listener = None
        await self._store.close()

    # --- Stories ------------------------------------------------------------------

    def at_hand(self, story_id: int) -> tuple[Known, SplitPage] | None:
        """Return the story and its page if we hold both, as we do nearly always."""
        known = self._known.get(story_id)
        page = self._pages.get(story_id)
        if known is None or page is None or page.revision < known.facts.revision:
            return None
        return (known, page) if self._listener is not None else None

    async def known(self, story_id: int) -> Known | None:
        held = self._known.get(story_id)
        if held is not None:
            return held
        seen = self._changes_seen
        facts = await self._store.story(story_id)
        if facts is None:
            return None
        known = Known.of(facts)
        # If something changed while we asked, this may be what it changed.
        if seen == self._changes_seen:
            self._known.put(story_id, known)
        return known

    async def page(self, known: Known) -> SplitPage | None:
        """Return the page, pressed now if need be; one press at a time for a story."""
        story_id, revision = known.facts.story_id, known.facts.revision
        held = self._pages.get(story_id)
        if held is not None and held.revision >= revision:
            return held
        task = self._pressing.get(story_id)
        if task is None:
            task = asyncio.create_task(self._fetch(story_id, revision))
            self._pressing[story_id] = task
        return await asyncio.shield(task)  # One who leaves does not stop the others.

    async def _fetch(self, story_id: int, revision: int) -> SplitPage | None:
        """Load or press the page, and keep it unless it was forgotten meanwhile."""
        try:
            page = await self._store.page(story_id)
            if page is None or page.revision < revision:
                page = await self._press(story_id)
            if page is None:
                return None
            split = split_page(page)
            if self._pressing.get(story_id) is asyncio.current_task():
                self._pages.put(story_id, split)
            return split
        finally:
            if self._pressing.get(story_id) is asyncio.current_task():
                del self._pressing[story_id]

    async def _press(self, story_id: int) -> PressedPage | None:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._presser, story_id)
        except Exception as fault:
            self._tally.faults["press"] += 1
            log.exception("A story could not be pressed", extra={"story": story_id})
            raise StoreDown(f"Story {story_id} could not be pressed.") from fault

    # --- Staying true -------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            try:
                async with aclosing(self._store.changes()) as feed:
                    async for changes in feed:
                        await self._hear(changes)
            except Exception:  # A gate that no longer listens would lie for ever.
                self._tally.faults["listen"] += 1
            await asyncio.sleep(RETRY)

    async def _hear(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._changes_seen += 1
            self._forget(change)
        # The policy, the zone and the test clock are rows that others write without a
        # word to us; they are few and small, so we look.
        orders = await self._store.orders()
        if orders != self.orders:  # The same object compares in no time at each view.
            self.orders = orders
        if self._furniture_changed:
            self.furniture = Furniture.of(await self._store.furniture())
            self._furniture_changed = False
        if clock.steady() - self._epochs_at > REMEMBER_EPOCHS:
            await self._load_epochs()

    def _forget(self, change: Change) -> None:
        if change.kind is Kind.STORY:
            self._known.drop(change.number)
            self._pages.drop(change.number)
            self._pressing.pop(change.number, None)
        elif change.kind is Kind.PAGES:
            self._pages.clear()
            self._pressing.clear()
        elif change.kind is Kind.FURNITURE:
            self._furniture_changed = True
        elif change.kind is Kind.LISTING:
            self.listings.changed(change.subject)
        elif change.kind is Kind.EPOCH:
            self.epochs[UUID(change.subject)] = change.number

    async def _load(self) -> None:
        self.orders = await self._store.orders()
        self.furniture = Furniture.of(await self._store.furniture())
        await self._load_epochs()

    async def _load_epochs(self) -> None:
        since = self.now() - timedelta(seconds=READER_LIFE)
        epochs: Mapping[UUID, int] = await self._store.epochs(since)
        self.epochs = dict(epochs)
        self._epochs_at = clock.steady()
