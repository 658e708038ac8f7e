from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from broadsheet.kit.money import (
    EXPONENTS,
    MixedCurrencies,
    Money,
    UnknownCurrency,
    UnreadableMoney,
    exponent,
    half_up,
    parse,
    total,
)

currencies = st.sampled_from(sorted(EXPONENTS))
minors = st.integers(-(10**15), 10**15)
amounts = st.builds(Money, minors, currencies)


def rupees(amount: int) -> Money:
    return Money(amount * 100, "INR")


@pytest.mark.parametrize(
    ("code", "digits"),
    [("INR", 2), ("JPY", 0), ("KWD", 3), ("USD", 2), ("CLF", 4), ("BHD", 3)],
)
def test_minor_units_have_the_digits_of_iso_4217(code, digits):
    assert exponent(code) == digits


@pytest.mark.parametrize("code", ["", "inr", "RUPEE", "XXX", "₹"])
def test_an_unknown_currency_is_refused(code):
    with pytest.raises(UnknownCurrency):
        Money(1, code)


@pytest.mark.parametrize("minor", [1.0, "1", True, None])
def test_only_whole_minor_units_are_money(minor):
    with pytest.raises(TypeError):
        Money(minor, "INR")


@given(amounts, minors)
def test_sums_and_differences_are_exact(money, other):
    second = Money(other, money.currency)
    assert (money + second).minor == money.minor + other
    assert money + second - second == money
    assert (money < second) == (money.minor < other)
    assert (money >= second) == (money.minor >= other)
    assert money * 3 == 3 * money == money + money + money
    assert total([money, second], money.currency) == money + second


@pytest.mark.parametrize(
    "meet",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ],
)
def test_two_currencies_never_meet(meet):
    with pytest.raises(MixedCurrencies):
        meet(rupees(1), Money(100, "USD"))


def test_money_is_not_multiplied_by_a_fraction():
    with pytest.raises(TypeError):
        rupees(1) * 0.5


@given(amounts, st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_an_allocation_loses_nothing_and_is_fair_to_a_minor_unit(money, weights):
    assume(sum(weights) > 0)
    shares = money.allocate(weights)
    assert sum(share.minor for share in shares) == money.minor
    for share, weight in zip(shares, weights, strict=True):
        exact = Fraction(money.minor * weight, sum(weights))
        assert abs(share.minor - exact) < 1
        assert weight or share.minor == 0
    assert shares == money.allocate(weights)


def test_what_is_left_over_goes_to_the_largest_remainders_then_to_the_first():
    assert [m.minor for m in Money(100, "INR").allocate([1, 1, 1])] == [34, 33, 33]
    assert [m.minor for m in Money(-100, "INR").allocate([1, 1, 1])] == [-34, -33, -33]
    assert [m.minor for m in Money(5, "INR").allocate([3, 7])] == [2, 3]
    assert [m.minor for m in Money(10, "INR").allocate([1, 8, 6])] == [1, 5, 4]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [-1]])
def test_nothing_is_allocated_by_nothing(weights):
    with pytest.raises(ValueError):
        rupees(1).allocate(weights)


@given(amounts, st.integers(1, 800))
def test_what_is_spread_sums_to_the_whole_at_every_step(money, parts):
    shares = [share.minor for share in money.spread(parts)]
    assert sum(shares) == money.minor
    assert max(shares) - min(shares) <= 1
    assert sum(shares[: parts // 2]) == half_up(money.minor * (parts // 2), parts)


@given(minors, st.integers(1, 10**6))
def test_halves_round_away_from_zero(numerator, denominator):
    exact = Fraction(numerator, denominator)
    rounded = half_up(numerator, denominator)
    assert abs(rounded - exact) <= Fraction(1, 2)
    if abs(rounded - exact) == Fraction(1, 2):
        assert abs(rounded) > abs(exact)


@pytest.mark.parametrize(
    ("price", "months", "shown"),
    [
        (rupees(900), 3, rupees(300)),
        (rupees(2_700), 12, rupees(225)),
        # 162.50: half-even says 162 too, half-up says 163. 162.92: both say 163.
        (rupees(3_900), 24, rupees(162)),
        (rupees(3_910), 24, rupees(162)),
        (Money(1_000, "JPY"), 3, Money(333, "JPY")),
        (Money(10_999, "KWD"), 3, Money(3_000, "KWD")),
    ],
)
def test_the_price_a_month_is_rounded_down(price, months, shown):
    assert price.per_month(months) == shown


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "written"),
    [
        (12_345_600, "INR", "en-IN", "₹1,23,456"),
        (12_345_650, "INR", "en-IN", "₹1,23,456.50"),
        (12_345_605, "INR", "hi", "₹1,23,456.05"),
        (12_345_600, "INR", "ta_IN", "₹1,23,456"),
        (12_345_600, "INR", "bn-BD", "₹123,456"),
        (12_345_600, "INR", "en-GB", "₹123,456"),
        (10**14, "INR", "en-in", "₹10,00,00,00,00,000"),
        (90_000, "INR", "en-IN", "₹900"),
        (1, "INR", "en-IN", "₹0.01"),
        (0, "INR", "en-IN", "₹0"),
        (-100_000, "INR", "en-IN", "-₹1,000"),
        (1_234_567, "JPY", "en-GB", "¥1,234,567"),
        (1_234_567, "KWD", "en-GB", "KWD\u00a01,234.567"),
        (123_450, "USD", "en-US", "$1,234.50"),
    ],
)
def test_an_amount_is_written_as_its_readers_write_it(minor, currency, locale, written):
    assert Money(minor, currency).format(locale) == written


@given(amounts, st.sampled_from(["en-IN", "en-GB", "hi-IN"]))
def test_what_we_write_we_can_read(money, locale):
    assert parse(money.format(locale), money.currency) == money


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("900", 90_000),
        (" 900.5 ", 90_050),
        ("₹ 1,23,456.50", 12_345_650),
        ("123,456", 12_345_600),
        ("Rs. 900", 90_000),
        ("rs900", 90_000),
        ("INR 900", 90_000),
        ("900 INR", 90_000),
        ("९००", 90_000),
        ("-12.34", -1_234),
        ("\u221212", -1_200),
    ],
)
def test_what_a_person_types_is_read(typed, minor):
    assert parse(typed, "INR") == Money(minor, "INR")


@pytest.mark.parametrize(
    "typed",
    ["", "free", "9,0", "1,2345", "900.505", "1e3", "$900", "900 USD", "9 00", "--9",
     "1" * 16, "Infinity", "0x10", "9.", ".5", ",900"],
)  # fmt: skip
def test_what_is_not_an_amount_is_refused(typed):
    with pytest.raises(UnreadableMoney):
        parse(typed, "INR")


def test_a_currency_without_minor_units_takes_no_point():
    assert parse("900", "JPY") == Money(900, "JPY")
    with pytest.raises(UnreadableMoney):
        parse("900.5", "JPY")
