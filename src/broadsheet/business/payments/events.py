"""Facts that payments announces, each once, in the transaction that records it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PaymentSucceeded:
    """
    An attempt captured `minor` units. One announcement an attempt: a payment that is
    captured twice (a late authorisation after a second try) is announced twice, with
    two `attempt_id`s, and the second receipt is there to be given back.
    """

    payment_id: UUID
    invoice_ref: str
    minor: int
    currency: str
    at: datetime
    attempt_id: UUID
    method_ref: UUID | None = None  # The saved method, for renewals.


@dataclass(frozen=True, slots=True)
class PaymentDeclined:
    """An attempt was declined. `hard`: the same instrument will decline again."""

    payment_id: UUID
    invoice_ref: str
    reason: str
    hard: bool
    attempt_id: UUID


@dataclass(frozen=True, slots=True)
class PaymentRefunded:
    """`minor` more units of an attempt went back to the payer."""

    payment_id: UUID
    invoice_ref: str
    minor: int
    currency: str
    at: datetime
    attempt_id: UUID


@dataclass(frozen=True, slots=True)
class PaymentDisputed:
    """A payer asked her bank for `minor` units back, and the bank has taken them."""

    payment_id: UUID
    invoice_ref: str
    attempt_id: UUID
    dispute_ref: str
    minor: int
    currency: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DisputeWon:
    """The bank gave it back. Always after the dispute's `PaymentDisputed`."""

    payment_id: UUID
    invoice_ref: str
    dispute_ref: str
    minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DisputeLost:
    """It is gone for good. Always after the dispute's `PaymentDisputed`."""

    payment_id: UUID
    invoice_ref: str
    dispute_ref: str
    minor: int
    currency: str
    reason: str
    at: datetime
