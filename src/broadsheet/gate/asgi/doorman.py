"""
The doorman: who the machines at the door are, and a note of each that came.

A reader's request costs a look at two headers. All that takes time is for those who
claim to be crawlers: an answer from DNS is waited for once an hour and address, and
the notes are written by a task of its own, many at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from broadsheet.gate.core import crawlers
from broadsheet.gate.core.crawlers import (
    LONGEST_AGENT,
    Address,
    BadRanges,
    Network,
    Ranges,
    Resolver,
    came_from,
    claimed,
)
from broadsheet.gate.core.known import BY_AGENT, UNKNOWN, Crawler
from broadsheet.gate.core.signatures import BadKeys, Message, agent_of, read_keys
from broadsheet.gate.core.vocabulary import Decision, Kind, Proof, Visitant
from broadsheet.gate.store import StoreDown
from broadsheet.gate.store.crawlers import KEYS, RANGES, Book, Document, Visit
from broadsheet.kit import clock

from .address import raw_path
from .dns import NoDns
from .request import Scope

RawHeaders = Iterable[tuple[bytes, bytes]]
log = logging.getLogger(__name__)

PROVED_FOR = 3600.0  # Seconds for which an address's proof is remembered,
UNPROVED_FOR = 60.0  # and its lack of one: the operator's DNS may have been away.
MOST_REMEMBERED = 10_000
MOST_NOTES = 5_000  # In memory; what comes above it is not noted, and counted.
WRITE_EVERY = 2.0  # Seconds.
LOOK_EVERY = 60.0  # Seconds between two looks for newer lists.


_SOMEBODY_SIGNED = Crawler(UNKNOWN, Kind.UNKNOWN, "")


@dataclass(slots=True)
class _Proofs:
    """What is remembered of addresses: by crawler and address, until when."""

    held: OrderedDict[tuple[str, Address], tuple[Proof, float]]

    def find(self, key: tuple[str, Address]) -> Proof | None:
        proof, until = self.held.get(key, (None, 0.0))
        return proof if until > clock.steady() else None

    def keep(self, key: tuple[str, Address], proof: Proof) -> None:
        life = UNPROVED_FOR if proof is Proof.NONE else PROVED_FOR
        self.held[key] = (proof, clock.steady() + life)
        self.held.move_to_end(key)
        if len(self.held) > MOST_REMEMBERED:
            self.held.popitem(last=False)


def glance(headers: RawHeaders) -> Crawler | None:
    """Return the crawler that the headers claim; None, and soon, for a reader."""
    found, signs = None, False
    for name, value in headers:
        if name == b"user-agent":
            found = claimed(value[:LONGEST_AGENT])
        elif name == b"signature-agent":
            signs = True
    return found or (_SOMEBODY_SIGNED if signs else None)


class Doorman:
    """
    Knows the crawlers by the lists in `book` and by `resolver`; believes X-Forwarded-For
    from `trusted` peers only, and signatures of requests to `origin` only, so that one
    which was made for another site is worth nothing here. `lost` counts the notes for which there was no room.
    """

    def __init__(
        self,
        book: Book | None = None,
        *,
        resolver: Resolver | None = None,
        trusted: Sequence[Network] = (),
        origin: str = "",
    ) -> None:
        self._book, self._trusted = book, trusted
        self._origin = urlsplit(origin)
        self._keys: dict[str, dict[str, bytes]] = {}
        self._resolver: Resolver = resolver or NoDns()
        self._ranges = Ranges.of(crawlers.shipped())
        self._proofs = _Proofs(OrderedDict())
        self._asking: dict[tuple[str, Address], asyncio.Task[Visitant]] = {}
        self._notes: deque[Visit] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._looked_at = -LOOK_EVERY
        self.lost = 0

    # --- Who is it ----------------------------------------------------------------

    async def identify(self, crawler: Crawler, scope: Scope, at: datetime) -> Visitant:
        """Return the crawler with its proof, or with none. May wait for DNS once."""
        await self._look()
        signer = self._signer(scope, at)
        if signer is not None:
            return signer
        address = self.address(scope)
        if address is None:
            return Visitant(crawler.name, crawler.kind)
        key = (crawler.name, address)
        proof = self._proofs.find(key)
        if proof is not None:
            return Visitant(crawler.name, crawler.kind, proof)
        task = self._asking.get(key)
        if task is None:  # A hundred requests from one address ask once.
            task = asyncio.create_task(self._verify(crawler, address))
            self._asking[key] = task
        return await asyncio.shield(task)

    async def _verify(self, crawler: Crawler, address: Address) -> Visitant:
        key = (crawler.name, address)
        try:
            found = await crawlers.verify(
                crawler, address, self._ranges, self._resolver
            )
            self._proofs.keep(key, found.proof)
            return found
        finally:
            del self._asking[key]

    def _signer(self, scope: Scope, at: datetime) -> Visitant | None:
        """Return who has signed the request, by the keys that were filed."""
        if not self._keys or not self._origin.netloc:
            return None
        message = Message(
            method=scope["method"],
            authority=self._origin.netloc,
            path=raw_path(scope).decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            scheme=self._origin.scheme,
            headers=[
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in scope["headers"]
            ],
        )
        host = agent_of(message, self._keys, int(at.timestamp()))
        if host is None:
            return None
        known = BY_AGENT.get(host) or Crawler(host, Kind.UNKNOWN, "")
        return Visitant(known.name, known.kind, Proof.SIGNATURE)

    def address(self, scope: Scope) -> Address | None:
        """Return where the request came from, as far as we trust who says so."""
        peer = (scope.get("client") or ("", 0))[0]
        forwarded = [
            value.decode("latin-1")
            for name, value in scope["headers"]
            if name == b"x-forwarded-for"
        ]
        return came_from(str(peer), forwarded, self._trusted)

    # --- The lists ----------------------------------------------------------------

    async def _look(self) -> None:
        """Take over newer lists, at most once a minute; without them, keep the old."""
        if self._book is None or clock.steady() - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = clock.steady()
        with suppress(StoreDown):
            self._take(await self._book.documents())

    def _take(self, documents: Sequence[Document]) -> None:
        networks = dict(crawlers.shipped())
        keys: dict[str, dict[str, bytes]] = {}
        for document in documents:  # Each was checked when it was filed.
            with suppress(BadRanges, BadKeys):
                if document.what == RANGES:
                    networks[document.name] = crawlers.parse_ranges(document.text)
                elif document.what == KEYS:
                    keys[document.name] = read_keys(document.text)
        self._keys = keys
        self._ranges = Ranges.of(networks)
        self._proofs.held.clear()

    # --- The notes ----------------------------------------------------------------

    def note(self, visitant: Visitant, decision: Decision, at: datetime) -> None:
        """Note the visit. Costs nothing now; a task writes it in a moment."""
        if self._book is None:
            return
        if len(self._notes) >= MOST_NOTES:
            self.lost += 1
            return
        self._notes.append(
            Visit(
                visitant.kind.value,
                visitant.name,
                visitant.proof.value,
                decision.story_id,
                decision.verdict.value,
                at,
            )
        )
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_soon())

    async def _write_soon(self) -> None:
        while self._notes:
            await asyncio.sleep(WRITE_EVERY)
            await self._write()

    async def _write(self) -> None:
        if self._book is None or not self._notes:
            return
        notes = list(self._notes)
        try:
            await self._book.write(notes)
        except StoreDown:
            return  # They stay, as far as there is room.
        for _ in notes:
            self._notes.popleft()

    async def close(self) -> None:
        """Write what is noted, and end."""
        if self._writer is not None:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
        await self._write()
