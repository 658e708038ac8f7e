"""Facts that this room announces, each in the transaction that makes it true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Started:
    """The first payment is in; the contract runs."""

    subscription_id: UUID
    reader: UUID


@dataclass(frozen=True, slots=True)
class Renewed:
    """Another period is paid; without an invoice, it cost nothing."""

    subscription_id: UUID
    reader: UUID
    invoice_id: UUID | None
    period_index: int


@dataclass(frozen=True, slots=True)
class PaymentTrouble:
    """A renewal could not be collected. Everything works until `access_until`."""

    subscription_id: UUID
    reader: UUID
    reason: str
    access_until: datetime


@dataclass(frozen=True, slots=True)
class Cancelled:
    """She will not be charged again. Everything works until `ends`."""

    subscription_id: UUID
    reader: UUID
    ends: datetime


@dataclass(frozen=True, slots=True)
class CancelUndone:
    """She changed her mind in time; it renews as before."""

    subscription_id: UUID
    reader: UUID


@dataclass(frozen=True, slots=True)
class CancelledNow:
    """It is over at once, and `minor` go back to her for the days she gave up."""

    subscription_id: UUID
    reader: UUID
    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Paused:
    """
    Nothing is open to her from the day `starts` until the day `resumes`, and nothing
    is charged. The next charge comes at `bills_at`.
    """

    subscription_id: UUID
    reader: UUID
    starts: date
    resumes: date
    bills_at: datetime


@dataclass(frozen=True, slots=True)
class Resumed:
    """The pause is over, or was withdrawn. It renews at `bills_at`."""

    subscription_id: UUID
    reader: UUID
    bills_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeScheduled:
    """Another plan begins at `at`; until then everything stays as it is."""

    subscription_id: UUID
    reader: UUID
    plan_code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlanChanged:
    """Another plan began. `invoice_id` is what she paid for it, if anything."""

    subscription_id: UUID
    reader: UUID
    plan_code: str
    invoice_id: UUID | None


@dataclass(frozen=True, slots=True)
class PriceRises:
    """
    From `at` on she pays `after` a period instead of `before`. `why`: a new "price",
    the end of a lower one ("step"), or of a "trial".
    """

    subscription_id: UUID
    reader: UUID
    why: str
    before_minor: int
    after_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """The house gave it, until `ends`; nothing is charged, and it does not renew."""

    subscription_id: UUID
    reader: UUID
    ends: datetime


@dataclass(frozen=True, slots=True)
class TermOver:
    """What was given is over; it ends of itself."""

    subscription_id: UUID
    reader: UUID


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The contract is over."""

    subscription_id: UUID
    reader: UUID


@dataclass(frozen=True, slots=True)
class Granted:
    """
    The reader may use `feature` from `starts` until just before `ends`. The same
    reference and feature again replaces what was said before.
    """

    reader: UUID
    feature: str
    starts: datetime
    ends: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class GrantEnded:
    """All that was granted under `reference` ends at `ends`."""

    reference: str
    ends: datetime


@dataclass(frozen=True, slots=True)
class CreditHeld:
    """A reader paid for what she could not get; it goes back to her."""

    reader: UUID
    payment_id: UUID
    attempt_id: UUID
    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class RenewalComing:
    """Period `period_index` will be charged at `due`, unless she cancels before."""

    subscription_id: UUID
    reader: UUID
    period_index: int
    minor: int
    currency: str
    due: datetime


@dataclass(frozen=True, slots=True)
class CardExpiring:
    """The card that renewals charge is good until `expires`, in `days` days or fewer."""

    subscription_id: UUID
    reader: UUID
    network: str
    last4: str
    expires: date
    days: int


@dataclass(frozen=True, slots=True)
class ReceiptAsked:
    """The desk sends her an invoice once more."""

    subscription_id: UUID
    reader: UUID
    invoice_id: UUID
