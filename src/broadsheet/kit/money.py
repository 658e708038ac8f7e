"""Money in whole minor units. There is no float in this file, and none may enter it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# ISO 4217: how many digits a currency's minor unit has. Two, unless said here.
_NO_MINOR = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"  # 0
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DIGITS = "CLF UYW"
_TWO_DIGITS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD
CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP
LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD
YER ZAR ZMW
"""
EXPONENTS: dict[str, int] = {
    code: digits
    for digits, codes in (
        (0, _NO_MINOR),
        (2, _TWO_DIGITS),
        (3, _THREE_DIGITS),
        (4, _FOUR_DIGITS),
    )
    for code in codes.split()
}

SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_INDIAN_LANGUAGES = frozenset("as bn gu hi kn ml mr or pa ta te ur".split())

_TYPED = re.compile(
    r"(?P<sign>[-\u2212]?)(?:(?P<mark>[^\W\d_]{1,3}\.?|\W)\s*)?"
    r"(?P<whole>\d{1,15}|\d{1,3}(?:,\d{3}){1,5}|\d{1,2}(?:,\d{2}){0,6},\d{3})"
    r"(?:\.(?P<part>\d{1,4}))?(?:\s*(?P<code>[A-Za-z]{3}))?",
)


class MixedCurrencies(Exception):
    """Two currencies met in one sum or comparison. We never convert; do not retry."""


class UnknownCurrency(Exception):
    """Not an ISO 4217 currency that is used for payment."""


class UnreadableMoney(Exception):
    """What was typed is not an amount in this currency."""


def exponent(currency: str) -> int:
    """Return how many digits the currency's minor unit has (INR 2, JPY 0, KWD 3)."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(f"{currency!r} is not a currency we know.") from None


def half_up(numerator: int, denominator: int) -> int:
    """Return the quotient rounded to the nearest integer, halves away from zero."""
    if denominator <= 0:
        raise ValueError(f"The denominator must be positive, not {denominator}.")
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return size if numerator >= 0 else -size


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: `minor` units (paise, cents, yen) of one `currency` (ISO 4217)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"Minor units are an int, not {self.minor!r}.")
        exponent(self.currency)

    # --- arithmetic -----------------------------------------------------------

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> Money:
        # Anything but a whole number is a proration, and those are rounded by rule.
        if type(times) is not int:
            return NotImplemented
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def _same(self, other: Money) -> int:
        if not isinstance(other, Money):
            raise TypeError(f"Money meets only money, not {other!r}.")
        if other.currency != self.currency:
            raise MixedCurrencies(f"{self.currency} and {other.currency}")
        return other.minor

    # --- division, always without loss ---------------------------------------

    def allocate(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """
        Return shares in proportion to `weights` that sum to exactly this amount. What
        is left after rounding down goes, one minor unit each, to the largest
        remainders; among equals, to the earlier. Weights are whole, none negative,
        and at least one is not zero.
        """
        total = sum(weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise ValueError(f"Nothing can be allocated by {list(weights)}.")
        size = abs(self.minor)
        shares = [size * weight // total for weight in weights]
        by_remainder = sorted(
            range(len(weights)), key=lambda i: (-(size * weights[i] % total), i)
        )
        for i in by_remainder[: size - sum(shares)]:
            shares[i] += 1
        sign = -1 if self.minor < 0 else 1
        return tuple(Money(sign * share, self.currency) for share in shares)

    def spread(self, parts: int) -> tuple[Money, ...]:
        """
        Return `parts` amounts by cumulative rounding: the first i of them always sum
        to the exact i/parts, rounded. They differ by at most one minor unit.
        """
        if parts < 1:
            raise ValueError(f"Money is spread over one part or more, not {parts}.")
        so_far = [half_up(self.minor * i, parts) for i in range(parts + 1)]
        return tuple(
            Money(so_far[i + 1] - so_far[i], self.currency) for i in range(parts)
        )

    def per_month(self, months: int) -> Money:
        """
        Return the monthly price that a reader is shown: whole major units, rounded
        down. ₹3,900 for 24 months is 162.50 a month, and is shown as 162. This is a
        label; the total is printed beside it, and the total is what is charged.
        """
        if months < 1 or self.minor < 0:
            raise ValueError("A price a month needs a price, and a month or more.")
        unit = 10 ** exponent(self.currency)
        return Money(self.minor // (months * unit) * unit, self.currency)

    # --- words ------------------------------------------------------------------

    def format(self, locale: str = "en-IN", *, exact: bool = False) -> str:
        """
        Return the amount as readers of `locale` (BCP 47) write it: ₹1,23,456 in India,
        ₹123,456 elsewhere. A whole amount shows no minor digits, unless `exact` (for
        columns of amounts); another shows all.
        """
        digits = exponent(self.currency)
        whole, part = divmod(abs(self.minor), 10**digits)
        mark = SYMBOLS.get(self.currency, self.currency + "\u00a0")
        shown = part or (exact and digits)
        text = f"{_group(whole, locale)}.{part:0{digits}d}" if shown else None
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{mark}{text or _group(whole, locale)}"

    def __str__(self) -> str:
        return self.format()


def parse(text: str, currency: str) -> Money:
    """
    Return the amount that a person typed: `900`, `₹1,23,456.50`, `Rs. 900`, `INR 900`,
    in any script's digits. Raise `UnreadableMoney` on anything else, on groups that
    are neither Indian nor Western, and on digits finer than the minor unit.
    """
    found = _TYPED.fullmatch(text.strip())
    if found is None or not _names(found["mark"], found["code"], currency):
        raise UnreadableMoney(f"{text[:40]!r} is not an amount in {currency}.")
    digits, part = exponent(currency), found["part"] or ""
    if len(part) > digits:
        raise UnreadableMoney(f"{currency} has {digits} digits after the point.")
    minor = int(found["whole"].replace(",", "") + part.ljust(digits, "0"))
    return Money(-minor if found["sign"] else minor, currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Return the sum, which is zero of `currency` when there is nothing to add."""
    return sum(amounts, start=Money(0, currency))


def _names(mark: str | None, code: str | None, currency: str) -> bool:
    names = {currency, SYMBOLS.get(currency, currency)}
    if currency == "INR":
        names |= {"RS", "RS."}
    return all(word is None or word.upper() in names for word in (mark, code))


def _group(whole: int, locale: str) -> str:
    if not _is_indian(locale):
        return f"{whole:,}"
    rest, last = divmod(whole, 1000)
    if not rest:
        return str(last)
    pairs = []
    while rest:
        rest, pair = divmod(rest, 100)
        pairs.append(f"{pair:02d}" if rest else str(pair))
    return ",".join([*reversed(pairs), f"{last:03d}"])


def _is_indian(locale: str) -> bool:
    language, *subtags = locale.replace("_", "-").split("-")
    regions = [tag.upper() for tag in subtags if len(tag) == 2]
    return regions == ["IN"] or (not regions and language.lower() in _INDIAN_LANGUAGES)
