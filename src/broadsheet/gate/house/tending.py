"""What is done each night for the records, by the policy that holds."""

from __future__ import annotations

from datetime import datetime

from . import queries, recording


def tend_records(*, at: datetime) -> int:
    """
    Make room for the records of the days to come, and drop those whose days are over.
    Return how many days went. Also files the policy's first edition. Run it daily.
    """
    orders = queries.orders()
    recording.file_edition(orders, by=None, at=at)
    return recording.tend(orders.recording.days, at=at)
