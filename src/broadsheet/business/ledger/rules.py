"""Arithmetic of the books: the chart, the tax inside a price, the numbers. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from broadsheet.kit import places
from broadsheet.kit.money import Money, half_up

# The chart of accounts. Codes are stable: statements and exports name them.
# Debits are positive, credits negative.
CHART: dict[str, str] = {
    "gateway": "Money at the payment provider, not yet in the bank",
    "bank": "Bank",
    "receivable": "Owed by readers on invoices",
    "customer_credit": "Held for readers: received, and owed back or to a later invoice",
    "deferred_revenue": "Subscriptions paid and not yet delivered",
    "revenue": "Subscriptions delivered",
    "output_cgst": "Central GST to be handed over",
    "output_sgst": "State GST to be handed over",
    "output_igst": "Integrated GST to be handed over",
    "round_off": "Rounding of tax on invoices",
    "refunds": "Refunds paid out",
    "disputes": "Disputed payments",
    "gateway_fees": "Fees of payment providers",
    "bad_debt": "Invoices given up",
}
TAX_ACCOUNTS = {"CGST": "output_cgst", "SGST": "output_sgst", "IGST": "output_igst"}

_GSTIN = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]Z[0-9A-Z]")
_CHARACTERS = string.digits + string.ascii_uppercase

BASIS = 10_000  # Tax rates are in hundredths of a percent: 18 % is 1800.
_NEARBY = (0, 1, -1, 2, -2)


class Unbalanced(Exception):
    """The lines do not sum to nothing in each currency. Nothing was written."""


class TwoCurrencies(Unbalanced):
    """One transaction is in one currency; nothing is converted here."""


class OverCredit(Exception):
    """More is credited than the document still stands for. `left` says how much."""

    def __init__(self, left: Money) -> None:
        super().__init__(f"Only {left} can still be credited.")
        self.left = left


class UnknownAccount(Exception):
    """The chart has no such account. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Line:
    """One side of a transaction: a debit if positive, a credit if negative."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax on a line: its name, its rate in hundredths of a percent, its amount."""

    name: str
    rate: int
    minor: int


@dataclass(frozen=True, slots=True)
class Split:
    """A price with the tax in it, taken apart. The parts sum to the price exactly."""

    taxable: int
    taxes: tuple[Tax, ...]
    round_off: int

    @property
    def tax(self) -> int:
        return sum(tax.minor for tax in self.taxes)

    @property
    def total(self) -> int:
        return self.taxable + self.tax + self.round_off


def refuse_unbalanced(lines: Sequence[Line]) -> None:
    """Raise unless the lines may be written as one transaction."""
    if len(lines) < 2:
        raise Unbalanced("A transaction has two lines or more.")
    sums: dict[str, int] = {}
    for line in lines:
        if line.account not in CHART:
            raise UnknownAccount(f"The chart has no account {line.account!r}.")
        if not line.amount:
            raise Unbalanced(f"The line on {line.account} moves nothing.")
        currency = line.amount.currency
        sums[currency] = sums.get(currency, 0) + line.amount.minor
    if len(sums) > 1:
        raise TwoCurrencies(f"One transaction, one currency; not {sorted(sums)}.")
    wrong = {currency: minor for currency, minor in sums.items() if minor}
    if wrong:
        raise Unbalanced(f"The lines do not sum to nothing: {wrong}.")


def split_tax(gross: int, rate: int, names: Sequence[str]) -> Split:
    """
    Take the tax out of a price that includes it. `names` share the rate equally:
    ("CGST", "SGST") within a state, ("IGST",) between states, () where none is due.

    Dividing by 1.18 and halving what is left gives two unequal halves for every other
    price, ₹900 among them. So the taxable value is looked for within two minor units
    of that quotient, such that it and its rounded taxes sum to the price. For about
    one price in seven none exists; then one minor unit is shown as round-off.
    """
    if gross < 0 or rate < 0:
        raise ValueError("Neither a price nor a rate of tax is negative.")
    if not names or not rate:
        return Split(gross, (), 0)
    quotient = half_up(gross * BASIS, BASIS + rate)
    tries = [_at(quotient + step, gross, rate, names) for step in _NEARBY]
    return min(tries, key=lambda split: abs(split.round_off))


