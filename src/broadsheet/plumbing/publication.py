"""The publication's row, and the time it lives in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from broadsheet.kit import clock

from .models import Publication

FRESH_FOR = 1.0  # Seconds that a process may go on with the row it last read.


@dataclass(frozen=True, slots=True)
class Facts:
    """The publication as other rooms read it."""

    name: str
    tagline: str
    zone: ZoneInfo
    locale: str
    currency: str
    support_mail: str
    clock_offset: timedelta


_seen: tuple[float, Facts] | None = None


def current() -> Facts:
    """Return the publication. Costs one query a second and process, at most."""
    global _seen
    if _seen is None or clock.steady() - _seen[0] > FRESH_FOR:
        _seen = (clock.steady(), _read())
    return _seen[1]


def forget() -> None:
    """Make the next `current` read the row again."""
    global _seen
    _seen = None


def now() -> datetime:
    """Return the publication's present: the wall clock, moved by its test clock."""
    return clock.wall() + current().clock_offset


def move_clock(offset: timedelta) -> None:
    """Let the publication live `offset` after the wall clock. For demos and tests."""
    Publication.objects.update_or_create(pk=1, defaults={"clock_offset": offset})
    forget()


def _read() -> Facts:
    row = Publication.objects.filter(pk=1).first() or Publication(pk=1)
    return Facts(
        name=row.name,
        tagline=row.tagline,
        zone=ZoneInfo(row.time_zone),
        locale=row.locale,
        currency=row.currency,
        support_mail=row.support_mail,
        clock_offset=row.clock_offset,
    )
