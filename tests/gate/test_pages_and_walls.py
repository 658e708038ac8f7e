"""Pressed pages and wall texts: bytes in, bytes out, and never a brace left."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.gate.core import pages, wall
from broadsheet.gate.core.pages import Furniture, UnknownPlaceholder
from broadsheet.gate.core.wall import BadTemplate, UnclosedVariable, UnknownVariable

names = st.sampled_from(["account", "meter", "wall", "ad:top", "ad:mid"])
texts = st.binary(max_size=40).filter(lambda text: b"<!--slot:" not in text)
fillings = st.dictionaries(names, st.binary(max_size=20))


@given(st.lists(st.tuples(texts, names), max_size=6), texts, fillings)
def test_a_page_is_joined_from_its_text_and_its_slots(parts, last, filling):
    html = b"".join(text + b"<!--slot:%s-->" % n.encode() for text, n in parts) + last
    # Two texts can meet so that they make a mark between them.
    marks = re.findall(rb"<!--slot:([a-z:]+)-->", html)

    sheet = pages.split(html)

    assert list(sheet.names) == [mark.decode() for mark in marks]
    if len(marks) == len(parts):
        filled = [text + filling.get(name, b"") for text, name in parts]
        assert sheet.join(filling) == b"".join(filled) + last


@given(st.binary(), fillings)
def test_no_bytes_raise(html, filling):
    assert isinstance(pages.split(html).join(filling), bytes)


def test_a_filling_is_not_looked_at_for_slots():
    sheet = pages.split(b"<!--slot:meter-->")

    assert (
        sheet.join({"meter": b"<!--slot:wall-->", "wall": b"x"}) == b"<!--slot:wall-->"
    )


def test_a_slot_without_furniture_is_empty():
    assert pages.split(b"a<!--slot:meter-->b").join({}) == b"ab"


def test_a_seal_changes_with_every_byte():
    one = pages.split_page(pages.PressedPage(1, 1, b"full", b"cut"))
    other = pages.split_page(pages.PressedPage(1, 1, b"fulL", b"cut"))

    assert one.full_seal != other.full_seal
    assert one.cut_seal == other.cut_seal  # It says nothing of what is withheld.
    assert one.size == 7
    assert pages.Furniture.of({"a": "bc"}).seal != pages.Furniture.of({"ab": "c"}).seal


def test_furniture_is_filled_and_unknown_furniture_is_nothing():
    furniture = Furniture.of({"meter": "{{count}} of {{ limit }}{{nothing}}"})

    assert furniture.fill("meter", {"count": b"1", "limit": b"3"}) == b"1 of 3"
    assert furniture.fill("wall:metered", {}) == b""
    assert furniture.seal != Furniture.of({"meter": ""}).seal


def test_furniture_with_an_unknown_placeholder_is_refused_by_name():
    pages.check_furniture(
        {"meter": "{{count}}{{limit}}{{remaining}}{{path}}{{section}}{{story}}"}
    )

    with pytest.raises(UnknownPlaceholder) as refused:
        pages.check_furniture({"meter": "{{count}} {{price}}"})

    assert str(refused.value) == (
        "The furniture 'meter' holds {{price}}; the gate fills only {{count}}, "
        "{{limit}}, {{remaining}}, {{path}}, {{section}}, {{pool}}, {{story}}."
    )


# --- Walls ------------------------------------------------------------------------

VALUES = {name: f"<{name}>" for name in wall.VARIABLES}


def test_a_wall_text_is_finished_words():
    text = "You've reached your limit of {{free_limit}} free articles this month"
    wall.check(text)

    assert wall.render(text, {"free_limit": "3"}) == (
        "You've reached your limit of 3 free articles this month"
    )


def test_every_known_variable_is_taken_with_and_without_spaces():
    for name in wall.VARIABLES:
        for text in (f"a {{{{{name}}}}} b", f"a {{{{ {name}  }}}} b"):
            wall.check(text)
            assert wall.render(text, VALUES) == f"a <{name}> b"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{{fre_limit}}", "fre_limit"),
        ("{{free_limit}} {{Price}}", "Price"),
        ("{{}}", ""),
        ("{{ free limit }}", "free limit"),
        ("{{price|upper}}", "price|upper"),
        ("{{price.cents}}", "price.cents"),
    ],
)
def test_an_unknown_variable_is_refused_by_name(text, named):
    with pytest.raises(UnknownVariable) as refused:
        wall.check(text)

    assert str(refused.value) == (
        f"{{{{{named}}}}} is not a variable of the wall; use one of {{{{free_limit}}}}, "
        "{{price}}, {{plan}}, {{term}}, {{per_month}}, {{section}}, {{pool}}."
    )


@pytest.mark.parametrize(
    "text", ["{{price", "price}}", "{{{{price}}}}", "{{ {{price}} }}", "a {{ b"]
)
def test_a_variable_that_is_not_closed_is_refused(text):
    with pytest.raises(UnclosedVariable):
        wall.check(text)


pieces = st.lists(
    st.sampled_from(["{", "}", "{{", "}}", "price", "{{price}}", "{{x}}", " ", "₹"])
).map("".join)


@given(pieces, st.dictionaries(st.sampled_from([*wall.VARIABLES, "x"]), pieces))
def test_nothing_rendered_holds_a_brace_pair(text, values):
    rendered = wall.render(text, values)

    assert "{{" not in rendered and "}}" not in rendered


@given(pieces, st.dictionaries(st.sampled_from(list(wall.VARIABLES)), pieces))
def test_a_text_for_furniture_is_always_taken_by_the_gate(text, values):
    try:
        wall.check(text)
    except BadTemplate:
        return
    rendered = wall.render_for_furniture(text, values)

    pages.check_furniture({"wall:metered": rendered})
    filled = Furniture.of({"w": rendered}).fill("w", {"limit": b"3", "section": b"S"})
    assert b"{{" not in filled


def test_limit_and_section_stay_open_for_the_gate():
    text = "{{free_limit}} in {{section}}, {{plan}} for {{price}}"

    rendered = wall.render_for_furniture(text, {"plan": "Smart", "price": "{{x}}"})

    assert rendered == "{{limit}} in {{section}}, Smart for {x}"
