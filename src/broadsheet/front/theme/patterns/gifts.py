"""The pages of gifts, as their giver and their recipient see them."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from . import story
from .sample import NOW

TERMS = SimpleNamespace(opens=5, days=14)
GIFT = SimpleNamespace(opens=5, opened=2)
ADDRESS = (
    "https://paper.example/gift/"
    "MdMAAAAAAAAD6Gqs0HAABQECAwQFBgcICQoLDA0OD6D8pM6nK3c7YUq0l4mVbA2f/"
)


def give(giving: str, **extra: Any) -> dict[str, Any]:
    """Return what the page of giving is shown with."""
    return {
        "story": story.page("free" if giving == "free" else "premium"),
        "giving": giving,
        "allowance": 10,
        "left": 9,
        "terms": TERMS,
        "gift": GIFT if giving == "given" else None,
        "address": ADDRESS if giving == "given" else "https://paper.example/a-1000/",
        "days_left": 12,
        "again": "1 September 2026",
        **extra,
    }


def listed() -> list[Any]:
    """Return three gifts as the account lists them."""
    return [
        SimpleNamespace(
            nonce=number,
            headline=headline,
            path="/gift/give/1000/",
            opened=number,
            opens=5,
            expires_at=NOW + timedelta(days=14 - number),
        )
        for number, headline in enumerate(
            (
                "A port that waited twenty years opens to its first ship",
                "Rates held, and nobody was surprised",
                "The last typewriter of Lucknow",
            )
        )
    ]
