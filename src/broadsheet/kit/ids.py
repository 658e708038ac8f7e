"""Identifiers that sort by the time they were made, and secrets for addresses."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime


def new_id(at: datetime) -> uuid.UUID:
    """
    Return a UUID of version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds
    of `at`, then 74 random bits. Two made in the same millisecond have no order.
    """
    millis = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    value = millis << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return uuid.UUID(int=value)


def new_secret(size: int = 32) -> str:
    """Return `size` random bytes as unpadded base64url, fit for an address."""
    return secrets.token_urlsafe(size)
