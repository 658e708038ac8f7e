"""Identifiers that sort by the time they were made, and secrets for addresses."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime
from random import Random

SYSTEM: Random = secrets.SystemRandom()
_random = SYSTEM


def draw_from(source: Random) -> None:
    """
    Take the random bits of ids from `source`, so that a simulation with the same seed
    is the same again. Secrets never come from it.
    """
    global _random
    _random = source


def new_id(at: datetime) -> uuid.UUID:
    """
    Return a UUID of version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds
    of `at`, then 74 random bits. Two made in the same millisecond have no order.
    """
    millis = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    value = millis << 80 | _random.getrandbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return uuid.UUID(int=value)


def new_secret(size: int = 32) -> str:
    """Return `size` random bytes as unpadded base64url, fit for an address."""
    return secrets.token_urlsafe(size)
