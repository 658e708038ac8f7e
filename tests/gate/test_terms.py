"""robots.txt and RSL say what the gate does, whatever the rules are."""

from __future__ import annotations

import itertools
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from broadsheet.gate.core import terms
from broadsheet.gate.core.known import KNOWN
from broadsheet.gate.core.vocabulary import Action, CrawlerRule, Kind, Policy, Visitant

CLOSED = ("/account/", "/desk/")
TERMS = "https://paper.example/license.xml"
NAMESPACE = {"r": "https://rslstandard.org/rsl"}


def rule(kind: Kind, action: Action, name: str = "") -> CrawlerRule:
    price = (Decimal("0.01"), "USD") if action is Action.LICENCE else (None, "")
    return CrawlerRule(kind, action, name, *price)


def robots(policy: Policy) -> str:
    return terms.robots_txt(policy, terms=TERMS, closed=CLOSED)


def rsl(policy: Policy) -> ElementTree.Element:
    document = terms.rsl(
        policy, publisher="Salt & <Light>", home="https://paper.example/"
    )
    return ElementTree.fromstring(document)


def test_robots_txt_until_the_desk_says_otherwise():
    assert robots(Policy()) == (
        "License: https://paper.example/license.xml\n"
        "\n"
        "User-agent: *\n"
        "Disallow: /account/\n"
        "Disallow: /desk/\n"
        "\n"
        "User-agent: GPTBot\n"
        "User-agent: ClaudeBot\n"
        "User-agent: CCBot\n"
        "User-agent: Bytespider\n"
        "User-agent: meta-externalagent\n"
        "User-agent: Google-Extended\n"
        "User-agent: Applebot-Extended\n"
        "Disallow: /\n"
    )


class Robots:
    """A reader of robots.txt as RFC 9309 has it: a group of one's own, else the star's."""

    def __init__(self, text: str) -> None:
        self._groups: dict[str, list[str]] = {}
        named: list[str] = []
        for line in text.splitlines():
            field, _, value = line.partition(": ")
            if not line:
                named = []
            elif field == "User-agent":
                assert value.lower() not in self._groups  # Once is enough.
                named.append(value.lower())
                self._groups[value.lower()] = []
            elif field == "Disallow":
                for agent in named:
                    self._groups[agent].append(value)

    def lets(self, token: str, path: str) -> bool:
        closed = self._groups.get(token.lower(), self._groups["*"])
        return not any(path.startswith(one) for one in closed)


SOME_RULES = [
    Policy(crawlers=(rule(one, first), rule(other, second), *named))
    for (one, other), first, second, named in itertools.product(
        itertools.permutations(Kind, 2),
        (Action.REFUSE, Action.CUT),
        Action,
        ((), (rule(Kind.TRAINING, Action.FULL, "GPTBot"),)),
    )
]


def test_robots_txt_refuses_exactly_whom_the_gate_refuses():
    assert len(SOME_RULES) == 7 * 6 * 2 * 4 * 2
    for policy in SOME_RULES:
        read = Robots(robots(policy))
        for token, name, kind in (
            *((one.token, one.name, one.kind) for one in KNOWN),
            ("SomethingElse", "unknown", Kind.UNKNOWN),
        ):
            refused = policy.rule(Visitant(name, kind)).action is Action.REFUSE
            assert read.lets(token, "/news/a-1/") == (not refused), (
                token,
                policy,
            )
            assert not read.lets(token, "/desk/")


def test_each_usage_is_in_rsl_once_as_its_rule_says():
    for policy in SOME_RULES:
        root = rsl(policy)
        found = {}
        for licence in root.findall("r:content/r:license", NAMESPACE):
            priced = licence.find("r:payment[@type='crawl']/r:amount", NAMESPACE)
            for word in ("permits", "prohibits"):
                usages = licence.findtext(f"r:{word}[@type='usage']", "", NAMESPACE)
                for usage in usages.split():
                    assert usage not in found
                    found[usage] = word if priced is None else priced.text
        said = {
            Action.REFUSE: "prohibits",
            Action.LICENCE: "0.01",
            Action.CUT: "permits",
            Action.FULL: "permits",
        }
        assert found == {
            usage: said[policy.rule(Visitant("", kind)).action]
            for usage, kind in (
                ("search", Kind.SEARCH),
                ("ai-index", Kind.AI_SEARCH),
                ("ai-input", Kind.AGENT),
                ("ai-train", Kind.TRAINING),
            )
        }


def test_an_rsl_document_to_the_letter():
    policy = Policy(crawlers=(rule(Kind.AGENT, Action.LICENCE),))
    document = terms.rsl(
        policy, publisher="Salt & <Light>", home="https://paper.example/"
    )
    assert document == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rsl xmlns="https://rslstandard.org/rsl" max-age="1">\n'
        '<content url="/">\n'
        "<license>\n"
        '<permits type="usage">search ai-index</permits>\n'
        '<prohibits type="usage">ai-train</prohibits>\n'
        "</license>\n"
        "<license>\n"
        '<permits type="usage">ai-input</permits>\n'
        '<payment type="crawl"><amount currency="USD">0.01</amount></payment>\n'
        "</license>\n"
        '<copyright type="organization" contactUrl="https://paper.example/">'
        "Salt &amp; &lt;Light&gt;</copyright>\n"
        "</content>\n"
        "</rsl>\n"
    )


@pytest.mark.parametrize("action", Action)
def test_a_bargain_with_one_crawler_is_not_in_the_terms_for_all(action):
    policy = Policy(crawlers=(rule(Kind.TRAINING, action, "GPTBot"),))
    assert terms.licences(policy) == terms.licences(Policy())
