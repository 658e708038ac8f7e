"""Which rule meets whom: every audience against every rule, and what headers say."""

from __future__ import annotations

import itertools
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.gate.core.audience import (
    CONDITIONS,
    Audience,
    Chosen,
    Device,
    Segment,
    Source,
    WallRule,
    choose,
    device_of,
    language_of,
    section_in,
    segment_of,
    source_of,
    unmet,
)
from broadsheet.gate.core.packing import pack, unpack
from broadsheet.gate.core.vocabulary import Orders, Pass

PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126 Mobile Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile"
ANDROID_TABLET = "Mozilla/5.0 (Linux; Android 13; SM-X700) Chrome/126 Safari/537.36"
IPAD = "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) Version/16.6 Mobile/15E148"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15"

AUDIENCES = [
    Audience(*one)
    for one in itertools.product(
        Segment,
        ("markets", "sport"),
        ("metered", "premium"),
        Source,
        Device,
        ("en", "hi"),
    )
]
RULES = [
    WallRule(number, f"v{number}", *asked)
    for number, asked in enumerate(
        itertools.product(
            ("", "lapsed"),
            ("", "markets"),
            ("", "premium"),
            ("", "search"),
            ("", "phone"),
            ("", "hi"),
        )
    )
]


def holds(rule: WallRule, who: Audience) -> bool:
    return (
        rule.segment in ("", who.segment.value)
        and rule.section in ("", who.section)
        and rule.access in ("", who.access)
        and rule.source in ("", who.source.value)
        and rule.device in ("", who.device.value)
        and rule.language in ("", who.language)
    )


def test_a_rule_holds_when_each_of_its_conditions_does():
    assert (len(AUDIENCES), len(RULES)) == (3 * 2 * 2 * 6 * 3 * 2, 64)
    for who, rule in itertools.product(AUDIENCES, RULES):
        missed = unmet(rule, who)
        assert (missed == ()) == holds(rule, who)
        assert all(getattr(rule, name) for name in missed)
        assert set(missed) <= set(CONDITIONS)


def test_the_first_rule_that_holds_is_shown_and_without_one_the_usual_wall():
    narrow_first = RULES[::-1]
    for who in AUDIENCES:
        first = next(rule for rule in narrow_first if holds(rule, who))
        assert choose(narrow_first, who) == Chosen(first)
        assert choose(RULES, who).shown is RULES[0]  # It asks for nothing.
        assert choose([], who) == Chosen() and Chosen().variant == ""


@pytest.mark.parametrize("dry", list(itertools.product((False, True), repeat=3)))
def test_a_dry_rule_is_told_of_and_shows_nothing(dry):
    who = AUDIENCES[0]
    rules = [WallRule(n, f"v{n}", dry=is_dry) for n, is_dry in enumerate(dry)]

    chosen = choose(rules, who)

    live = [rule for rule in rules if not rule.dry]
    assert chosen.shown == (live[0] if live else None)
    assert chosen.would == (rules[0] if rules[0].dry else None)


def test_a_dry_rule_behind_a_live_one_would_not_have_won():
    rules = [WallRule(1, "live"), WallRule(2, "dry", dry=True)]

    assert choose(rules, AUDIENCES[0]) == Chosen(rules[0])


# --- Headers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("referrer", "source"),
    [
        ("", Source.DIRECT),
        ("https://paper.example/markets/", Source.INTERNAL),
        ("https://PAPER.example:8080/", Source.INTERNAL),
        ("https://www.google.com/", Source.SEARCH),
        ("https://www.google.co.in/search?q=x", Source.SEARCH),
        ("https://bing.com/", Source.SEARCH),
        ("https://in.search.yahoo.com/", Source.SEARCH),
        ("android-app://com.google.android.googlequicksearchbox/", Source.SEARCH),
        ("https://t.co/abc", Source.SOCIAL),
        ("https://l.facebook.com/l.php", Source.SOCIAL),
        ("https://www.linkedin.com/feed/", Source.SOCIAL),
        ("android-app://org.telegram.messenger/", Source.SOCIAL),
        ("https://mail.google.com/mail/u/0/", Source.MAIL),
        ("https://outlook.live.com/", Source.MAIL),
        ("android-app://com.google.android.gm/", Source.MAIL),
        ("https://example.org/", Source.OTHER),
        ("https://notgoogle.com/", Source.OTHER),
        ("https://google.attacker.example/", Source.OTHER),
        ("https://paper.example.attacker.example/", Source.OTHER),
        ("https://[::1", Source.OTHER),
        ("nonsense", Source.OTHER),
    ],
)
def test_where_she_comes_from(referrer, source):
    assert source_of(referrer, "paper.example:443") is source


@pytest.mark.parametrize(
    ("agent", "hint", "device"),
    [
        (PHONE, "", Device.PHONE),
        (IPHONE, "", Device.PHONE),
        (MAC, "?1", Device.PHONE),
        (ANDROID_TABLET, "?0", Device.TABLET),
        (IPAD, "", Device.TABLET),
        (MAC, "?0", Device.DESKTOP),
        ("", "", Device.DESKTOP),
    ],
)
def test_what_she_reads_on(agent, hint, device):
    assert device_of(agent, hint) is device


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("hi-IN,hi;q=0.9,en;q=0.8", "hi"),
        ("EN", "en"),
        (" mr", "mr"),
        ("*", ""),
        ("", ""),
        ("deutsch", ""),
    ],
)
def test_what_she_reads_first(accepted, language):
    assert language_of(accepted) == language


def test_who_she_is_by_her_pass_alone():
    reader = Pass(UUID(int=1), expires=9)

    assert segment_of(None) is Segment.ANONYMOUS
    assert segment_of(reader) is Segment.REGISTERED
    assert segment_of(replace(reader, entitled_until=5)) is Segment.LAPSED
    subscriber = replace(reader, bits=1, entitled_until=5)
    assert segment_of(subscriber) is Segment.REGISTERED


def test_the_section_is_the_one_in_the_address():
    assert section_in("/markets/rates-held-7/") == "markets"


@given(st.text(), st.text())
def test_no_header_raises(one, other):
    source_of(one, other)
    source_of(f"https://{one}", other)
    device_of(one, other)
    language_of(one)


def test_orders_with_rules_can_be_kept_as_plain_data_and_read_again():
    orders = Orders(walls=(WallRule(1, "search", source="search", dry=True),))

    assert unpack(Orders, pack(orders)) == orders
