"""Who a crawler is: claims, addresses, published ranges, and DNS both ways."""

from __future__ import annotations

import ipaddress
import json
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.gate.core import crawlers, known
from broadsheet.gate.core.crawlers import BadRanges, Ranges, came_from, claimed, verify
from broadsheet.gate.core.vocabulary import Kind, Proof, Visitant

GOOGLEBOT = crawlers.named("Googlebot")
OURS = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


class Zone:
    """DNS as it is written here, and a count of what was asked."""

    def __init__(self, names=(), addresses=None) -> None:
        self._names, self._addresses = names, addresses or {}
        self.asked: list[str] = []

    async def names(self, address):
        self.asked.append(str(address))
        return self._names

    async def addresses(self, name):
        self.asked.append(name)
        return [ip_address(one) for one in self._addresses.get(name, ())]


NO_RANGES = Ranges.of({})


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://g.co/bot.html)", "Googlebot"),
        ("Googlebot-Image/1.0", "Googlebot"),
        ("mozilla (compatible; BINGBOT/2.0)", "bingbot"),
        ("Mozilla; compatible; GPTBot/1.3; +https://openai.com/gptbot", "GPTBot"),
        ("Mozilla; compatible; OAI-SearchBot/1.3", "OAI-SearchBot"),
        (
            "Mozilla; compatible; ChatGPT-User/1.0; +https://openai.com/bot",
            "ChatGPT-User",
        ),
        ("Slackbot-LinkExpanding 1.0", "Slackbot-LinkExpanding"),
        ("facebookexternalhit/1.1", "facebookexternalhit"),
        ("Mozilla (compatible; archive.org_bot)", "archive.org_bot"),
        ("SomeNewBot/0.1", "unknown"),
        ("a crawler of mine", "unknown"),
        ("NotGooglebots are we", "unknown"),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT X19) Chrome/120", None),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140", None),
        ("python-httpx/0.28.1", None),
        ("Google-Extended", None),  # A word for robots.txt, and no client's.
        ("", None),
    ],
)
def test_a_user_agent_claims_one_crawler_or_none(agent, name):
    found = claimed(agent.encode())
    assert (found.name if found else None) == name


@given(st.binary(max_size=2000))
def test_no_user_agent_makes_a_claim_fail(agent):
    found = claimed(agent)
    assert found is None or found.kind in Kind


def test_what_follows_a_very_long_user_agent_is_not_looked_at():
    assert claimed(b"x" * 512 + b" Googlebot") is None


def test_every_row_is_a_crawler_of_its_own():
    tokens = [one.token.lower() for one in known.KNOWN]
    assert len(set(tokens)) == len(tokens)
    assert {one.kind for one in known.KNOWN} == set(Kind) - {Kind.UNKNOWN}
    assert not any(
        "googleusercontent" in s for one in known.KNOWN for s in one.suffixes
    )


# --- Where from -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["66.249.64.1"], "203.0.113.9"),  # Not our proxy: not believed.
        ("10.0.0.1", ["66.249.64.1"], "66.249.64.1"),
        ("10.0.0.1", ["66.249.64.1, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["66.249.64.1", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("fd00::1", ["2001:db8::5, fd00::7"], "2001:db8::5"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.5"], "10.0.0.5"),
        ("10.0.0.1", ["66.249.64.1, unknown"], None),
        ("10.0.0.1", ["66.249.64.1:443"], None),
        ("10.0.0.1", ["66.249.64.1,"], None),
        ("unix:", ["66.249.64.1"], None),
        ("", [], None),
    ],
)
def test_only_our_proxies_are_believed_and_only_the_last_word(peer, forwarded, address):
    found = came_from(peer, forwarded, OURS)
    assert (None if found is None else str(found)) == address


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=5))
def test_no_header_makes_the_address_fail(peer, forwarded):
    came_from(peer, forwarded, OURS)
    assert came_from("203.0.113.9", forwarded, OURS) == ip_address("203.0.113.9")


# --- Ranges -----------------------------------------------------------------------


def test_every_file_that_is_shipped_is_some_crawlers_and_says_where_it_is_from():
    files = sorted(crawlers.SHIPPED.glob("*.json"))
    assert [path.stem for path in files] == sorted(crawlers.shipped())
    assert len(files) == 7
    for path in files:
        assert json.loads(path.read_text())["source"].endswith(f"/{path.stem}.json")


