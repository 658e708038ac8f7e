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
from .vocabulary import FIXED_BITS, Orders, Pass, Pool

LONGEST_HEADER = 8192  # Bytes of cookies; above it, somebody is trying something.


@dataclass(frozen=True, slots=True)
class Visitor:
    """
    `reader` is a pass that holds; an expired or voided one is not here. `issued` says
    when the device cookie was made, in Unix seconds.
    """

    device: UUID | None = None
    reader: Pass | None = None
    features: frozenset[str] = frozenset()
    new_device: bool = False
    issued: int = 0

    @property
    def new(self) -> bool:
        """Test if her device has yet to be held against its network's budget."""
        return self.new_device and self.reader is None

    @property
    def identity(self) -> UUID | None:
        """Return whose meter counts: the reader's own, else the device's."""
        return self.reader.identity if self.reader else self.device

    def ask(
        self, story_id: int, pool: Pool, orders: Orders, at: datetime
    ) -> Ask | None:
        """Return the question for the meter, or None if there is nobody to ask for."""
        if self.identity is None:
            return None
        limit = pool.registered if self.reader else pool.anonymous
        period = orders.policy.period
        since = period_start(period, orders.zone, at)
        until = period_end(period, orders.zone, at)
        return Ask(self.identity, story_id, limit, since, at, until, pool.name)


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


@dataclass(frozen=True, slots=True)
class Wallet:
    """
    What a browser carries: its cookies, and the passes in them whose signatures hold.
    That is true at any time, so it may be remembered; whether a pass still counts is
    asked anew at each view, by `visitor_with`.
    """

    cookies: Mapping[str, str]
    device: Pass | None
    reader: Pass | None


def open_wallet(cookies: Mapping[str, str], keyring: Keyring) -> Wallet:
    """Return what `cookies` prove. Raises nothing, whatever they hold."""
    device = cookies.get(passes.DEVICE_COOKIE)
    reader = cookies.get(passes.READER_COOKIE)
    return Wallet(
        cookies,
        passes.name_device(keyring, device) if device else None,
        passes.name_reader(keyring, reader) if reader else None,
    )


def visitor_with(
    wallet: Wallet, *, epochs: Mapping[UUID, int], orders: Orders, at: datetime
) -> Visitor:
    """Return who comes with this wallet, at this moment."""
    now = int(at.timestamp())
    device, reader = wallet.device, wallet.reader
    if device is None or not passes.knows_device(device, now):
        identity, new, issued = None, False, 0
    else:
        identity, new = device.identity, bool(device.bits & passes.NEW_BIT)
        issued = device.expires - passes.DEVICE_LIFE
    if reader is None or not _holds(reader, epochs, now):
        return Visitor(identity, new_device=new, issued=issued)
    features = features_of(reader.bits, orders.verticals)
    return Visitor(identity, reader, features, new, issued)


def _holds(reader: Pass, epochs: Mapping[UUID, int], now: int) -> bool:
    if not passes.is_live(reader, passes.READER_LIFE, now):
        return False
    if epochs.get(reader.identity, 0) > reader.epoch:  # Voided since it was minted.
        return False
    # A right that ends within the pass's life ends on time: the pass is done with it.
    return not reader.bits or reader.entitled_until > now


def identify(
    cookies: Mapping[str, str],
    *,
    keyring: Keyring,
    epochs: Mapping[UUID, int],
    orders: Orders,
    at: datetime,
) -> Visitor:
    """Return the visitor that `cookies` prove. Raises nothing, whatever they hold."""
    wallet = open_wallet(cookies, keyring)
    return visitor_with(wallet, epochs=epochs, orders=orders, at=at)


@lru_cache(maxsize=4096)
def features_of(bits: int, verticals: tuple[tuple[str, int], ...]) -> frozenset[str]:
    """Return the features that a pass's `bits` stand for."""
    known = (*FIXED_BITS.items(), *verticals)
    return frozenset(name for name, bit in known if bits >> bit & 1)


def bits_of(features: Iterable[str], verticals: tuple[tuple[str, int], ...]) -> int:
    """Return `features` as a pass's bits. One that has no bit yet is left out."""
    known = {**FIXED_BITS, **dict(verticals)}
    return sum(1 << known[name] for name in set(features) if name in known)
