"""Gift links at the gate: who reads, who is sent on, and what uses an opening up."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

import pytest

from broadsheet.gate.asgi.recorder import Recorder
from broadsheet.gate.core import gifts
from broadsheet.gate.core.decide import decide
from broadsheet.gate.core.gifts import GiftLink
from broadsheet.gate.core.packing import pack, unpack
from broadsheet.gate.core.passes import Keyring
from broadsheet.gate.core.vocabulary import Reading, Reason
from broadsheet.gate.store import StoreDown
from broadsheet.gate.store.memory import MemoryStore
from tests.gate.conftest import (
    AT,
    FURNITURE,
    NEWS_BIT,
    READER,
    RING,
    Newspaper,
    facts,
    fetch,
    pressed,
    reader_pass,
)

NOW = int(AT.timestamp())
PREMIUM = 30
GIVER = UUID(int=0x61)
ADDRESS = f"/business/a-story-{PREMIUM}/"
LINE = "<p>A gift</p>"
PREVIEW = (("user-agent", "facebookexternalhit/1.1"),)
PREFETCH = (("sec-purpose", "prefetch"),)


@pytest.fixture
def link(paper) -> GiftLink:
    pieces = {"gift:received": LINE, "gift:give": "<a>Give {{story}}</a>"}
    paper.store.file_furniture(FURNITURE | pieces)
    made = GiftLink(UUID(int=0x61F7), PREMIUM, GIVER, NOW + 86400, 2)
    paper.store.gifts.file(made)
    return made


def address(link: GiftLink, ring: Keyring = RING) -> str:
    return f"/gift/{gifts.token(ring, link)}/"


def is_shut_in(reply) -> bool:
    """Test if neither index, cache nor another site learns of the address."""
    return (
        reply["x-robots-tag"],
        reply["referrer-policy"],
        reply["cache-control"],
    ) == (
        "noindex, noarchive",
        "no-referrer",
        "private, no-store",
    ) and sum(name == "referrer-policy" for name, _ in reply.headers) == 1


def was_sent_on(reply, status: int = 301, target: str = ADDRESS) -> bool:
    return (reply.status, reply["location"], reply.body) == (status, target, "")


async def test_a_gift_is_read_whole_and_says_what_it_is(paper, link):
    reply = await paper.browser().get(address(link))

    assert (reply.status, reply.shows_all) == (200, True)
    assert "1 of 3" not in reply.body
    assert is_shut_in(reply)
    assert paper.store.gifts.opened(link.nonce) == 1
    assert paper.gate.tally.views["gift"] == 1


async def test_the_same_device_opens_it_once_however_often_it_comes(paper, link):
    browser = paper.browser()

    shown = [(await browser.get(address(link))).shows_all for _ in range(5)]

    assert shown == [True] * 5
    assert paper.store.gifts.opened(link.nonce) == 1


async def test_it_lets_in_as_many_devices_as_it_says_and_they_stay(paper, link):
    first, second, third = (paper.browser() for _ in range(3))

    assert (await first.get(address(link))).shows_all
    assert (await second.get(address(link))).shows_all
    refused = await third.get(address(link))

    assert was_sent_on(refused) and is_shut_in(refused)
    assert not (await third.get(ADDRESS)).shows_all
    assert (await first.get(address(link))).shows_all
    assert paper.store.gifts.opened(link.nonce) == 2


async def test_a_landing_costs_the_recipient_none_of_her_own_stories(paper, link):
    metered = replace(link, nonce=UUID(int=2), story_id=9)
    paper.store.gifts.file(metered)
    browser = paper.browser()
    assert (await browser.get(address(metered))).shows_all

    lines = [(await browser.read(story)).body for story in (1, 2, 3)]

    assert [f"{count} of 3" in lines[count - 1] for count in (1, 2, 3)] == [True] * 3
    assert "limit of 3" in (await browser.read(4)).body
    # The story she was given is open to her by the gift, not at its own address.
    assert not (await browser.read(9)).shows_all
    assert (await browser.get(address(metered))).shows_all


async def test_the_next_story_has_her_ordinary_wall(paper, link):
    browser = paper.browser()
    await browser.get(address(link))

    assert "<p>premium</p>" in (await browser.read(PREMIUM)).body


@pytest.mark.parametrize(
    "dead",
    [
        {"expires": NOW},
        {"nonce": UUID(int=404)},
        {"giver": UUID(int=404)},
        {"opens": 3},
        {"story_id": 9},
    ],
)
async def test_what_was_not_given_so_leads_to_the_story_and_its_wall(paper, link, dead):
    if "expires" in dead:
        paper.store.gifts.file(replace(link, **dead))
    claimed = replace(link, **dead)
    target = f"/business/a-story-{claimed.story_id}/"

    reply = await paper.browser().get(address(claimed))

    assert was_sent_on(reply, target=target) and is_shut_in(reply)
    assert paper.store.gifts.opened(link.nonce) == 0


async def test_another_houses_signature_is_worth_nothing(paper, link):
    assert was_sent_on(await paper.browser().get(address(link, Keyring.of("theirs"))))


async def test_what_is_taken_back_is_dead_for_who_has_opened_it_too(paper, link):
    browser = paper.browser()
    assert (await browser.get(address(link))).shows_all

    paper.store.gifts.revoked.add(link.nonce)

    assert was_sent_on(await browser.get(address(link)))


async def test_a_gift_may_end_with_its_givers_subscription(paper, link):
    paper.store.gifts.unbacked.add(GIVER)

    assert was_sent_on(await paper.browser().get(address(link)))


@pytest.mark.parametrize("token", ["x", "%00", "A" * 64, "A" * 9000, "%ff", "é", "..;"])
async def test_no_token_at_all_leads_to_the_front_page(paper, link, token):
    reply = await paper.browser().get(f"/gift/{token}/")

    assert was_sent_on(reply, target="/") and is_shut_in(reply)


@pytest.mark.parametrize("story_id", [404, 2**63 - 1, -1])
async def test_a_story_that_is_not_ours_leads_to_the_front_page(paper, link, story_id):
    reply = await paper.browser().get(address(replace(link, story_id=story_id)))

    assert was_sent_on(reply, target="/")


async def test_looking_at_it_uses_nothing_up(paper, link):
    head = await fetch(paper.gate, address(link), method="HEAD")
    ahead = await fetch(paper.gate, address(link), headers=PREFETCH)
    preview = await fetch(paper.gate, address(link), headers=PREVIEW)

    assert (head.status, head.body) == (200, "")
    assert (ahead.status, ahead.body) == (503, "")
    assert (preview.status, preview.shows_all) == (200, False)
    assert f"Story {PREMIUM}" in preview.body
    assert all(is_shut_in(reply) for reply in (head, ahead, preview))
    assert paper.store.gifts.opened(link.nonce) == 0


async def test_who_has_opened_it_may_fetch_it_ahead(paper, link):
    browser = paper.browser()
    await browser.get(address(link))

    assert (await browser.get(address(link), headers=PREFETCH)).shows_all


async def test_a_browser_without_cookies_is_sent_to_the_wall(paper, link):
    browser = paper.browser()
    browser.keeps = False

    replies = []
    target = address(link)
    for _ in range(2):
        reply = await fetch(paper.gate, target)
        replies.append(reply)
        target = reply["location"]

    assert [reply.status for reply in replies] == [302, 302]
    assert replies[0]["location"].startswith(address(link) + "?welcome=")
    assert replies[1]["location"] == ADDRESS
    assert paper.store.gifts.opened(link.nonce) == 0


async def test_a_subscriber_needs_no_gift_and_uses_none_up(paper, link):
    browser = paper.browser(**reader_pass(bits=NEWS_BIT))

    reply = await fetch(paper.gate, address(link), browser.cookies)

    assert was_sent_on(reply, status=302)
    assert paper.store.gifts.opened(link.nonce) == 0


async def test_a_reader_without_a_device_is_known_by_her_login(paper, link):
    cookies = reader_pass(READER)

    replies = [await fetch(paper.gate, address(link), cookies) for _ in range(3)]

    assert [reply.shows_all for reply in replies] == [True] * 3
    assert paper.store.gifts.opened(link.nonce) == 1


async def test_a_page_that_cannot_be_shown_uses_nothing_up(paper, link):
    unpressed = replace(link, story_id=50)
    paper.store.gifts.file(unpressed)
    paper.unpressable.add(50)
    paper.store.file_story(facts(50, "premium"))

    reply = await paper.browser().get(address(unpressed))

    assert was_sent_on(reply, target="/business/a-story-50/")
    assert paper.store.gifts.opened(link.nonce) == 0


async def test_a_withdrawn_story_is_as_gone_as_at_its_own_address(paper, link):
    paper.store.file_story(facts(PREMIUM, "premium", withdrawn=True))

    reply = await paper.browser().get(address(link))

    assert was_sent_on(reply)
    assert (await paper.browser().get(ADDRESS)).status == 410


async def test_the_entitled_alone_are_told_how_to_give(paper, link):
    subscriber = paper.browser(**reader_pass(bits=NEWS_BIT))
    stranger = paper.browser()

    assert f"Give {PREMIUM}" in (await subscriber.read(PREMIUM)).body
    assert "Give 20" in (await subscriber.read(20)).body
    assert "Give" not in (await stranger.read(20)).body
    assert "Give" not in (await stranger.read(1)).body


class Faint(MemoryStore):
    """Loses its gifts when told to."""

    faint = False

    async def gift(self, ask):
        if self.faint:
            raise StoreDown("told to")
        return await super().gift(ask)


async def test_a_store_that_is_down_opens_no_gift():
    store = Faint()
    paper = Newspaper(store)
    store.file_story(facts(PREMIUM, "premium"))
    store.press(pressed(PREMIUM))
    made = GiftLink(UUID(int=1), PREMIUM, GIVER, NOW + 86400, 2)
    store.gifts.file(made)
    browser = paper.browser()
    try:
        assert (await browser.get(address(made))).shows_all
        store.faint = True
        reply = await fetch(paper.gate, address(made), browser.cookies)
    finally:
        await paper.gate.close()

    assert was_sent_on(reply, status=302)
    assert paper.gate.tally.faults["store"] == 1


class Kept:
    """Keeps the views that the recorder writes."""

    def __init__(self) -> None:
        self.views = []

    async def edition(self, orders, at) -> int:
        return 1

    async def write(self, views, edition) -> None:
        self.views += views

    async def close(self) -> None:
        return None


async def test_a_gift_that_is_read_is_recorded_and_decided_again_alike(paper, link):
    kept = Kept()
    newspaper = Newspaper(paper.store, recorder=Recorder(kept))
    await newspaper.browser().get(address(link))
    await fetch(newspaper.gate, address(link), method="HEAD")
    await newspaper.gate.close()

    assert [view.decision.reason for view in kept.views] == [Reason.GIFT]
    packed = json.loads(json.dumps(pack(kept.views[0].reading)))
    assert decide(unpack(Reading, packed)) == kept.views[0].decision
