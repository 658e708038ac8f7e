"""Who is at the door, by the cookies alone: a device, a reader, or nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from . import passes
from .meter import Ask, period_end, period_start
from .passes import Keyring
from .vocabulary import FIXED_BITS, Orders, Pass

LONGEST_HEADER = 8192  # Bytes of cookies; above it, somebody is trying something.


@dataclass(frozen=True, slots=True)
class Visitor:
    """`reader` is a pass that holds; an expired or voided one is not here."""

    device: UUID | None = None
    reader: Pass | None = None
    features: frozenset[str] = frozenset()

    @property
    def identity(self) -> UUID | None:
        """Return whose meter counts: the reader's own, else the device's."""
        return self.reader.identity if self.reader else self.device

    def ask(self, story_id: int, orders: Orders, at: datetime) -> Ask | None:
        """Return the question for the meter, or None if there is nobody to ask for."""
        if self.identity is None:
            return None
        policy = orders.policy
        limit = policy.limit_registered if self.reader else policy.limit_anonymous
        since = period_start(policy.period, orders.zone, at)
        until = period_end(policy.period, orders.zone, at)
        return Ask(self.identity, story_id, limit, since, at, until)


def read_cookies(headers: Iterable[bytes]) -> dict[str, str]:
    """
    Return the cookies in the Cookie `headers`, strictly. A name that comes twice is
    left out: which of the two a browser means is the attacker's choice.
    """
    raw = b"; ".join(headers)  # HTTP/2 may send one header a cookie.
    if len(raw) > LONGEST_HEADER or not raw.isascii():
        return {}
    cookies: dict[str, str] = {}
    twice: set[str] = set()
    for pair in raw.decode("ascii").split(";"):
        name, equals, value = pair.strip(" ").partition("=")
        if name in cookies:
            twice.add(name)
        if equals:
            cookies[name] = value
    for name in twice:
        del cookies[name]
    return cookies


def identify(
    cookies: Mapping[str, str],
    *,
    keyring: Keyring,
    epochs: Mapping[UUID, int],
    orders: Orders,
    at: datetime,
) -> Visitor:
    """Return the visitor that `cookies` prove. Raises nothing, whatever they hold."""
    return Visitor(
        _device(cookies, keyring, at),
        *_reader(cookies.get(passes.READER_COOKIE), keyring, epochs, orders, at),
    )


def _device(cookies: Mapping[str, str], keyring: Keyring, at: datetime) -> UUID | None:
    text = cookies.get(passes.DEVICE_COOKIE)
    carried = text and passes.read_device(keyring, text, at)
    return carried.identity if carried else None


def _reader(
    text: str | None,
    keyring: Keyring,
    epochs: Mapping[UUID, int],
    orders: Orders,
    at: datetime,
) -> tuple[Pass | None, frozenset[str]]:
    nobody: tuple[None, frozenset[str]] = None, frozenset()
    carried = passes.read_reader(keyring, text, at) if text else None
    if carried is None:
        return nobody
    if epochs.get(carried.identity, 0) > carried.epoch:  # Voided since it was minted.
        return nobody
    # A right that ends within the pass's life ends on time: the pass is done with it.
    if carried.bits and carried.entitled_until <= at.timestamp():
        return nobody
    return carried, features_of(carried.bits, orders.verticals)


@lru_cache(maxsize=4096)
def features_of(bits: int, verticals: tuple[tuple[str, int], ...]) -> frozenset[str]:
    """Return the features that a pass's `bits` stand for."""
    known = (*FIXED_BITS.items(), *verticals)
    return frozenset(name for name, bit in known if bits >> bit & 1)


def bits_of(features: Iterable[str], verticals: tuple[tuple[str, int], ...]) -> int:
    """Return `features` as a pass's bits. One that has no bit yet is left out."""
    known = {**FIXED_BITS, **dict(verticals)}
    return sum(1 << known[name] for name in set(features) if name in known)
