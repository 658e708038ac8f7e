from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from broadsheet.readers import rules
from broadsheet.readers.rules import Inbox, NotAnAddress, Standing


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("asha@example.com", "asha@example.com"),
        ("  Asha.Rao@Example.COM ", "Asha.Rao@example.com"),
        ("a+news@example.co.in", "a+news@example.co.in"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("kai@bücher.example", "kai@xn--bcher-kva.example"),
        ("kai@XN--BCHER-KVA.example", "kai@xn--bcher-kva.example"),
        ("ravi@समाचार.भारत", "ravi@xn--61b3bh3a5ab.xn--h2brj9c"),
        ("kai@straße.example", "kai@xn--strae-oqa.example"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_one_mailbox_has_one_spelling(typed, kept):
    assert rules.canonical_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "@",
        "asha",
        "asha@",
        "@example.com",
        "asha@localhost",
        "asha@127.0.0.1",
        "asha@[127.0.0.1]",
        "asha@example..com",
        "asha@-example.com",
        "asha@example.com.",
        ".asha@example.com",
        "as..ha@example.com",
        "as ha@example.com",
        '"as ha"@example.com',
        "asha@example.com\r\nBcc: all@example.com",
        "asha\r\nBcc: all@example.com\r\n@example.com",
        "asha@example.com, other@example.com",
        "Asha <asha@example.com>",
        "आशा@example.com",
        "asha@exa\x00mple.com",
        "a" * 65 + "@example.com",
        "a@" + ".".join(["b" * 63] * 4) + ".com",
        "a@" + "b" * 64 + ".com",
        "asha@éxample" + "é" * 80 + ".com",
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(NotAnAddress):
        rules.canonical_address(typed)


def test_a_masked_address_tells_its_owner_and_nobody_else():
    assert rules.masked("asha@example.com") == "a***@example.com"
    assert rules.masked("kai@xn--bcher-kva.example") == "k***@bücher.example"


def test_a_known_domain_has_its_inbox():
    assert rules.inbox_of("a@gmail.com") == Inbox(
        "Gmail",
        "https://mail.google.com/mail/u/0/#search/in%3Aanywhere+newer_than%3A1h",
    )
    assert rules.inbox_of("a@hotmail.com").name == "Outlook"
    assert rules.inbox_of("a@yahoo.co.in").name == "Yahoo"
    assert rules.inbox_of("a@example.com") is None
    assert rules.inbox_of("gmail.com@example.com") is None


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("nonsense", "unknown"),
        ("", "unknown"),
    ],
)
def test_neighbours_share_a_network(ip, network):
    assert rules.network(ip) == network


CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (CHROME, ("Chrome", "Windows")),
        (CHROME + " Edg/140.0", ("Edge", "Windows")),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 "
            "Mobile/15E148 Safari/604.1",
            ("Safari", "iPhone"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36",
            ("Chrome", "Android"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Firefox/140.0",
            ("Firefox", "macOS"),
        ),
        ("curl/8", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_browser_is_told_in_words(user_agent, words):
    assert rules.browser_in_words(user_agent) == words


@pytest.mark.parametrize(
    ("wait", "minutes"),
    [
        (timedelta(minutes=4), 4),
        (timedelta(minutes=3, seconds=1), 4),
        (timedelta(microseconds=1), 1),
        (timedelta(0), 1),
        (timedelta(seconds=-5), 1),
    ],
)
def test_a_wait_is_told_in_whole_minutes_and_never_too_short(wait, minutes):
    assert rules.minutes(wait) == minutes


NOW = datetime(2026, 8, 3, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("used", "voided", "tries", "expires_in"),
    list(product((None, NOW), (None, NOW), (0, 4, 5), (-1, 0, 1))),
)
def test_a_key_opens_in_one_standing_only(used, voided, tries, expires_in):
    found = rules.standing(
        used_at=used,
        voided_at=voided,
        wrong_tries=tries,
        expires_at=NOW + timedelta(seconds=expires_in),
        at=NOW,
    )
    opens = (used, voided) == (None, None) and tries < 5 and expires_in > 0
    assert (found is Standing.OPEN) == opens


@pytest.mark.parametrize(
    ("age", "fresh"),
    [
        (timedelta(0), True),
        (timedelta(minutes=15) - timedelta(microseconds=1), True),
        (timedelta(minutes=15), False),
        (timedelta(seconds=-1), False),  # From a clock that was set back.
    ],
)
def test_a_mail_sign_in_proves_for_a_quarter_of_an_hour(age, fresh):
    assert rules.is_fresh(NOW - age, NOW) is fresh


def test_no_mail_sign_in_proves_nothing():
    assert rules.is_fresh(None, NOW) is False
