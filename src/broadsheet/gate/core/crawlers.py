"""
Who a crawler is: what it says, and whether that is so.

A User-Agent is a claim. It is proved by the address that the request came from, if the
claimed operator publishes it; else by DNS both ways, for a name alone is written by
whoever owns the address. What cannot be proved in time is not proved.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Protocol

from .known import BY_NAME, KNOWN, RANGES, UNKNOWN, Crawler
from .vocabulary import Kind, Proof, Visitant

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SHIPPED = Path(__file__).parent / "ranges"
LONGEST_AGENT = 512  # Bytes of a User-Agent that are looked at.
MOST_RANGES = 20_000
WIDEST = {4: 12, 6: 28}  # The shortest prefix that an operator can mean.

_BY_TOKEN = {one.token.lower(): one for one in KNOWN if one.speaks}
_ANY_TOKEN = "|".join(
    re.escape(one) for one in sorted(_BY_TOKEN, key=len, reverse=True)
)
_TOKENS = re.compile(rf"(?<![a-z0-9])(?:{_ANY_TOKEN})(?![a-z0-9])")
# Whoever calls itself so is one; but Cubot makes telephones.
_SOME_BOT = re.compile(r"(?<!cu)bots?(?![a-z])|crawler|spider")
_NOBODY_KNOWS = Crawler(UNKNOWN, Kind.UNKNOWN, "")


class BadRanges(Exception):
    """A file is not a list of address ranges. The message says what is wrong with it."""


@lru_cache(maxsize=4096)
def claimed(user_agent: bytes) -> Crawler | None:
    """
    Return the crawler that this User-Agent claims to be; None for a reader. Readers'
    are few and come again and again, so the answer for them is remembered.
    """
    text = user_agent[:LONGEST_AGENT].decode("latin-1").lower()
    found = _TOKENS.search(text)
    if found is not None:
        return _BY_TOKEN[found[0]]
    return _NOBODY_KNOWS if _SOME_BOT.search(text) else None


# --- Where the request came from --------------------------------------------------


def read_address(text: str) -> Address | None:
    """Return the address that `text` spells, an IPv4 one in IPv6's clothes undressed."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def came_from(
    peer: str, forwarded: Iterable[str], trusted: Sequence[Network]
) -> Address | None:
    """
    Return the client's address. Each trusted proxy has put the one before it at the
    end of X-Forwarded-For; the first from the end that is not a proxy of ours is who
    came, and what stands before that is only what she says.
    """
    address = read_address(peer)
    hops = [hop for line in forwarded for hop in line.split(",")]
    while address is not None and hops and _within(address, trusted):
        address = read_address(hops.pop())
    return address


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(
        address in network for network in networks if network.version == address.version
    )


# --- Published ranges -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ranges:
    """Networks by the file that they came in; a look costs one probe a prefix length."""

    prefixes: Mapping[str, Mapping[tuple[int, int], frozenset[int]]]

    @classmethod
    def of(cls, networks: Mapping[str, Iterable[Network]]) -> Ranges:
        return cls({name: _by_length(some) for name, some in networks.items()})

    def hold(self, name: str, address: Address) -> bool:
        number, width = int(address), address.max_prefixlen
        return any(
            version == address.version and number >> (width - length) in known
            for (version, length), known in self.prefixes.get(name, {}).items()
        )


def _by_length(networks: Iterable[Network]) -> dict[tuple[int, int], frozenset[int]]:
    found: dict[tuple[int, int], set[int]] = {}
    for one in networks:
        number = int(one.network_address) >> (one.max_prefixlen - one.prefixlen)
        found.setdefault((one.version, one.prefixlen), set()).add(number)
    return {length: frozenset(numbers) for length, numbers in found.items()}


def parse_ranges(document: bytes | str) -> tuple[Network, ...]:
    """
    Return the networks in a file of the form that the operators have agreed on without
    saying so: `{"prefixes": [{"ipv4Prefix": …}, {"ipv6Prefix": …}]}`. Raise `BadRanges`.
    """
    try:
        prefixes = json.loads(document)["prefixes"]
        written = [
            value
            for one in prefixes
            for key, value in one.items()
            if key in ("ipv4Prefix", "ipv6Prefix")
        ]
        networks = [ipaddress.ip_network(value) for value in written]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadRanges(f"This is no list of address ranges: {error!r}") from error
    if not networks or len(networks) > MOST_RANGES:
        raise BadRanges(f"There are {len(networks)} ranges in it; 1 to {MOST_RANGES}.")
    for network in networks:
        if network.prefixlen < WIDEST[network.version]:
            raise BadRanges(f"{network} is wider than any operator's network.")
    return tuple(sorted(set(networks), key=lambda n: (n.version, n)))


@lru_cache(maxsize=1)
def shipped() -> dict[str, tuple[Network, ...]]:
    """Return the ranges that came with this release, by file."""
    return {
        path.stem: parse_ranges(path.read_bytes())
        for path in sorted(SHIPPED.glob("*.json"))
        if path.stem in RANGES
    }


# --- Proof ------------------------------------------------------------------------


class Resolver(Protocol):
    """DNS. Returns nothing when it does not know, or not in time; raises nothing."""

    async def names(self, address: Address) -> Sequence[str]: ...

    async def addresses(self, name: str) -> Sequence[Address]: ...


async def verify(
    crawler: Crawler, address: Address | None, ranges: Ranges, resolver: Resolver
) -> Visitant:
    """Return the crawler with the proof that its address is, or with none."""
    proof = await _prove(crawler, address, ranges, resolver)
    return Visitant(crawler.name, crawler.kind, proof)


async def _prove(
    crawler: Crawler, address: Address | None, ranges: Ranges, resolver: Resolver
) -> Proof:
    if address is None:
        return Proof.NONE
    if crawler.ranges and ranges.hold(crawler.ranges, address):
        return Proof.ADDRESS
    if not crawler.suffixes or not address.is_global:
        return Proof.NONE
    for name in await resolver.names(address):
        if belongs(name, crawler.suffixes):
            # The name is the word of the address's owner; its own zone must agree.
            if address in await resolver.addresses(name):
                return Proof.DNS
    return Proof.NONE


def belongs(name: str, suffixes: Iterable[str]) -> bool:
    """Test if the host `name` lies within one of the domains."""
    host = name.lower().removesuffix(".")
    return any(host.endswith("." + suffix) for suffix in suffixes)


def named(name: str) -> Crawler | None:
    """Return the crawler of this name in our table."""
    return BY_NAME.get(name)
