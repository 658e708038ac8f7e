"""The only file that reads the wall clock. Everything else is handed its time."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def wall() -> datetime:
    """Return the wall clock's instant, in UTC."""
    return datetime.now(UTC)


def steady() -> float:
    """Return seconds on a clock that never steps back, for measuring how long."""
    return time.monotonic()