def _at(taxable: int, gross: int, rate: int, names: Sequence[str]) -> Split:
    each = half_up(taxable * rate, BASIS * len(names))
    taxes = tuple(Tax(name, rate // len(names), each) for name in names)
    return Split(taxable, taxes, gross - taxable - each * len(names))


def credit_split(whole: Split, before: Split, minor: int) -> Split:
    """
    Take `minor` off what is left of `whole`, of which `before` (with the same taxes) is
    credited already, in the same proportions. Raise ValueError if that is too much.

    Each tax is rounded cumulatively, so that notes for all of it sum to the whole to
    the paisa, and CGST stays equal to SGST in every one of them. The round-off is
    given back first. A note of one paisa may come upon a paisa of both taxes at once;
    then it lends itself one of round-off, which the next note returns.
    """
    so_far = before.total + minor
    if not 0 < minor <= whole.total - before.total:
        raise ValueError(f"{minor} cannot be taken off {whole.total - before.total}.")
    taxes = tuple(
        Tax(tax.name, tax.rate, half_up(tax.minor * so_far, whole.total) - given.minor)
        for tax, given in zip(whole.taxes, before.taxes, strict=True)
    )
    room = minor - sum(tax.minor for tax in taxes)
    round_off = min(room, whole.round_off - before.round_off)
    return Split(room - round_off, taxes, round_off)


def earned(amount: int, days: int, done: int) -> int:
    """
    Return what `done` of `days` have earned. Rounded cumulatively: the days sum to
    exactly `amount`, and differ by at most one minor unit.
    """
    return half_up(amount * min(max(done, 0), days), days)


def tax_names(seller_state: str, place_of_supply: str) -> tuple[str, ...]:
    """
    Within the seller's state two halves are due, elsewhere in India one whole. What is
    supplied abroad is an export, and zero-rated.
    """
    if not seller_state or places.is_abroad(place_of_supply):
        return ()  # Nor does a seller who is not registered charge any tax.
    if place_of_supply == seller_state:
        return ("CGST", "SGST")
    return ("IGST",)


def financial_year(on: date, first_month: int = 4) -> str:
    """Return the financial year of a local date: `26-27` from 1 April 2026."""
    start = on.year if on.month >= first_month else on.year - 1
    if first_month == 1:
        return f"{start % 100:02d}"
    return f"{start % 100:02d}-{(start + 1) % 100:02d}"


def invoice_number(series: str, year: str, sequence: int) -> str:
    """Return a number as Rule 46 wants it: 16 characters at most, of A-Z 0-9 / -."""
    number = f"{series}/{year}/{sequence:06d}"
    if len(number) > 16:
        raise OverflowError(f"{number} is longer than an invoice number may be.")
    return number


def credit_deadline(on: date, first_month: int = 4) -> date:
    """
    Return the last day on which a credit note lowers the tax of what was supplied on
    `on`: 30 November after the end of that financial year (section 34 of the CGST Act).
    """
    ends = on.year + (1 < first_month <= on.month)
    return date(ends + (first_month == 1), 11, 30)


def is_gstin(text: str) -> bool:
    """Say whether this is a GSTIN: 15 characters, the last of which checks the others."""
    if _GSTIN.fullmatch(text) is None:
        return False
    total = 0
    for place, character in enumerate(text[:14]):
        product = _CHARACTERS.index(character) * (1 + place % 2)
        total += product // 36 + product % 36
    return _CHARACTERS[-total % 36] == text[14]


def issue_lines(total: Money, split: Split) -> list[Line]:
    """What an issued invoice moves: the reader owes; we owe delivery, and the tax."""
    credits = [("deferred_revenue", split.taxable)]
    credits += [(TAX_ACCOUNTS[tax.name], tax.minor) for tax in split.taxes]
    credits.append(("round_off", split.round_off))
    return [Line("receivable", total)] + [
        Line(account, Money(-minor, total.currency))
        for account, minor in credits
        if minor
    ]


def receipt_lines(received: Money, applied: Money) -> list[Line]:
    """What a receipt moves; anything beyond the invoice is held for the reader."""
    lines = [
        Line("gateway", received),
        Line("receivable", -applied),
        Line("customer_credit", applied - received),
    ]
    return [line for line in lines if line.amount]


def credit_lines(split: Split, undelivered: int, owed_back: Money) -> list[Line]:
    """
    What a credit note moves: the sale and its tax are taken back, first from what is
    not delivered yet; the reader is owed the total, but for what she already has
    (`owed_back`: refunds that nothing explained so far).
    """
    currency = owed_back.currency
    moved = [
        ("deferred_revenue", undelivered),
        ("revenue", split.taxable - undelivered),
        *((TAX_ACCOUNTS[tax.name], tax.minor) for tax in split.taxes),
        ("round_off", split.round_off),
        ("refunds", -min(split.total, owed_back.minor)),
        ("customer_credit", min(split.total, owed_back.minor) - split.total),
    ]
    return [Line(account, Money(minor, currency)) for account, minor in moved if minor]


def refund_lines(amount: Money, held: Money) -> list[Line]:
    """What a refund moves: out of what is held for the reader, the rest unexplained."""
    from_held = min(amount, held)
    lines = [
        Line("customer_credit", from_held),
        Line("refunds", amount - from_held),
        Line("gateway", -amount),
    ]
    return [line for line in lines if line.amount]


_ONES = (
    "Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen "
    "Fourteen Fifteen Sixteen Seventeen Eighteen Nineteen"
).split()
_TENS = "Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety".split()
_INDIAN = (
    (10_000_000, "Crore"),
    (100_000, "Lakh"),
    (1000, "Thousand"),
    (100, "Hundred"),
)


def words(number: int) -> str:
    """Return a number in English words, counted in lakhs and crores."""
    for size, name in _INDIAN:
        if number >= size:
            whole, rest = divmod(number, size)
            tail = f" {words(rest)}" if rest else ""
            return f"{words(whole)} {name}{tail}"
    if number < 20:
        return _ONES[number]
    tens, one = divmod(number, 10)
    return _TENS[tens - 2] + (f" {_ONES[one]}" if one else "")


def rupees_in_words(amount: Money) -> str:
    """Return `Rupees Nine Hundred Only`; "" for another currency, or below nothing."""
    if amount.currency != "INR" or amount.minor < 0:
        return ""
    rupees, paise = divmod(amount.minor, 100)
    part = f" and {words(paise)} Paise" if paise else ""
    return f"Rupees {words(rupees)}{part} Only"
