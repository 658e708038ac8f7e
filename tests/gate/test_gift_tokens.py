"""Gift links: what a token says, whether it is ours, and what it is worth."""

from __future__ import annotations

import itertools
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadsheet.gate.core import gifts, passes
from broadsheet.gate.core.decide import decide, needs_meter
from broadsheet.gate.core.gifts import GiftFacts, GiftLink
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.core.vocabulary import (
    GiftStanding,
    Meter,
    Purpose,
    Reading,
    Reason,
    Standing,
    Verdict,
)
from tests.gate.conftest import AT, READER, RING, facts

NOW = int(AT.timestamp())
LINK = GiftLink(UUID(int=0x61F7), 7, READER, NOW + 86400, 5)

links = st.builds(
    GiftLink,
    nonce=st.uuids(),
    story_id=st.integers(-(2**63), 2**63 - 1),
    giver=st.uuids(),
    expires=st.integers(0, 2**32 - 1),
    opens=st.integers(0, 2**16 - 1),
)


@given(links)
def test_a_token_comes_back_as_it_went_and_does_not_say_who_gave(link):
    text = gifts.token(RING, link)

    claim = gifts.read(text)

    said = (claim.nonce, claim.story_id, claim.expires, claim.opens)
    assert said == (link.nonce, link.story_id, link.expires, link.opens)
    assert gifts.proves(RING, claim, link)
    assert len(text) == 64
    raw = urlsafe_b64decode(text)
    for half in (link.giver.bytes[:8], link.giver.bytes[8:]):
        assert half not in raw or half in raw[:32]


@given(links, st.integers(1, 47), st.integers(1, 255))
def test_a_token_with_any_byte_changed_proves_nothing(link, place, change):
    raw = bytearray(urlsafe_b64decode(gifts.token(RING, link)))
    raw[place] ^= change

    claim = gifts.read(urlsafe_b64encode(raw).decode())

    assert claim is not None
    assert not gifts.proves(RING, claim, link)


@given(links, st.uuids())
def test_a_token_is_good_for_one_giver(link, other):
    claim = gifts.read(gifts.token(RING, link))

    assert gifts.proves(RING, claim, replace(link, giver=other)) == (
        other == link.giver
    )


@given(st.text(max_size=80))
@example("")
@example("A" * 64)
@example("MQ" + "A" * 62)
@example("é" * 64)
@example("A" * 10_000)
def test_no_text_is_ours_by_chance_and_none_raises(text):
    claim = gifts.read(text)

    assert claim is None or not gifts.proves(RING, claim, LINK)


@pytest.mark.parametrize("changed", ["=", " ", "\n", "A", "."])
def test_there_is_one_spelling(changed):
    assert gifts.read(gifts.token(RING, LINK) + changed) is None


def test_passes_and_gifts_are_not_each_other():
    device = passes.device_cookie(RING, READER, AT)

    assert gifts.read(device) is None
    assert passes.name_device(RING, gifts.token(RING, LINK)) is None
    assert passes.name_reader(RING, gifts.token(RING, LINK)) is None


def test_keys_rotate_with_overlap():
    old, both = Keyring.of("old"), Keyring.of("new", "old")
    claim = gifts.read(gifts.token(old, LINK))

    assert gifts.proves(both, claim, LINK)
    assert not gifts.proves(Keyring.of("new"), claim, LINK)


# --- Worth ----------------------------------------------------------------------------

FOUND = [
    GiftFacts(
        replace(LINK, expires=expires), opened, revoked, held, received, 2, backed
    )
    for expires, opened, revoked, held, received, backed in itertools.product(
        (NOW - 1, NOW, NOW + 1),
        (0, 4, 5, 6),
        (False, True),
        (False, True),
        (0, 1, 2, 3),
        (False, True),
    )
]


def test_a_gift_opens_only_while_it_is_good_and_there_is_room():
    assert len(FOUND) == 3 * 4 * 2 * 2 * 4 * 2
    for found in FOUND:
        good = found.link.expires == NOW + 1 and not found.revoked and found.backed
        room = found.opened < 5 and found.received < 2
        cases = (
            (not good, GiftStanding.DEAD),
            (found.held, GiftStanding.HELD),
            (room, GiftStanding.SEALED),
            (True, GiftStanding.DEAD),
        )
        expected = next(standing for holds, standing in cases if holds)
        assert gifts.worth(found, AT) is expected, found


@pytest.mark.parametrize(
    ("access", "feature"),
    [
        ("metered", "news"),
        ("premium", "news"),
        ("vertical:investor", "vertical:investor"),
    ],
)
def test_what_a_giver_must_have_is_what_opens_the_story(access, feature):
    assert gifts.feature_for(access) == feature
    reading = Reading(facts(7, access), features=frozenset([feature]))
    assert decide(reading).reason is Reason.ENTITLED


# --- The decision ---------------------------------------------------------------------

WITH_GIFTS = [
    Reading(
        facts(7, access, withdrawn=withdrawn),
        purpose,
        frozenset(features),
        Meter(standing, 1, 3),
        gift=gift,
    )
    for access, withdrawn, purpose, features, standing, gift in itertools.product(
        ("free", "metered", "premium", "vertical:investor", "nonsense"),
        (False, True),
        Purpose,
        ((), ("news",), ("adfree",), ("vertical:investor",)),
        Standing,
        (None, *GiftStanding),
    )
]


def test_a_gift_opens_what_no_right_opens_and_never_counts():
    assert len(WITH_GIFTS) == 5 * 2 * 4 * 4 * 6 * 5 == 4_800
    for reading in WITH_GIFTS:
        without = decide(replace(reading, gift=None))
        decision = decide(reading)
        settled = without.reason in (
            Reason.WITHDRAWN,
            Reason.PRESSED,
            Reason.FREE,
            Reason.ENTITLED,
        )
        if settled or reading.gift in (None, GiftStanding.DEAD):
            assert decision == without, reading
            continue
        opens = reading.gift in (GiftStanding.OPENED, GiftStanding.HELD)
        expected = (
            (Verdict.FULL, Reason.GIFT) if opens else (Verdict.CUT, Reason.UNREAD)
        )
        assert (decision.verdict, decision.reason) == expected, reading
        assert not decision.counts and not decision.metered
        assert not needs_meter(reading)
        assert decision.ads == without.ads
