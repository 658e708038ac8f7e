"""
Who did what at the desk, and why. A row is written in the transaction of the deed, and
nobody changes it: the table refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, Sum

from broadsheet.kit.ids import new_id
from broadsheet.kit.money import Money

from .models import DeskAct, DeskLimits

LONGEST_REASON = 500


class NoReason(Exception):
    """Nobody said why. Ask for a sentence."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One row: `before` and `after` are plain values, as the verb's page shows them."""

    id: UUID
    at: datetime
    actor: UUID
    subject: UUID | None
    verb: str
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]


def claim(key: str, *, subject: UUID) -> bool:
    """
    Say whether the act of this key is still to be done. Until the transaction ends,
    whoever acts on the same reader waits: a double click does nothing twice, and two
    clicks at once do not slip under one limit.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("claim() belongs inside the transaction of the act.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"desk:{subject}"],
        )
    return not written(key)


def written(key: str) -> bool:
    return DeskAct.objects.filter(key=key).exists()


def write(
    *,
    key: str,
    actor: UUID,
    subject: UUID | None,
    verb: str,
    reason: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    gave: Money | None = None,
    at: datetime,
) -> None:
    """Write an act down, and what it `gave` back. Raise `NoReason`; a key that was used is an IntegrityError."""
    said = " ".join(reason.split())[:LONGEST_REASON]
    if not said:
        raise NoReason("Say why, in a sentence.")
    DeskAct.objects.create(
        id=new_id(at),
        key=key,
        actor=actor,
        subject=subject,
        verb=verb,
        reason=said,
        before=dict(before or {}),
        after=dict(after or {}),
        minor=gave.minor if gave else 0,
        currency=gave.currency if gave else "",
        at=at,
    )


def deeds(
    *, subject: UUID | None = None, until: datetime | None = None, limit: int
) -> tuple[Deed, ...]:
    """Return what was done, to one reader or at all, up to `until`, newest first."""
    rows = DeskAct.objects.all()
    if subject is not None:
        rows = rows.filter(subject=subject)
    if until is not None:
        rows = rows.filter(at__lte=until)
    return tuple(_deed(row) for row in rows.order_by("-at", "-id")[:limit])


def page(
    *, actor: UUID | None = None, before: UUID | None = None, limit: int
) -> tuple[Deed, ...]:
    """Return what was done at the desk after `before` in the list, newest first."""
    rows = DeskAct.objects.all()
    if actor is not None:
        rows = rows.filter(actor=actor)
    last = DeskAct.objects.filter(pk=before).first() if before else None
    if last is not None:
        rows = rows.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    return tuple(_deed(row) for row in rows.order_by("-at", "-id")[:limit])


def given_back(*, actor: UUID, subject: UUID, currency: str, since: datetime) -> int:
    """Return what one of the staff gave one reader back since then, in minor units."""
    rows = DeskAct.objects.filter(
        subject=subject, actor=actor, currency=currency, at__gt=since
    )
    return rows.aggregate(sum=Sum("minor"))["sum"] or 0


def revealed(*, actor: UUID, subject: UUID, since: datetime) -> bool:
    """Say whether this one of the staff revealed this reader's address since then."""
    rows = DeskAct.objects.filter(subject=subject, actor=actor, verb="reveal")
    return rows.filter(at__gt=since).exists()


def refund_limit() -> int:
    row = DeskLimits.objects.order_by("pk").first() or DeskLimits()
    return row.refund_minor


def _deed(row: DeskAct) -> Deed:
    return Deed(
        row.pk,
        row.at,
        row.actor,
        row.subject,
        row.verb,
        row.reason,
        row.before,
        row.after,
    )
