"""
Providers: companies that collect money for us. Each is a folder here, with the same
set of files (a test demands it), whose package offers `provider`, a `Provider`.

What a provider says is turned into `Fact`s; nothing else of it is known elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol

from broadsheet.kit.money import Money

from ..rules import DisputeStatus, Standing


class NoSuchProvider(Exception):
    """No folder has that name. Do not try again."""


class Unreachable(Exception):
    """
    The provider did not answer, or its answer says nothing: a timeout, a broken line, a
    5xx. What we asked may have been done. Ask again, under the same key.
    """


class Refused(Exception):
    """The provider did not do it and never will: the request itself is at fault."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Forged(Exception):
    """Nobody can prove that the provider sent this, or sent it now. Apply nothing."""


class Unreadable(Exception):
    """The provider sent this, and we do not understand it. A person must look."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What we ask a provider to collect."""

    key: str
    reference: str
    amount: Money
    description: str
    webhook_url: str
    return_url: str = ""
    method: str = ""  # The provider's token, if nobody is there to type a card.


@dataclass(frozen=True, slots=True)
class Saved:
    """An instrument that the provider keeps for us."""

    token: str
    network: str
    last4: str
    expires: date  # The last day on which it is valid.
    removed: bool = False
    version: int = 0  # Grows with each change; the greatest is the latest.


@dataclass(frozen=True, slots=True)
class Disputed:
    """A dispute about a payment, as its provider tells of it."""

    dispute_ref: str
    amount: Money
    reason: str
    status: DisputeStatus


@dataclass(frozen=True, slots=True)
class Fact:
    """What a provider says about one payment of its own."""

    provider_ref: str
    key: str
    reference: str
    currency: str
    standing: Standing
    pay_at: str = ""
    saved: Saved | None = None
    disputes: tuple[Disputed, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """An event of a provider: about a payment, a saved method, or something else."""

    event_id: str
    kind: str
    fact: Fact | None
    saved: Saved | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An event in a provider's own list, and its place there."""

    place: str
    body: bytes


class Provider(Protocol):
    """
    What we need of a provider. Each call may raise `Unreachable` or `Refused`; a call
    that moves money takes a key, and the same key moves it once.
    """

    def open(self, ask: Ask, *, at: datetime) -> Fact:
        """Make a hosted payment; its `pay_at` is where the payer goes."""

    def charge(self, ask: Ask, *, at: datetime) -> Fact:
        """Charge the saved method, its owner being away."""

    def find(self, *, provider_ref: str, key: str, at: datetime) -> Fact | None:
        """Look a payment up, by the provider's reference if known, else by our key."""

    def cancel(self, provider_ref: str, *, at: datetime) -> Fact:
        """Close a hosted payment that nobody has paid."""

    def refund(
        self, *, provider_ref: str, amount: Money, key: str, at: datetime
    ) -> str:
        """Give money back; return the provider's reference of the refund."""

    def find_refund(self, *, key: str, at: datetime) -> str:
        """Return the provider's reference of the refund made under `key`, or ""."""

    def forget(self, token: str, *, at: datetime) -> None:
        """Let a saved method be charged no more."""

    def told_since(self, place: str, *, at: datetime) -> tuple[Told, ...]:
        """Return a page of events after `place` ("": from the first), oldest first."""

    def tell_time(self, at: datetime) -> None:
        """Let a sandbox live in the publication's present; others have their own."""

    def came_back(
        self, query: Mapping[str, str], *, provider_ref: str, reference: str
    ) -> bool:
        """Say whether the provider sent the payer of that payment back with `query`."""

    def verify(self, body: bytes, headers: Mapping[str, str], *, at: datetime) -> str:
        """
        Prove that the raw `body` is the provider's and recent, or raise `Forged`;
        return which secret proved it: "current" or "previous".
        """

    def read(self, body: bytes) -> Notice:
        """Read a verified body, or raise `Unreadable`."""


@cache
def names() -> tuple[str, ...]:
    """Return the providers that have a folder."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def provider(name: str) -> Provider:
    """Return the provider of that name, or raise `NoSuchProvider`."""
    if name not in names():
        raise NoSuchProvider(f"There is no payment provider {name!r}.")
    found: Provider = import_module(f"{__name__}.{name}").provider
    return found
