"""What the gate announces."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """The policy or a wall text was edited at the desk: furniture may read otherwise."""

    limit_anonymous: int
    limit_registered: int
    period: str


@dataclass(frozen=True, slots=True)
class UnionOwed:
    """The meter could not be reached, so what was read is still to be united."""

    device: UUID
    reader: UUID


@dataclass(frozen=True, slots=True)
class ErasureOwed:
    """The meter could not be reached, so what was read is still to be forgotten."""

    identity: UUID


@dataclass(frozen=True, slots=True)
class GiftTermsChanged:
    """What subscribers may give was edited at the desk: furniture may read otherwise."""

    allowance: int
    opens: int
    days: int


@dataclass(frozen=True, slots=True)
class WallsChanged:
    """A variant of the wall, or a rule for one, was edited: so many variants now."""

    variants: int
