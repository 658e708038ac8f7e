"""Amounts and reasons as a payer reads them. Pure."""

from __future__ import annotations

SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
# Currencies whose minor unit is not a hundredth (ISO 4217).
EXPONENTS = {
    "JPY": 0,
    "KRW": 0,
    "VND": 0,
    "CLP": 0,
    "BHD": 3,
    "KWD": 3,
    "OMR": 3,
    "TND": 3,
}

REASONS = {
    "card_declined": "Your bank declined this payment.",
    "expired_card": "Your bank declined this payment because the card has expired.",
    "insufficient_funds": "Your bank declined this payment: there is not enough money.",
    "authentication_failed": "The payment was not confirmed with your bank.",
    "cancelled": "This payment was cancelled.",
}


def amount(minor: int, currency: str) -> str:
    """Return `minor` units as written: ₹1,23,456 or ₹1,23,456.50, $1,234.50."""
    exponent = EXPONENTS.get(currency, 2)
    whole, part = divmod(minor, 10**exponent)
    digits = _indian(str(whole)) if currency == "INR" else f"{whole:,}"
    fraction = f".{part:0{exponent}d}" if part else ""
    return f"{SYMBOLS.get(currency, currency + ' ')}{digits}{fraction}"


def _indian(digits: str) -> str:
    """Group by thousands once, then by hundreds: lakh and crore."""
    head, tail = digits[:-3], digits[-3:]
    groups = [tail]
    while head:
        head, group = head[:-2], head[-2:]
        groups.insert(0, group)
    return ",".join(groups)


def reason(code: str) -> str:
    """Return one sentence for a decline."""
    return REASONS.get(code, "The payment did not go through.")
