"""Cards and amounts, without a process: pure functions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paper_gateway
from paper_gateway import cards, faults, words

TODAY = (2026, 8)


def form(**changes):
    good = {
        "number": "4242 4242 4242 4242",
        "expiry": "08 / 26",
        "cvc": "123",
        "name": "Asha Rao",
    }
    return {**good, **changes}


def test_the_gateway_imports_nothing_of_broadsheet():
    folder = Path(paper_gateway.__file__).parent
    imported = {
        name.split(".")[0]
        for path in folder.glob("**/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and node.level == 0
            else []
        )
    }
    assert {"granian", "httpx", "starlette"} <= imported
    assert not {"broadsheet", "django", "tests"} & imported


@pytest.mark.parametrize("number", cards.TEST_NUMBERS)
def test_every_test_number_is_a_well_formed_card(number):
    assert cards.luhn(number)
    card, errors = cards.read(form(number=number), TODAY)
    assert errors == {}
    assert (card.number, card.network, card.expires) == (number, "visa", "2026-08")


@given(st.sampled_from(list(cards.TEST_NUMBERS)), st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(number, place, by):
    digit = str((int(number[place]) + by) % 10)
    assert not cards.luhn(number[:place] + digit + number[place + 1 :])


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("number", "", "Enter the card number."),
        ("number", "4242 4242 4242 4241", "Check the card number"),
        ("number", "42", "Check the card number"),
        ("number", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "Check the card number"),
        ("number", "0" * 40, "Check the card number"),
        ("expiry", "", "Enter the expiry date"),
        ("expiry", "13/27", "Enter the expiry date"),
        ("expiry", "00/27", "Enter the expiry date"),
        ("expiry", "soon", "Enter the expiry date"),
        ("expiry", "07/26", "This card has expired."),
        ("expiry", "08/2099", "Check the expiry year."),
        ("cvc", "", "Enter the 3 digits"),
        ("cvc", "12", "Enter the 3 digits"),
        ("cvc", "1234", "Enter the 3 digits"),
        ("name", "  ", "Enter the name on the card."),
    ],
)
def test_each_field_that_cannot_be_right_gets_one_sentence(field, typed, words):
    card, errors = cards.read(form(**{field: typed}), TODAY)
    assert card is None
    assert list(errors) == [field]
    assert errors[field].startswith(words)


def test_american_express_prints_four_digits():
    amex = form(number="378282246310005", cvc="1234")
    card, errors = cards.read(amex, TODAY)
    assert (errors, card.network) == ({}, "amex")
    assert "cvc" in cards.read({**amex, "cvc": "123"}, TODAY)[1]


@pytest.mark.parametrize(
    "typed", ["8/26", "0826", "08-26", "08/2026", " 08 / 26 ", "08.26"]
)
def test_expiry_dates_as_people_type_them(typed):
    card, errors = cards.read(form(expiry=typed), TODAY)
    assert (errors, card.expires) == ({}, "2026-08")


@given(st.dictionaries(st.sampled_from(["number", "expiry", "cvc", "name"]), st.text()))
def test_nothing_that_is_typed_breaks_the_form(typed):
    card, errors = cards.read(typed, TODAY)
    assert (card is None) == bool(errors)


def test_a_card_never_says_its_number():
    card, _ = cards.read(form(), TODAY)
    assert "4242424242424242" not in f"{card} {card!r} {[card]}"


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (390_000, "INR", "₹3,900"),
        (12_345_600, "INR", "₹1,23,456"),
        (12_345_650, "INR", "₹1,23,456.50"),
        (1_234_567_890_00, "INR", "₹1,23,45,67,890"),
        (99_900, "INR", "₹999"),
        (1, "INR", "₹0.01"),
        (123_456_700, "USD", "$1,234,567"),
        (500, "JPY", "¥500"),
        (1_005, "KWD", "KWD 1.005"),
    ],
)
def test_amounts_as_they_are_written(minor, currency, written):
    assert words.amount(minor, currency) == written


def test_the_manual_names_every_card_and_every_fault():
    manual = Path(__file__).resolve().parents[2] / "docs/operating/paper-gateway.md"
    text = manual.read_text("utf-8")
    for number in cards.TEST_NUMBERS:
        assert " ".join(number[i : i + 4] for i in range(0, 16, 4)) in text
    for kind in faults.KINDS | set(faults.SCOPES):
        assert f"`{kind}`" in text
