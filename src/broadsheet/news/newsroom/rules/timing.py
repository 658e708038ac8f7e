"""When a story may go live."""

from __future__ import annotations

from datetime import datetime


def under_embargo(
    until: datetime | None, go_live_at: datetime | None, at: datetime
) -> bool:
    """
    Return whether a story published `at`, or scheduled for `go_live_at` if that is
    later, would go live before its embargo ends. The embargo's own instant is free.
    """
    if until is None:
        return False
    return max(at, go_live_at or at) < until
