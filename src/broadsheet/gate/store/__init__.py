"""
Where the gate keeps what it knows: one protocol, and a store a folder entry.

A store promises that counting is one atomic operation, so that any number of parallel
views in any number of processes open exactly `limit` stories. It refuses to decide
anything: it counts, keeps, and tells what has changed. It never imports Django.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from broadsheet.gate.core.gifts import GiftAsk, GiftFacts
from broadsheet.gate.core.listings import FiledListing
from broadsheet.gate.core.meter import Ask
from broadsheet.gate.core.pages import PressedPage
from broadsheet.gate.core.vocabulary import (
    GiftStanding,
    Grant,
    Meter,
    Orders,
    StoryFacts,
)


class StoreDown(Exception):
    """The store did not answer, or not in time. Trying again later may work."""


class Kind(enum.Enum):
    """What has changed."""

    STORY = "story"  # Facts or page of story `number`.
    PAGES = "pages"  # The pages of all stories.
    FURNITURE = "furniture"
    LISTING = "listing"  # The page at `subject`, or all if there is none.
    EPOCH = "epoch"  # Reader `subject` now has epoch `number`.


@dataclass(frozen=True, slots=True)
class Change:
    kind: Kind
    subject: str = ""
    number: int = 0


class Store(Protocol):
    """Every method but `open` and `close` may raise `StoreDown`."""

    async def open(self) -> None:
        """Begin; from now on `changes` forgets nothing."""

    async def close(self) -> None: ...

    async def count(self, ask: Ask) -> Meter:
        """Open the story for the identity if the limit allows, atomically."""
        ...

    async def peek(self, ask: Ask) -> Meter:
        """Return where the story stands, opening nothing."""
        ...

    async def unite(self, device: UUID, reader: UUID) -> None:
        """Give both identities the union of what they have read."""

    async def erase(self, identity: UUID) -> None:
        """Forget what the identity has read."""

    async def gift(self, ask: GiftAsk) -> GiftFacts | None:
        """Return the gift of the nonce, as the device finds it; None if there is none."""
        ...

    async def open_gift(self, ask: GiftAsk) -> GiftStanding:
        """Open the gift for the device if it may be, atomically. Return its worth then."""
        ...

    async def newcomer(self, ask: Ask) -> Meter:
        """As `count`, in the rows of networks: see `core.budget`."""
        ...

    async def newcomers(self, ask: Ask) -> Meter:
        """As `peek`, in the rows of networks."""
        ...

    async def salt(self, begins: datetime) -> bytes:
        """
        Return the secret of the window that begins then, the same to all who ask. The
        first who asks makes it, and takes away all earlier ones with their rows.
        """
        ...

    async def story(self, story_id: int) -> StoryFacts | None: ...

    async def page(self, story_id: int) -> PressedPage | None: ...

    async def listing(self, path: str) -> FiledListing | None: ...

    async def furniture(self) -> Mapping[str, str]: ...

    async def grants(self, reader: UUID, at: datetime) -> Sequence[Grant]:
        """Return the grants that have not ended at `at`, the first to end first."""
        ...

    async def orders(self) -> Orders: ...

    async def epochs(self, since: datetime) -> Mapping[UUID, int]:
        """Return the epochs that were raised at `since` or later."""
        ...

    def changes(self) -> AsyncGenerator[Sequence[Change], None]:
        """
        Yield what has changed since `open`, as soon as it has; and an empty batch at
        least every half second, so that the listener can look after other things.
        """
        ...
