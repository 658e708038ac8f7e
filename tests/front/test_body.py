"""Numbered paragraphs, and JSON that stays inside its script."""

from __future__ import annotations

import json
from datetime import datetime
from types import SimpleNamespace

import pytest
from django.template import Context, Template

from broadsheet.front.theme.patterns import sample, story
from broadsheet.front.theme.structured import news_article
from broadsheet.front.theme.templatetags import body, paper
from broadsheet.plumbing import publication


def paragraphs(*markup: str) -> list[object]:
    return [story.block("paragraph", html=html) for html in markup]


def seen(blocks, lead=0):
    pieces = body.pieces(Context({"lead_paragraphs": lead}), blocks)
    return [(p.template, p.number, p.ad_after, p.goes_on) for p in pieces]


def test_only_paragraphs_are_numbered_and_the_last_of_the_lead_goes_on():
    blocks = [*paragraphs("a"), story.block("heading", text="b"), *paragraphs("c")]
    assert seen(blocks, lead=2) == [
        ("blocks/paragraph.html", 1, False, False),
        ("blocks/heading.html", 0, False, False),
        ("blocks/paragraph.html", 2, False, True),
    ]


def test_several_paragraphs_in_one_block_are_numbered_each():
    blocks = paragraphs("<p>a</p><p>b</p>\n<p>c</p>")
    assert [number for _, number, _, _ in seen(blocks)] == [1, 2, 3]
    assert body.paragraph_count(blocks) == 3


def test_a_kind_that_the_theme_does_not_know_is_left_out():
    assert seen([story.block("../../secret", html="x")]) == []


@pytest.mark.parametrize("count, after", [(6, []), (7, [4]), (30, [4])])
def test_a_long_story_has_room_for_one_advertisement(count, after):
    found = seen(paragraphs(*["a"] * count))
    assert [number for _, number, ad, _ in found if ad] == after


def test_json_cannot_end_its_script():
    hostile = {"headline": "</script><script>alert(1)</script><!-- & \u2028"}
    text = body.as_json(hostile)
    assert json.loads(text) == hostile
    assert not set("<>&") & set(text)


@pytest.mark.django_db
def test_a_cut_story_says_so_to_machines_and_a_free_one_does_not():
    facts = publication.current()
    cut = news_article(
        story.page("premium"), paper=facts, origin="https://p.example", cut=True
    )
    free = news_article(
        story.page("free"), paper=facts, origin="https://p.example", cut=False
    )
    assert cut["isAccessibleForFree"] is False
    assert cut["hasPart"] == {
        "@type": "WebPageElement",
        "isAccessibleForFree": False,
        "cssSelector": ".wall",
    }
    assert cut["datePublished"] == "2026-08-03T05:00:00+05:30"
    assert free["isAccessibleForFree"] is True
    assert "hasPart" not in free
    assert "articleBody" not in cut | free


@pytest.mark.django_db
@pytest.mark.parametrize(
    "source, shown",
    [
        ("{{ at|day }}", "3 August 2026"),
        ("{{ at|weekday }}", "Monday 3 August 2026"),
        ("{{ at|clock_time }}", "10:00 am"),
        ("{{ at|iso }}", "2026-08-03T10:00:00+05:30"),
        (
            "{% when at at %}",
            '<time datetime="2026-08-03T10:00:00+05:30">10:00 am</time>',
        ),
        (
            "{% when at no_such_variable %}",
            '<time datetime="2026-08-03T10:00:00+05:30">3 August 2026</time>',
        ),
        (
            "{% when at later %}",
            '<time datetime="2026-08-03T10:00:00+05:30">3 August 2026</time>',
        ),
    ],
)
def test_times_are_the_publications(source, shown, at):
    later = datetime.fromisoformat("2026-08-03T18:30:00+00:00")  # The 4th in Mumbai.
    context = Context({"at": at, "later": later})
    assert Template("{% load paper %}" + source).render(context) == shown


def test_the_best_value_is_the_lowest_price_a_month():
    assert paper.best_value(sample.offers()) == "saver"
    assert paper.best_value(sample.offers()[:1]) == ""
    assert paper.best_value([SimpleNamespace(code="week", per_month=None)]) == ""
