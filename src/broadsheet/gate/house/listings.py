"""
The gate's verbs for pages that list stories; other rooms find them in `actions`.

Whoever changes what is listed only says so, in a line for each page, and locks nothing.
A page is pressed when it is next asked for, by one process at a time, and at most once
in `PACE` seconds in all of them together.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from broadsheet.gate.core.listings import PACE, PressedListing
from broadsheet.gate.store import Kind
from broadsheet.gate.store import listings as rows
from broadsheet.gate.store.postgres import CHANNEL

from . import pressed

MOST_NAMED = 200  # Pages; a change that concerns more is said to concern all.
KEPT_AFTER = timedelta(hours=1)  # For which a page that is over is still a page.
_TURN = 0x42_53_4C  # The class of our advisory locks; the other half is the path's.


@dataclass(frozen=True, slots=True)
class Turn:
    """Nobody else presses the page until this transaction ends."""

    path: str
    seen: str
    begun_at: datetime


@transaction.atomic
def listings_changed(paths: Collection[str], *, at: datetime) -> None:
    """
    Say that these pages may read otherwise; none named means all. Costs one statement
    and locks nothing, so that any number may publish at once.
    """
    if not paths or len(paths) > MOST_NAMED:
        paths = [rows.ALL]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO gate_change (txid, kind, subject, number, at)
            SELECT pg_current_xact_id()::text::bigint, %s, subject, 0, %s
              FROM unnest(%s::text[]) AS subject
            """,
            [Kind.LISTING.value, at, sorted(set(paths))],
        )
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def take_turn(path: str, *, masthead: str, at: datetime) -> Turn | None:
    """
    Wait until nobody presses this page, two seconds at most, and return the turn to do
    it; or None if what is filed by then is good, or was begun too short a while ago.
    Belongs inside the transaction that files the page, which is the turn's end.
    """
    with connection.cursor() as cursor:
        # Who never finishes must not hold up the others' threads, one after the other.
        cursor.execute("SET LOCAL lock_timeout TO '2s'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_TURN, path])
        # A statement of its own: one sees only what was there before it began to wait.
        cursor.execute(rows.FIND, [path])
        found = cursor.fetchone()
        if found is not None:
            filed = rows.filed(*found)
            if filed.age < PACE or filed.good(masthead, at):
                return None
        cursor.execute("SELECT pg_current_snapshot()::text, clock_timestamp()")
        return Turn(path, *cursor.fetchone())


def press_listing(listing: PressedListing, *, turn: Turn) -> None:
    """File the page that this turn has made."""
    pressed.PressedListing.objects.update_or_create(
        path=turn.path,
        defaults={
            "html": listing.html,
            "masthead": listing.masthead,
            "made_at": listing.made_at,
            "until": listing.until,
            "begun_at": turn.begun_at,
            "seen": turn.seen,
        },
    )


@transaction.atomic
def forget_listings(paths: Collection[str] | None, *, at: datetime) -> None:
    """Delete pages, so that they are pressed anew; None means all."""
    filed = pressed.PressedListing.objects.all()
    if paths is not None:
        filed = filed.filter(path__in=paths)
    if filed.delete()[0]:
        listings_changed(paths or (), at=at)


def sweep_listings(*, at: datetime) -> int:
    """Delete the pages that nobody has asked for in a while, and return how many."""
    over = pressed.PressedListing.objects.filter(until__lt=at - KEPT_AFTER)
    return over.delete()[0]


def install(seal: str, *, at: datetime) -> bool:
    """
    Write down the code and theme that pages are pressed with from now on, and tell
    whether it is another than before: then what is filed must be pressed anew.
    """
    row = pressed.Release.objects.select_for_update().filter(pk=1).first()
    if row is not None and row.seal == seal:
        return False
    pressed.Release.objects.update_or_create(
        pk=1, defaults={"seal": seal, "installed_at": at}
    )
    return True
