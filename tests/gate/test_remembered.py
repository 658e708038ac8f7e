"""What the gate remembers can never make an answer that it would not make anew."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from broadsheet.gate.asgi import address
from broadsheet.gate.asgi.address import Known, story_meant
from broadsheet.gate.asgi.remembered import LONGEST_WALLET, Printer, Wallets
from broadsheet.gate.asgi.reply import Replies
from broadsheet.gate.asgi.shelf import Shelf
from broadsheet.gate.core.pages import Furniture, split_page
from broadsheet.gate.core.vocabulary import (
    NEWS,
    GiftStanding,
    Kind,
    Meter,
    Policy,
    Purpose,
    Reading,
    Standing,
    Visitant,
)
from tests.gate.conftest import (
    DEVICE,
    READER,
    RING,
    device_cookie,
    facts,
    pressed,
    reader_pass,
)

CHANGED = {
    "story": replace(facts(1), revision=2),
    "purpose": Purpose.GLANCE,
    "features": frozenset((NEWS,)),
    "meter": Meter(Standing.READ, 1, 3),
    "policy": Policy(limit_anonymous=9),
    "crawler": Visitant("Googlebot", Kind.SEARCH),
    "gift": GiftStanding.HELD,
    "must_register": True,
}


@pytest.mark.parametrize("field", [field.name for field in fields(Reading)])
def test_no_two_readings_that_differ_anywhere_share_a_page(field):
    """A field that joins Reading must be given another value here, and be compared."""
    reading = Reading(facts(1))

    assert replace(reading, **{field: CHANGED[field]}) != reading
    assert replace(reading) == reading
    assert hash(replace(reading)) == hash(reading)


async def test_a_remembered_pass_is_void_the_moment_it_expires(paper):
    browser = paper.browser(**reader_pass(bits=1))
    assert [(await browser.read(30)).shows_all for _ in range(2)] == [True, True]

    paper.later(seconds=600)

    assert not (await browser.read(30)).shows_all


async def test_a_remembered_pass_is_void_the_moment_its_epoch_is_raised(paper):
    browser = paper.browser(**reader_pass(bits=1))
    assert (await browser.read(30)).shows_all

    paper.gate._memory.epochs[READER] = 1

    assert not (await browser.read(30)).shows_all


async def test_a_remembered_device_is_nobody_after_ninety_days(paper):
    browser = paper.browser(**device_cookie())
    assert (await browser.read(1)).shows_all
    paper.later(days=90)

    reply = await browser.get("/business/a-story-2/")

    assert browser.cookies != device_cookie()
    assert reply.shows_all


def test_a_wallet_is_opened_once_unless_it_is_too_long_to_keep():
    wallets = Wallets(RING)
    cookies = "; ".join(f"{k}={v}" for k, v in device_cookie().items()).encode()

    first = wallets.of(cookies)
    assert first.device.identity == DEVICE
    assert wallets.of(bytes(bytearray(cookies))) is first

    long = cookies + b"; x=" + b"y" * LONGEST_WALLET
    assert wallets.of(long).device == first.device
    assert wallets.of(long) is not wallets.of(long)


def printed(printer, furniture, page=None, **changes):
    known = Known.of(facts(1))
    reading = replace(Reading(known.facts, meter=Meter(Standing.READ, 1, 3)), **changes)
    page = page or split_page(pressed(1))
    return printer.print(reading, known, page, furniture, reader=False)


def test_a_page_is_joined_once_for_all_who_are_decided_alike():
    printer, page = Printer(Replies([]), 100_000), split_page(pressed(1))
    furniture = Furniture.of({"meter": "{{count}}"})

    first = printed(printer, furniture, page)

    assert printed(printer, furniture, page) is first
    other = printed(printer, furniture, page, meter=Meter(Standing.READ, 2, 3))
    assert other.body["body"] != first.body["body"]
    assert other.etag != first.etag


def test_a_printed_page_is_good_only_with_what_it_was_made_of():
    printer, page = Printer(Replies([]), 100_000), split_page(pressed(1))
    furniture = Furniture.of({"meter": "old"})
    first = printed(printer, furniture, page)

    assert b"new" in printed(printer, Furniture.of({"meter": "new"}), page).body["body"]
    anew = split_page(replace(pressed(1), full=b"corrected"))
    assert printed(printer, furniture, anew).body["body"] == b"corrected"
    assert printed(printer, furniture, page).body == first.body


def test_a_shelf_keeps_what_was_used_last_and_no_more_than_fits():
    shelf: Shelf[str, bytes] = Shelf(10, len)
    for name in ("a", "b", "c"):
        shelf.put(name, b"1234")
        shelf.get("a")

    assert [shelf.get(name) for name in ("a", "b", "c")] == [b"1234", None, b"1234"]
    shelf.put("d", b"more than fits")
    assert [shelf.get(name) for name in ("a", "c", "d")] == [None, None, None]


def test_a_long_path_is_understood_and_not_remembered():
    before = address._remembered.cache_info().currsize
    path = "/business/" + "x" * 300 + "-7/"

    assert story_meant(path) == 7
    assert address._remembered.cache_info().currsize == before
