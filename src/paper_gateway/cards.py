"""Cards: what is well formed, and what each test number does. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

SUCCEED = "succeed"
AUTHENTICATE = "authenticate"
PEND = "pend"
SAVE_THEN_DECLINE = "save_then_decline"
DECLINE_SOFT = "card_declined"
DECLINE_FUNDS = "insufficient_funds"
DECLINE_EXPIRED = "expired_card"

# A hard decline will be declined again however often it is tried.
HARD = frozenset(
    {
        DECLINE_EXPIRED,
        "do_not_retry",
        "method_removed",
        "mandate_revoked",
        "mandate_expired",
        "mandate_other_method",
        "mandate_other_currency",
    }
)

TEST_NUMBERS = {
    "4242424242424242": (SUCCEED, "Succeeds"),
    "4000000000000002": (DECLINE_SOFT, "Declined by the bank"),
    "4000000000000069": (DECLINE_EXPIRED, "Declined: the card has expired"),
    "4000000000009995": (DECLINE_FUNDS, "Declined: not enough money"),
    "4000002760003184": (AUTHENTICATE, "Asks for your bank’s confirmation"),
    "4000000000000259": (PEND, "Stays pending, then succeeds"),
    "4000000000000341": (SAVE_THEN_DECLINE, "Succeeds now, later charges decline"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it was typed. Lives for one request and is never written down."""

    number: str
    year: int
    month: int

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def network(self) -> str:
        return network(self.number)

    @property
    def expires(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def behaviour(self) -> str:
        return TEST_NUMBERS.get(self.number, (SUCCEED, ""))[0]

    def __repr__(self) -> str:
        # A card number in a traceback or a log would be a card number written down.
        return f"Card(ending {self.last4})"


def read(
    form: dict[str, str], today: tuple[int, int]
) -> tuple[Card | None, dict[str, str]]:
    """Return the card in `form`, or a sentence for each field that cannot be right."""
    number = re.sub(r"[\s-]", "", form.get("number", ""))
    expiry = _expiry(form.get("expiry", ""))
    errors = {
        "number": _number_error(number),
        "expiry": _expiry_error(expiry, today),
        "cvc": _cvc_error(form.get("cvc", "").strip(), network(number)),
        "name": "" if form.get("name", "").strip() else "Enter the name on the card.",
    }
    errors = {field: words for field, words in errors.items() if words}
    if errors or expiry is None:
        return None, errors
    return Card(number, *expiry), {}


def luhn(number: str) -> bool:
    """Say whether the check digit is right (ISO/IEC 7812-1, annex B)."""
    if not re.fullmatch(r"[0-9]+", number):
        return False
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def network(number: str) -> str:
    """Return the network that issues such numbers, or "card"."""
    if number.startswith("4"):
        return "visa"
    if re.match(r"5[1-5]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720)", number):
        return "mastercard"
    if re.match(r"3[47]", number):
        return "amex"
    if re.match(r"6(0|5|521|522)|81|82|508", number):
        return "rupay"
    return "card"


def _number_error(number: str) -> str:
    if not number:
        return "Enter the card number."
    if not 12 <= len(number) <= 19 or not luhn(number):
        return "Check the card number: a digit is missing or wrong."
    return ""


def _expiry(typed: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"\s*([0-9]{1,2})\s*[/\-. ]?\s*((?:20)?[0-9]{2})\s*", typed)
    if match is None:
        return None
    month, year = int(match[1]), int(match[2])
    return (year + 2000 if year < 100 else year), month


def _expiry_error(expiry: tuple[int, int] | None, today: tuple[int, int]) -> str:
    if expiry is None or not 1 <= expiry[1] <= 12:
        return "Enter the expiry date as month and year, such as 08 / 29."
    if expiry < today:
        return "This card has expired. Use another card."
    if expiry[0] > today[0] + 25:
        return "Check the expiry year."
    return ""


def _cvc_error(cvc: str, issued_by: str) -> str:
    size = 4 if issued_by == "amex" else 3
    if not re.fullmatch(rf"[0-9]{{{size}}}", cvc):
        return f"Enter the {size} digits of the security code."
    return ""
