"""
What we were not told: webhooks that never arrived, for whatever reason. Providers keep
a list of their events; we read on in it from where we stopped. After a restore we stop
earlier than we had, and simply hear it again.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from .. import providers
from ..models import Reading
from ..providers import Told, Unreachable
from .listening import take

log = logging.getLogger(__name__)

PAGES = 20  # At most in one run; the next one reads on.


def catch_up(*, at: datetime) -> int:
    """
    Read what each provider has told since we last asked, and apply what is new. Return
    how many events that were. One worker at a time; an event that fails is kept, and
    does not keep the others.
    """
    return sum(_read_on(name, at) for name in providers.names())


def _read_on(name: str, at: datetime) -> int:
    read = 0
    for _ in range(PAGES):
        try:
            page = _page(name, at)
        except Unreachable as error:
            log.warning("%s was not asked for what we missed: %s", name, error)
            return read
        if not page:
            return read
        read += page
    return read


@transaction.atomic
def _page(name: str, at: datetime) -> int:
    Reading.objects.get_or_create(provider=name)
    place = (
        Reading.objects.select_for_update(skip_locked=True)
        .filter(provider=name)
        .first()
    )
    if place is None:
        return 0  # Another worker reads.
    told = providers.provider(name).told_since(place.after, at=at)
    for one in told:
        _take_safely(name, one, at)
        place.after = one.place
    place.save(update_fields=["after"])
    return len(told)


def _take_safely(name: str, told: Told, at: datetime) -> None:
    try:
        with transaction.atomic():
            take(name, told.body, "asked", at=at)
    except Exception:
        log.exception("%s: event at %s cannot be applied", name, told.place)
