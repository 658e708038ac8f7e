from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.business.ledger.rules import (
    CHART,
    TAX_ACCOUNTS,
    Line,
    Split,
    Tax,
    Unbalanced,
    UnknownAccount,
    financial_year,
    invoice_number,
    is_gstin,
    issue_lines,
    receipt_lines,
    refuse_unbalanced,
    split_tax,
    tax_names,
)
from broadsheet.kit.money import Money, half_up

HALVES, WHOLE = ("CGST", "SGST"), ("IGST",)


@pytest.mark.parametrize(
    ("gross", "taxable", "each"),
    [(90_000, 76_272, 6_864), (270_000, 228_814, 20_593), (390_000, 330_508, 29_746)],
)
def test_the_tax_in_the_three_prices_is_split_to_the_paisa(gross, taxable, each):
    assert split_tax(gross, 1800, HALVES) == Split(
        taxable, (Tax("CGST", 900, each), Tax("SGST", 900, each)), 0
    )


@given(st.integers(0, 10**9), st.sampled_from([0, 500, 1200, 1800, 2800]))
def test_a_split_always_sums_to_the_price_and_its_halves_are_equal(gross, rate):
    split = split_tax(gross, rate, HALVES)
    assert split.taxable + split.tax + split.round_off == gross
    assert abs(split.round_off) <= 1
    assert len({tax.minor for tax in split.taxes}) <= 1
    assert abs(split.taxable - half_up(gross * 10_000, 10_000 + rate)) <= 2
    for tax in split.taxes:
        assert tax.minor == half_up(split.taxable * rate, 20_000)


@given(st.integers(0, 10**9))
def test_between_states_one_tax_is_due_and_it_sums_to_the_price(gross):
    split = split_tax(gross, 1800, WHOLE)
    assert [tax.name for tax in split.taxes] == ["IGST"]
    assert split.taxable + split.tax + split.round_off == gross
    assert abs(split.round_off) <= 1


@pytest.mark.parametrize("gross", [400, 1_200])
def test_a_price_without_an_exact_split_shows_a_paisa_of_round_off(gross):
    split = split_tax(gross, 1800, HALVES)
    assert abs(split.round_off) == 1
    # That no better one exists is shown by trying every taxable value.
    assert gross not in {t + 2 * half_up(t * 900, 10_000) for t in range(gross + 1)}


def test_one_price_in_seven_has_no_exact_split():
    rounded = sum(split_tax(n, 1800, HALVES).round_off != 0 for n in range(100_000))
    assert rounded == 15_254  # The reference says 15.3 %.


def test_no_tax_is_taken_out_where_none_is_due():
    assert split_tax(90_000, 1800, ()) == Split(90_000, (), 0)
    assert split_tax(90_000, 0, HALVES) == Split(90_000, (), 0)


@pytest.mark.parametrize(
    ("seller", "place", "names"),
    [("27", "27", HALVES), ("27", "29", WHOLE), ("", "27", ()), ("", "", ())],
)
def test_the_place_of_supply_decides_which_tax(seller, place, names):
    assert tax_names(seller, place) == names


@pytest.mark.parametrize(
    ("on", "first_month", "year"),
    [
        (date(2026, 3, 31), 4, "25-26"),
        (date(2026, 4, 1), 4, "26-27"),
        (date(2099, 12, 31), 4, "99-00"),
        (date(2026, 12, 31), 1, "26"),
        (date(2026, 9, 30), 10, "25-26"),
    ],
)
def test_a_financial_year_begins_when_the_seller_says(on, first_month, year):
    assert financial_year(on, first_month) == year


@given(
    st.from_regex(r"[A-Z0-9]{1,3}", fullmatch=True),
    st.dates(),
    st.integers(1, 999_999),
)
def test_an_invoice_number_is_what_rule_46_allows(series, on, sequence):
    number = invoice_number(series, financial_year(on), sequence)
    assert re.fullmatch(r"[A-Za-z0-9/-]{1,16}", number)


def test_a_number_too_long_for_the_rule_is_refused():
    with pytest.raises(OverflowError):
        invoice_number("ABC", "26-27", 1_000_000)


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.sampled_from([HALVES, WHOLE]))
def test_what_documents_move_always_balances(total, received, names):
    price = Money(total, "INR")
    lines = issue_lines(price, split_tax(total, 1800, names))
    refuse_unbalanced(lines)
    assert {line.account for line in lines} <= set(CHART)
    if received:
        paid = Money(received, "INR")
        refuse_unbalanced(receipt_lines(paid, min(paid, price)))


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("27AAPFU0939F1ZV", True),
        ("29AAGCB7383J1Z4", True),
        ("27AAPFU0939F1ZW", False),
        ("27AAPFU0939F1Z", False),
        ("27aapfu0939f1zv", False),
        ("", False),
    ],
)
def test_a_gstin_is_checked_by_its_last_character(text, valid):
    assert is_gstin(text) is valid


def test_every_tax_has_its_account():
    assert set(TAX_ACCOUNTS.values()) <= set(CHART)


@pytest.mark.parametrize(
    "amounts",
    [
        [],
        [("bank", 0, "INR"), ("gateway", 0, "INR")],
        [("bank", 5, "INR")],
        [("bank", 5, "INR"), ("gateway", -4, "INR")],
        [("bank", 5, "INR"), ("gateway", -5, "USD")],
    ],
)
def test_lines_that_do_not_balance_are_refused(amounts):
    with pytest.raises(Unbalanced):
        refuse_unbalanced([Line(a, Money(n, c)) for a, n, c in amounts])


def test_an_account_outside_the_chart_is_refused():
    with pytest.raises(UnknownAccount):
        refuse_unbalanced(
            [Line("petty_cash", Money(5, "INR")), Line("bank", Money(-5, "INR"))]
        )
