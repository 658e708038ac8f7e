from __future__ import annotations

import pytest

from broadsheet.kit import places


def test_the_list_is_whole():
    """28 states and 8 union territories; the 248 countries of ISO 3166 beside India."""
    assert len(places.STATES) == 36
    assert len(places.COUNTRIES) == 248
    assert "IN" not in places.COUNTRIES
    assert all(len(code) == 2 and code.isdigit() for code in places.STATES)
    assert all(code.isalpha() and code.isupper() for code in places.COUNTRIES)


@pytest.mark.parametrize("names", [places.STATES, places.COUNTRIES])
def test_names_are_once_each(names):
    assert len(set(names.values())) == len(names)
    assert all(name == name.strip() and name for name in names.values())


@pytest.mark.parametrize("code", ["", "00", "25", "28", "IN", "gb", "XX", "Karnataka"])
def test_anything_else_is_no_place(code):
    assert not places.is_place(code)
    assert not places.is_abroad(code)


def test_a_place_is_named_as_it_is_written_on_an_invoice():
    named = [places.name(code) for code in ("29", "GB", "CI", "??")]
    assert named == ["Karnataka", "United Kingdom", "Côte d’Ivoire", "??"]
