"""What a person has to look at: raised once, closed by what happens or by her."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ..models import Concern
from ..rules import Trouble


class NoSuchConcern(Exception):
    """It is not there, or was dealt with already."""


class NoReason(Exception):
    """Who closes a concern says in a few words what was done."""


def concern(
    kind: Trouble,
    subject: str,
    *,
    detail: str,
    at: datetime,
    attempt_id: UUID | None = None,
) -> None:
    """Put it on the list. The same thing again changes nothing, even once closed."""
    Concern.objects.get_or_create(
        kind=kind,
        subject=subject[:200],
        defaults={"attempt_id": attempt_id, "detail": detail[:300], "raised_at": at},
    )


def settled(kind: Trouble, subject: str, *, at: datetime) -> None:
    """Take it off the list: what happened since has answered it."""
    Concern.objects.filter(kind=kind, subject=subject[:200], closed_at=None).update(
        closed_at=at
    )


def close(concern_id: int, *, by: str, note: str, at: datetime) -> None:
    """Take it off the list, with who did so and what was done."""
    said = note.strip()[:300]
    if not said:
        raise NoReason("Say in a few words what was done.")
    closed = Concern.objects.filter(pk=concern_id, closed_at=None).update(
        closed_at=at, closed_by=by[:200], note=said
    )
    if not closed:
        raise NoSuchConcern(f"There is no open concern {concern_id}.")
