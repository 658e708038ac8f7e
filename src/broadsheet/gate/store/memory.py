"""A store in this process's memory: for tests, and for a gate that stands alone."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from broadsheet.gate.core import meter
from broadsheet.gate.core.budget import SALT_SIZE
from broadsheet.gate.core.gifts import GiftAsk, GiftFacts
from broadsheet.gate.core.listings import FiledListing, PressedListing
from broadsheet.gate.core.meter import Ask, Reads
from broadsheet.gate.core.pages import PressedPage
from broadsheet.gate.core.vocabulary import (
    GiftStanding,
    Grant,
    Meter,
    Orders,
    StoryFacts,
)
from broadsheet.kit import clock

from . import Change, Kind
from .gifts import GiftShelf

PULSE = 0.5  # Seconds between two looks, when nothing changes.


class MemoryStore:
    """
    Counts without a lock, because nothing awaits between looking and writing: use it
    from one event loop. The `file_*` methods play the part of `gate.house.actions`.
    """

    def __init__(
        self,
        orders: Orders | None = None,
        *,
        steady: Callable[[], float] = clock.steady,
    ) -> None:
        self._steady = steady
        self._orders = orders or Orders()
        self._reads: dict[UUID, Reads] = {}
        self._salts: dict[datetime, bytes] = {}
        self._stories: dict[int, StoryFacts] = {}
        self._pages: dict[int, PressedPage] = {}
        self._furniture: dict[str, str] = {}
        self._listings: dict[str, tuple[PressedListing, float]] = {}
        self._listings_changed: dict[str, float] = {}
        self._grants: list[Grant] = []
        self._epochs: dict[UUID, tuple[int, datetime]] = {}
        self.gifts = GiftShelf()
        self._news: list[Change] = []
        self._stirred = asyncio.Event()

    # --- What the house files -----------------------------------------------------

    def file_orders(self, orders: Orders) -> None:
        self._orders = orders

    def file_story(self, facts: StoryFacts) -> None:
        self._stories[facts.story_id] = facts
        self._tell(Change(Kind.STORY, number=facts.story_id))

    def press(self, page: PressedPage) -> None:
        self._pages[page.story_id] = page
        self._tell(Change(Kind.STORY, number=page.story_id))

    def file_furniture(self, pieces: Mapping[str, str]) -> None:
        self._furniture.update(pieces)
        self._tell(Change(Kind.FURNITURE))

    def press_listing(self, listing: PressedListing, *, begun: float) -> None:
        self._listings[listing.path] = (listing, begun)

    def listings_changed(self, path: str = "") -> None:
        self._listings_changed[path] = self._steady()
        self._tell(Change(Kind.LISTING, path))

    def file_grant(self, grant: Grant) -> None:
        self._grants.append(grant)

    def void_passes(self, reader: UUID, at: datetime) -> None:
        epoch = self._epochs.get(reader, (0, at))[0] + 1
        self._epochs[reader] = (epoch, at)
        self._tell(Change(Kind.EPOCH, str(reader), epoch))

    def _tell(self, change: Change) -> None:
        self._news.append(change)
        self._stirred.set()

    # --- The protocol -------------------------------------------------------------

    async def open(self) -> None:
        self._news.clear()

    async def close(self) -> None:
        return None

    async def count(self, ask: Ask) -> Meter:
        reads, standing = meter.count(self._reads.get(ask.identity), ask)
        if reads is not None:
            self._reads[ask.identity] = reads
        return standing

    async def peek(self, ask: Ask) -> Meter:
        return meter.peek(self._reads.get(ask.identity), ask)

    async def newcomer(self, ask: Ask) -> Meter:
        return await self.count(ask)

    async def newcomers(self, ask: Ask) -> Meter:
        return await self.peek(ask)

    async def salt(self, begins: datetime) -> bytes:
        if begins not in self._salts:
            self._salts = {begins: secrets.token_bytes(SALT_SIZE)}
        return self._salts[begins]

    async def unite(self, device: UUID, reader: UUID) -> None:
        both = meter.united(self._reads.get(device), self._reads.get(reader))
        if both is not None:
            self._reads[device] = self._reads[reader] = both

    async def erase(self, identity: UUID) -> None:
        self._reads.pop(identity, None)

    async def gift(self, ask: GiftAsk) -> GiftFacts | None:
        return self.gifts.find(ask)

    async def open_gift(self, ask: GiftAsk) -> GiftStanding:
        return self.gifts.open(ask)

    async def story(self, story_id: int) -> StoryFacts | None:
        return self._stories.get(story_id)

    async def page(self, story_id: int) -> PressedPage | None:
        return self._pages.get(story_id)

    async def listing(self, path: str) -> FiledListing | None:
        if path not in self._listings:
            return None
        listing, begun = self._listings[path]
        changes = (self._listings_changed.get(each, 0.0) for each in (path, ""))
        return FiledListing(listing, self._steady() - begun, max(changes) < begun)

    async def furniture(self) -> Mapping[str, str]:
        return dict(self._furniture)

    async def grants(self, reader: UUID, at: datetime) -> Sequence[Grant]:
        live = [one for one in self._grants if one.reader == reader and at < one.ends]
        return sorted(live, key=lambda one: (one.ends, one.feature))

    async def orders(self) -> Orders:
        return self._orders

    async def epochs(self, since: datetime) -> Mapping[UUID, int]:
        return {r: epoch for r, (epoch, at) in self._epochs.items() if at >= since}

    async def changes(self) -> AsyncGenerator[Sequence[Change], None]:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PULSE):
                    await self._stirred.wait()
            self._stirred.clear()
            news, self._news = self._news, []
            yield news
