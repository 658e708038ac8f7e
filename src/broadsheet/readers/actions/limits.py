"""Counting tries, so that guessing is slow and the wait is known."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from ..models import mark
from ..rules import Limit


class TooManyTries(Exception):
    """The limit is reached. Try again after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(f"Too many tries; {wait} to wait.")
        self.wait = wait


# One statement, so that parallel tries are all counted, whichever process they reach.
_COUNT = """
    INSERT INTO readers_tally AS tally (key, tries, ends_at)
    VALUES (%(key)s, 1, %(ends_at)s)
    ON CONFLICT (key) DO UPDATE SET
        tries = CASE WHEN tally.ends_at <= %(at)s THEN 1 ELSE tally.tries + 1 END,
        ends_at = CASE WHEN tally.ends_at <= %(at)s
                       THEN excluded.ends_at ELSE tally.ends_at END
    RETURNING tries, ends_at
"""


def count(limit: Limit, subject: str, *, at: datetime) -> None:
    """
    Count one try of `subject`. Raise `TooManyTries` above the limit. Must run outside
    the verb's own transaction: a refusal rolls that back, and the try must stay.
    """
    key = mark("tally", limit.name, subject.lower())
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": key, "at": at, "ends_at": at + limit.window})
        tries, ends_at = cursor.fetchone()
    if tries > limit.most:
        raise TooManyTries(ends_at - at)
