"""
What wins when a provider's words arrive late, twice, or out of order. Pure.

Standings form a line, and a fact moves an attempt along it or not at all: the result
is the greatest of all that was heard. A greatest does not depend on the order in which
things are compared, nor on how often: that is the whole proof of invariant I21.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta


class Status(enum.StrEnum):
    """Where an attempt stands, from the least known to the surest, in that order."""

    CREATED = "created"  # Persisted; no byte has left.
    SUBMITTED = "submitted"  # Bytes may have left; no answer yet.
    UNKNOWN = "unknown"  # The answer was lost. Only the provider can say.
    REQUIRES_ACTION = "requires_action"  # The payer has something to do.
    PENDING = "pending"  # The provider waits for a bank.
    DECLINED = "declined"  # Left only by a late authorisation.
    SUCCEEDED = "succeeded"  # Left by nothing; refunds are records beside it.


_RANK = {status: rank for rank, status in enumerate(Status)}

FINAL = frozenset({Status.DECLINED, Status.SUCCEEDED})
OPEN = frozenset(Status) - FINAL

# What only we can say; a provider never reports it.
OURS = frozenset({Status.CREATED, Status.SUBMITTED, Status.UNKNOWN})
TOLD = frozenset(Status) - OURS


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an attempt stands, with what belongs to it. Amounts in minor units."""

    status: Status
    captured: int = 0
    refunded: int = 0
    hard: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        if self.status is Status.SUCCEEDED and self.captured < 1:
            raise ValueError("What succeeded has captured something.")
        if self.status is not Status.SUCCEEDED and (self.captured or self.refunded):
            raise ValueError(f"What is {self.status} has captured nothing.")
        if not 0 <= self.refunded <= self.captured:
            raise ValueError("No more is refunded than was captured.")
        if (self.hard or self.reason) and self.status is not Status.DECLINED:
            raise ValueError("Only a decline has a reason.")


def settle(before: Standing, said: Standing) -> Standing:
    """Return where an attempt stands after `said` was heard. Never moves back."""
    if before.status is said.status is Status.SUCCEEDED:
        # Both are true; captures and refunds only ever grow.
        return Standing(
            Status.SUCCEEDED,
            captured=max(before.captured, said.captured),
            refunded=max(before.refunded, said.refunded),
        )
    return max(before, said, key=_precedence)


def _precedence(standing: Standing) -> tuple[int, bool, str]:
    # Two declines that differ are a provider correcting itself: a hard one wins over
    # a soft one, because it stops us from trying again; the alphabet breaks the tie.
    return _RANK[standing.status], standing.hard, standing.reason


class DisputeStatus(enum.StrEnum):
    OPEN = "open"  # The bank has the money and decides later.
    WON = "won"  # It came back.
    LOST = "lost"  # It is gone.


class Contradiction(Exception):
    """A provider says the opposite of what it said and meant for good. Look at it."""


def settle_dispute(before: DisputeStatus | None, said: DisputeStatus) -> DisputeStatus:
    """Return how a dispute stands after `said` was heard. What is decided stays so."""
    if before in (None, DisputeStatus.OPEN):
        return said
    if said not in (DisputeStatus.OPEN, before):
        raise Contradiction(f"A dispute that was {before} is said to be {said}.")
    return before


def taken_back(disputes: Iterable[tuple[DisputeStatus, int]]) -> int:
    """Return what banks have taken of a payment and not given back."""
    return sum(minor for status, minor in disputes if status is not DisputeStatus.WON)


class Trouble(enum.StrEnum):
    """Why a person has to look at a payment."""

    STUCK = "stuck"  # The provider did not say in five days how it ended.
    OLD_KEY = "old_key"  # It may not be sent again, and nobody knows if it was.
    SHORT = "short"  # Less was captured than was asked for.
    CONTRADICTED = "contradicted"  # What was said cannot be true of this payment.
    STRANGE = "strange"  # It is about a payment that is not ours.
    UNREADABLE = "unreadable"  # The provider sent it, and we do not understand it.
    REFUND_REFUSED = "refund_refused"  # The provider will not give it back.
    DISPUTED = "disputed"  # The provider wants our side of it.


def overall(statuses: list[Status]) -> Status:
    """
    Return how a payment stands whose attempts, oldest first, stand so: paid if any
    succeeded; otherwise as its last attempt, since none is made while one is open.
    """
    if not statuses:
        raise ValueError("A payment has at least one attempt.")
    return Status.SUCCEEDED if Status.SUCCEEDED in statuses else statuses[-1]


# When an open attempt is asked about, after it was made: Kill Bill's defaults.
CHECKS = (
    timedelta(minutes=5),
    timedelta(hours=1),
    *(timedelta(days=day) for day in range(1, 6)),
)


def wait_after(checks_done: int) -> timedelta | None:
    """Return how long after its n-th check the next is due; None: a person looks."""
    # From the check, not from the attempt: after days without a worker, an attempt is
    # still asked about over days, not seven times in as many minutes.
    if checks_done >= len(CHECKS):
        return None
    return CHECKS[checks_done] - CHECKS[checks_done - 1]


# Providers forget idempotency keys after a day (Stripe). An attempt that is unknown
# for longer may not be sent again: nothing would stop a second charge.
KEYS_KEPT = timedelta(hours=23)


def may_resend(age: timedelta) -> bool:
    """Say whether a request this old can be sent again under its own key."""
    return timedelta(0) <= age < KEYS_KEPT


def fingerprint(**request: str | int | bool) -> str:
    """Return what tells two requests apart that come with the same key."""
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