def test_the_shipped_ranges_hold_their_own_addresses_and_no_others():
    ranges = Ranges.of(crawlers.shipped())
    assert ranges.hold("googlebot", ip_address("66.249.66.1"))
    assert not ranges.hold("googlebot", ip_address("66.249.96.1"))
    assert not ranges.hold("gptbot", ip_address("66.249.66.1"))
    assert not ranges.hold("nothing", ip_address("66.249.66.1"))


@given(
    st.lists(st.ip_addresses(v=4), min_size=1, max_size=8),
    st.integers(12, 32),
    st.ip_addresses(),
)
def test_ranges_agree_with_the_library(starts, length, address):
    networks = [ip_network(f"{one}/{length}", strict=False) for one in starts]
    ranges = Ranges.of({"x": networks})
    for asked in (*starts, address):
        within = asked.version == 4 and any(asked in network for network in networks)
        assert ranges.hold("x", asked) == within


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        '{"prefixes": []}',
        '{"prefixes": [1]}',
        '{"prefixes": [{"ipv4Prefix": "66.249.64.1/27"}]}',  # Not a network's address.
        '{"prefixes": [{"ipv4Prefix": "0.0.0.0/0"}]}',
        '{"prefixes": [{"ipv6Prefix": "2000::/3"}]}',
        '{"prefixes": [{"ipv4Prefix": null}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_list_of_ranges_is_refused(document):
    with pytest.raises(BadRanges):
        crawlers.parse_ranges(document)


def test_a_list_of_ranges_is_read_once_each_in_order():
    document = {
        "creationTime": "2026-01-01",
        "prefixes": [
            {"ipv6Prefix": "2001:4860:4801:10::/64"},
            {"ipv4Prefix": "66.249.64.32/27"},
            {"ipv4Prefix": "66.249.64.0/27", "service": "x"},
            {"ipv4Prefix": "66.249.64.0/27"},
        ],
    }
    assert [str(one) for one in crawlers.parse_ranges(json.dumps(document))] == [
        "66.249.64.0/27",
        "66.249.64.32/27",
        "2001:4860:4801:10::/64",
    ]


# --- Proof ------------------------------------------------------------------------


async def proof(address, zone=None, ranges=NO_RANGES, crawler=GOOGLEBOT) -> Proof:
    given_ = None if address is None else ip_address(address)
    visitant = await verify(crawler, given_, ranges, zone or Zone())
    assert visitant == Visitant(crawler.name, crawler.kind, visitant.proof)
    return visitant.proof


async def test_an_address_in_the_published_ranges_is_proof_without_dns():
    zone = Zone()
    ranges = Ranges.of(crawlers.shipped())
    assert await proof("66.249.66.1", zone, ranges) is Proof.ADDRESS
    assert zone.asked == []


async def test_dns_both_ways_is_proof():
    name = "crawl-66-249-79-9.googlebot.com"
    zone = Zone([name], {name: ["66.249.79.9"]})
    assert await proof("66.249.79.9", zone) is Proof.DNS
    assert zone.asked == ["66.249.79.9", name]


@pytest.mark.parametrize(
    ("names", "addresses"),
    [
        ([], {}),
        # Whoever owns an address may call it anything.
        (["crawl.googlebot.com"], {}),
        (["crawl.googlebot.com"], {"crawl.googlebot.com": ["66.249.79.8"]}),
        # Names that only look like theirs.
        (["googlebot.com.evil.example"], {"googlebot.com.evil.example": ["8.8.4.4"]}),
        (["evilgooglebot.com"], {"evilgooglebot.com": ["8.8.4.4"]}),
        (["4.4.8.8.bc.googleusercontent.com"],
         {"4.4.8.8.bc.googleusercontent.com": ["8.8.4.4"]}),
    ],
)  # fmt: skip
async def test_a_name_alone_or_the_wrong_name_is_no_proof(names, addresses):
    assert await proof("8.8.4.4", Zone(names, addresses)) is Proof.NONE


async def test_one_who_has_no_published_ways_or_no_address_proves_nothing():
    zone = Zone(["x.googlebot.com"], {"x.googlebot.com": ["8.8.4.4"]})
    assert (
        await proof("8.8.4.4", zone, crawler=crawlers.named("Bytespider")) is Proof.NONE
    )
    assert await proof(None, zone) is Proof.NONE
    assert await proof("127.0.0.1", zone) is Proof.NONE
    assert zone.asked == []


def test_an_address_is_read_in_one_way_only():
    assert crawlers.read_address("::ffff:192.0.2.1") == ipaddress.IPv4Address(
        "192.0.2.1"
    )
    assert crawlers.read_address("0177.0.0.1") is None
    assert crawlers.read_address("2130706433") is None
