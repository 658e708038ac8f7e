"""Facts that the shop announces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OfferChanged:
    """What is on sale, or what it costs, is other than before (or will be)."""

    plan_code: str
