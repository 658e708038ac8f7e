"""The corners of the core that luck alone would visit: every branch, every time."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from broadsheet.gate.core import signatures
from broadsheet.gate.core.meter import LONGEST, Ask, kept_for
from broadsheet.gate.core.signatures import Message
from broadsheet.gate.core.visitor import Visitor, identify
from broadsheet.gate.core.vocabulary import Orders
from tests.gate.conftest import AT, DEVICE, RING, device_cookie, reader_pass


def message(signature_input: str, signature: str, agent: str = "") -> Message:
    headers = [("signature-input", signature_input), ("signature", signature)]
    if agent:
        headers.append(("signature-agent", agent))
    return Message("GET", "example.com", "/", "", headers=headers)


@pytest.mark.parametrize(
    ("signature_input", "signature"),
    [
        ('a=("@path"), a=("@path")', "a=:AAAA:"),  # A label twice.
        ('a=("@path")', "a=:AAA:"),  # No base64, though of its letters.
        ('a=("@path");created=1;created=2', "a=:AAAA:"),  # A parameter twice.
    ],
)
def test_what_says_a_thing_twice_or_not_at_all_is_no_signature(
    signature_input, signature
):
    assert list(signatures.read(message(signature_input, signature))) == []
    assert len(signatures.read(message('a=("@path")', "a=:AAAA:"))) == 1


@pytest.mark.parametrize(
    ("key", "found"), [("b", b"two.example"), ("c", None), ("a", b"one.example")]
)
def test_a_member_of_a_header_is_signed_by_its_own_label(key, found):
    said = message(
        f'a=("signature-agent";key="{key}")',
        "a=:AAAA:",
        'a="https://one.example", b="https://two.example"',
    )
    [signed] = signatures.read(said)
    text = signatures.base(said, signed)
    assert (text is not None) == (found is not None)
    assert found is None or found in text


def test_an_agents_address_that_is_none_names_nobody():
    said = message('a=("@path")', "a=:AAAA:", 'a="https://["')
    assert signatures.agent_of(said, {"[": {}}, 0) is None


def test_an_expired_pass_leaves_the_device():
    late = AT + timedelta(hours=1)
    cookies = device_cookie() | reader_pass()
    who = identify(cookies, keyring=RING, epochs={}, orders=Orders(), at=late)
    issued = int(AT.timestamp())
    assert who == Visitor(DEVICE, issued=issued)
    assert Visitor(DEVICE, new_device=True).new


@pytest.mark.parametrize("until", [None, AT + timedelta(days=3)])
def test_a_row_is_kept_a_day_longer_than_it_counts(until):
    ask = Ask(UUID(int=1), 1, 3, AT, AT, until)
    counts = LONGEST if until is None else timedelta(days=3)
    assert kept_for(ask) == counts + timedelta(days=1)
