"""A variant's name leads back to the very page that was decided, or to nothing."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.gate.core import variants
from broadsheet.gate.core.decide import decide
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.core.variants import Variant
from broadsheet.gate.core.vocabulary import (
    ADFREE,
    NEWS,
    Meter,
    Policy,
    Reading,
    Standing,
)
from tests.gate.conftest import RING, facts

made = st.builds(
    Variant,
    story_id=st.integers(1, 2**64 - 1),
    meter=st.builds(
        Meter,
        st.sampled_from(Standing),
        st.integers(0, 65535),
        st.integers(0, 65535),
    ),
    digest=st.binary(min_size=8, max_size=8),
    reader=st.booleans(),
    news=st.booleans(),
    adfree=st.booleans(),
    own=st.booleans(),
)


@given(made)
def test_a_name_comes_back_as_it_went(variant):
    text = variants.name(RING, variant)

    assert variants.read(RING, text) == variant
    assert len(text) == 54
    assert variants.read(Keyring.of("another"), text) is None


@given(made, st.integers(0, 39), st.integers(1, 255))
def test_a_name_with_any_byte_changed_is_no_name(variant, place, change):
    raw = bytearray(urlsafe_b64decode(variants.name(RING, variant) + "=="))
    raw[place] ^= change

    text = urlsafe_b64encode(raw).rstrip(b"=").decode()

    assert variants.read(RING, text) is None


@given(st.one_of(st.text(), st.binary().map(repr)))
def test_no_text_raises(text):
    assert variants.read(RING, text) is None


RIGHTS = (NEWS, ADFREE, "vertical:investor", "vertical:other")
EVERY = list(
    product(
        ("free", "metered", "premium", "vertical:investor"),
        [
            frozenset(right for right, has in zip(RIGHTS, held, strict=True) if has)
            for held in product((True, False), repeat=len(RIGHTS))
        ],
        Standing,
        (0, 2, 3),
    )
)


@pytest.mark.parametrize("open_when_down", [True, False])
def test_of_every_reading_the_same_is_decided_by_name(open_when_down):
    policy = Policy(store_down_open=open_when_down)
    for access, features, standing, count in EVERY:
        meter = Meter(standing, count, 3)
        reading = Reading(facts(7, access), features=features, meter=meter)
        reading = Reading(reading.story, features=features, meter=meter, policy=policy)
        variant = variants.variant_of(reading, b'W/"tag"', reader=bool(count))

        again = decide(variants.reading_of(variant, reading.story, policy))

        decided = decide(reading)
        assert (again.verdict, again.ads, again.metered) == (
            decided.verdict,
            decided.ads,
            decided.metered,
        )
        assert (again.count, again.limit) == (decided.count, decided.limit)
        assert not again.counts  # Fetching a page never costs a story.
        assert variant.reader == bool(count)
        assert variant.digest == variants.digest(b'W/"tag"')


def test_what_does_not_fit_into_a_name_is_not_cut_to_fit_without_notice():
    meter = Meter(Standing.READ, 70_000, 80_000)
    reading = Reading(facts(7), meter=meter)

    variant = variants.variant_of(reading, b'W/"tag"', reader=False)

    # The page of this name says other numbers, so its tag is another: it is not kept.
    assert variant.meter == Meter(Standing.READ, 65_535, 65_535)
    assert decide(variants.reading_of(variant, reading.story, Policy())) != decide(
        reading
    )
