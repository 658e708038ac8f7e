"""
The new-identity budget: how many devices that nobody has seen may come from one network
before further new ones are asked to sign up.

Nobody can tell a new reader from one who has cleared her cookies. All that can be told is
that very many new ones come from one place. An address is used for that and is kept
nowhere: what is kept is a hash of its network under a secret that lives as long as the
window, a day at most, and is then deleted with all that was counted under it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from .crawlers import Address
from .meter import KEPT_AFTER, Ask
from .vocabulary import Budget

WIDTHS = {4: (32, 24), 6: (64, 56)}  # One line or household; its neighbourhood.
NEW, KNOWN = "new", "known"  # The pools of a network's row.
MOST = 1000  # Devices that are counted of one network, of either kind.
SALT_SIZE = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """Counted from `begins` until `ends`, under a secret that lives no longer."""

    begins: datetime
    ends: datetime

    @classmethod
    def at(cls, at: datetime, hours: int) -> Window:
        length = timedelta(hours=hours)
        begins = _EPOCH + (at - _EPOCH) // length * length
        return cls(begins, begins + length)


@dataclass(frozen=True, slots=True)
class Network:
    """A hashed network, and how many new devices it may bring by itself."""

    row: UUID
    allowance: int


def networks(address: Address, budget: Budget, salt: bytes) -> list[Network]:
    """
    Return the networks of `address` that have a limit, the narrow one first: a device
    that it refuses must not use up its neighbours' allowance. An address that is not
    on the public net is nobody's network, but some proxy's that we were not told of.
    """
    if not address.is_global:
        return []
    found = []
    widths = WIDTHS[address.version]
    for width, allowance in zip(widths, (budget.narrow, budget.wide), strict=True):
        if allowance:
            prefix = int(address) >> (address.max_prefixlen - width)
            name = f"{address.version} {width} {prefix:x}".encode()
            found.append(Network(UUID(bytes=_hash(salt, name, 16)), allowance))
    return found


def ask_to_admit(
    network: Network,
    known: int,
    device: UUID,
    budget: Budget,
    salt: bytes,
    at: datetime,
) -> Ask:
    """Return the question whether the network may bring this device too."""
    limit = min(MOST, network.allowance + budget.per_known * known)
    return _ask(network, device, salt, NEW, limit, budget, at)


def ask_to_note(
    network: Network, identity: UUID, budget: Budget, salt: bytes, at: datetime
) -> Ask:
    """Return the question that notes one who has been here before this window."""
    return _ask(network, identity, salt, KNOWN, MOST, budget, at)


def _ask(
    network: Network,
    device: UUID,
    salt: bytes,
    pool: str,
    limit: int,
    budget: Budget,
    at: datetime,
) -> Ask:
    window = Window.at(at, budget.hours)
    return Ask(
        network.row,
        int.from_bytes(_hash(salt, device.bytes, 8), "big") >> 1,
        limit,
        window.begins,
        at,
        # A row goes with its secret, not a day later like a reader's.
        window.ends - KEPT_AFTER + timedelta(seconds=1),
        pool,
    )


def _hash(salt: bytes, name: bytes, size: int) -> bytes:
    return blake2b(name, key=salt, digest_size=size).digest()
