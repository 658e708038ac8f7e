"""robots.txt, the terms, and where pages and feeds say that there are terms."""

from __future__ import annotations

from decimal import Decimal
from xml.etree import ElementTree

import pytest

from broadsheet.gate.house import models
from broadsheet.news.newsroom import queries as newsroom

pytestmark = pytest.mark.django_db
RSL = "{https://rslstandard.org/rsl}"


def test_robots_txt_names_the_terms_and_closes_what_is_no_news(browser_client):
    answer = browser_client.get("/robots.txt")
    lines = answer.content.decode().splitlines()
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=600"
    assert "Set-Cookie" not in answer
    assert lines[:3] == [lines[0], "", "User-agent: *"]
    assert lines[0].startswith("License: http") and lines[0].endswith("/license.xml")
    assert [line for line in lines if line.startswith("Disallow: /")] == [
        "Disallow: /account/",
        "Disallow: /accounts/",
        "Disallow: /api/",
        "Disallow: /desk/",
        "Disallow: /payments/",
        "Disallow: /search/",
        "Disallow: /subscribe/return/",
        "Disallow: /",
    ]


def test_the_terms_follow_the_rows_at_the_desk(browser_client):
    models.CrawlerRule.objects.create(
        kind="training", action="licence", price=Decimal("2.5000"), currency="INR"
    )
    answer = browser_client.get("/license.xml")
    assert answer["Content-Type"] == "application/rsl+xml; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=600"
    root = ElementTree.fromstring(answer.content)
    amount = root.find(f".//{RSL}amount")
    assert (amount.text, amount.attrib) == ("2.5", {"currency": "INR"})
    robots = browser_client.get("/robots.txt").content.decode()
    assert "GPTBot" not in robots


def test_every_page_links_to_the_terms(browser_client, published):
    link = '<link rel="license" type="application/rsl+xml" href="/license.xml">'
    story = newsroom.canonical(published().pk)
    for path in ("/", story, "/feeds/", "/subscribe/"):
        assert browser_client.get(path).content.decode().count(link) == 1


def test_each_story_in_a_feed_carries_the_terms(browser_client, published):
    published()
    published("Rate cut")
    root = ElementTree.fromstring(browser_client.get("/feeds/front.rss").content)
    items = root.findall("channel/item")
    assert len(items) == 2
    for item in items:
        content = item.find(f"{RSL}content")
        assert content.attrib == {"url": item.findtext("link")}
        permits = content.find(f"{RSL}license/{RSL}permits")
        assert len(content) == 1
        assert permits.text == "search ai-index ai-input"
