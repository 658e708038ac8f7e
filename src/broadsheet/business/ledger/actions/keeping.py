"""What is on file: rates of tax, and where readers live."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from broadsheet.kit import places

from .. import queries
from ..models import BillingProfile, TaxRate
from ..rules import is_gstin

# India's rate on online information and database services, under which news falls.
FOUNDING_RATE = ("998431", 1800, date(2017, 7, 1))


class NoSuchPlace(Exception):
    """Neither a state of India nor a country. Ask the reader again."""


class NotAGstin(Exception):
    """The number is mistyped, or of another State. Ask the buyer again."""


def set_tax_rate(*, tax_code: str, rate: int, effective_from: date) -> None:
    """Say what tax is due from a day on, in hundredths of a percent (1800 is 18 %)."""
    if not 0 <= rate <= 10_000:
        raise ValueError("A rate of tax lies between 0 and 100 percent.")
    TaxRate.objects.update_or_create(
        tax_code=tax_code, effective_from=effective_from, defaults={"rate": rate}
    )


def open_books() -> None:
    """File the founding rate of tax, unless one is on file. The chart is in the code."""
    code, rate, since = FOUNDING_RATE
    if not TaxRate.objects.filter(tax_code=code).exists():
        set_tax_rate(tax_code=code, rate=rate, effective_from=since)


def record_place(reader: UUID, place: str, *, at: datetime) -> None:
    """
    Remember where a reader lives, for what is billed from now on. Raise `NoSuchPlace`,
    and what was remembered stays.
    """
    if not places.is_place(place):
        raise NoSuchPlace(f"{place[:10]!r} is neither a state nor a country.")
    moved = {"place": place, "told_at": at}
    if queries.place_of(reader) != place:
        # A registration is of one State; it does not move along.
        moved |= {"business": "", "address": "", "gstin": ""}
    BillingProfile.objects.update_or_create(reader=reader, defaults=moved)


def record_buyer(
    reader: UUID, *, gstin: str, name: str, address: str, at: datetime
) -> None:
    """
    Remember for which business a reader buys: its GSTIN, name and address are on her
    invoices from now on. It says where it lives, too. Raise `NotAGstin`.
    """
    gstin = gstin.strip().upper()
    if not is_gstin(gstin) or gstin[:2] not in places.STATES:
        raise NotAGstin(f"{gstin[:15]!r} is not a GSTIN.")
    BillingProfile.objects.update_or_create(
        reader=reader,
        defaults={
            "place": gstin[:2],
            "business": name.strip()[:160],
            "address": address.strip(),
            "gstin": gstin,
            "told_at": at,
        },
    )


def forget_buyer(reader: UUID, *, at: datetime) -> None:
    """Bill the reader herself again. What was billed stays as it is."""
    BillingProfile.objects.filter(reader=reader).update(
        business="", address="", gstin="", told_at=at
    )


def forget_reader(reader: UUID) -> None:
    """Forget where a reader lives. Her invoices stay: the law wants them kept."""
    BillingProfile.objects.filter(reader=reader).delete()
