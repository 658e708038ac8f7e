"""WordPress's three ways to write a date, and the many to write none."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_YEARS = range(1600, 2200)  # A newspaper's; “0001” and “9999” are a plugin's nothing.

_WRITTEN_YEAR = re.compile(r"\s\d{4}\s")


def local(text: str) -> datetime | None:
    """Return “2019-05-06 07:08:09” as a naive time, or None if there is none in it."""
    try:
        found = datetime.fromisoformat(text.strip()[:32])
    except ValueError:
        return None
    if found.tzinfo is not None:
        found = found.astimezone(UTC).replace(tzinfo=None)
    return found if found.year in _YEARS else None


def gmt(text: str) -> datetime | None:
    """Return a time that is known to be in UTC, or None for “0000-00-00 00:00:00”."""
    found = local(text)
    return found.replace(tzinfo=UTC) if found else None


def rfc822(text: str) -> datetime | None:
    """Return an RSS pubDate in UTC. WordPress writes year -0001 for drafts: None."""
    if not _WRITTEN_YEAR.search(text[:64]):  # Python reads “-0001” as 2000.
        return None
    try:
        found = parsedate_to_datetime(text.strip()[:64])
    except (TypeError, ValueError, IndexError):
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return found.astimezone(UTC) if found.year in _YEARS else None
