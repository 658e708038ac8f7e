"""What the gate announces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """The policy or a wall text was edited at the desk: furniture may read otherwise."""

    limit_anonymous: int
    limit_registered: int
    period: str
