"""What is filed with the gate: two renderings of a story, and the furniture."""

from __future__ import annotations

import re

import pytest

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.front.web import pressing
from broadsheet.gate.core.pages import check_furniture
from broadsheet.gate.house import models as gate
from broadsheet.news.newsroom import actions

from .conftest import CANARY

SLOT = re.compile(r"<!--slot:([a-z:]+)-->")


@pytest.mark.parametrize("access", ["metered", "premium", "vertical:smart"])
def test_a_cut_page_holds_no_withheld_word(published, at, access):
    page = pressing.press(published(access=access).pk, at=at)
    assert page.full.decode().count(CANARY) == 13
    assert CANARY not in page.cut.decode()


def test_a_page_has_the_slots_of_its_rendering(published, at):
    page = pressing.press(published().pk, at=at)
    full = SLOT.findall(page.full.decode())
    assert full == ["account", "trouble", "meter", "ad:top", "gift", "ad:mid"]
    cut = SLOT.findall(page.cut.decode())
    assert cut == ["account", "trouble", "meter", "ad:top", "wall"]


def test_a_page_is_the_same_for_everybody(published, at):
    page = pressing.press(published().pk, at=at)
    for html in (page.full.decode(), page.cut.decode()):
        assert "csrf" not in html
        assert "Log in" not in html


def test_a_reader_comes_back_to_the_paragraph_where_the_lead_ended(published, at):
    page = pressing.press(published().pk, at=at)
    place = re.compile(r'<p id="(p\d+)"><span id="continue"></span>')
    assert place.findall(page.full.decode()) == place.findall(page.cut.decode())
    assert len(place.findall(page.cut.decode())) == 1


def test_a_page_shows_more_from_its_section_by_the_day(published, at):
    published("Another story of the section")
    page = pressing.press(published().pk, at=at)
    for html in (page.full.decode(), page.cut.decode()):
        more = html.partition('<section class="more')[2]
        assert "Another story of the section" in more
        assert ">3 August 2026</time>" in more


def test_what_is_pressed_is_filed(published, at):
    story = published()
    page = pressing.press(story.pk, at=at)
    row = gate.PressedPage.objects.get()
    assert (row.story_id, bytes(row.full_html)) == (story.pk, page.full)
    assert bytes(row.cut_html) == page.cut


def test_a_story_that_is_not_live_is_not_pressed(published, at):
    story = published()
    actions.withdraw(story_id=story.pk, reason="Wrong", at=at)
    assert pressing.press(story.pk, at=at) is None
    assert gate.PressedPage.objects.count() == 0


def test_the_markup_of_a_headline_is_words(published, at):
    page = pressing.press(published("</script><b>Bold</b>").pk, at=at)
    html = page.cut.decode()
    assert "<b>Bold" not in html
    assert html.count("</script>") == 2  # The data for machines, and our module.


@pytest.mark.django_db
def test_the_furniture_leaves_only_what_the_gate_fills(at):
    catalogue.open_shop(at=at)
    pieces = pressing.pieces(at)
    check_furniture(pieces)
    assert sorted(pieces) == [
        "account:anonymous",
        "account:reader",
        "ad:mid",
        "ad:top",
        "gift:give",
        "gift:received",
        "meter",
        "meter:last",
        "meter:spent",
        "trouble",
        "wall:cookies",
        "wall:metered",
        "wall:premium",
        "wall:register",
    ]
    assert (
        "You’re reading {{count}} of {{limit}} free {{pool}} stories" in pieces["meter"]
    )
    assert "next={{path}}%23continue" in pieces["wall:metered"]
    assert "limit of {{limit}} free {{pool}} articles" in pieces["wall:metered"]


@pytest.mark.django_db
def test_the_wall_quotes_each_plan_and_its_total(at):
    catalogue.open_shop(at=at)
    wall = " ".join(
        re.sub(r"<[^>]+>", " ", pressing.pieces(at)["wall:premium"]).split()
    )
    assert "Super Saver is ₹3,900 for 2 years: ₹162 a month." in wall
    for words in (
        "Smart Quarterly ₹300 a month ₹900 for 3 months",
        "Smart Essential ₹225 a month ₹2,700 for 1 year",
        "Super Saver Best value ₹162 a month ₹3,900 for 2 years",
    ):
        assert words in wall


@pytest.mark.django_db
def test_furnishing_files_the_pieces(at):
    pressing.furnish(at=at)
    filed = {row.name: row.html for row in gate.Furniture.objects.all()}
    assert filed == dict(pressing.pieces(at))


@pytest.mark.django_db
def test_a_variant_has_its_own_words_and_the_usual_ones_where_it_has_none(at):
    catalogue.open_shop(at=at)
    usual = pressing.pieces(at)
    gate.WallVariant.objects.create(
        name="search",
        headline="Found us? Read {{section}} for {{price}}",
        first_plan="super-saver",
        button="Start today",
    )
    gate.WallVariant.objects.create(name="plain", first_plan="no-such-plan")

    pieces = pressing.pieces(at)

    check_furniture(pieces)
    assert set(pieces) - set(usual) == {
        f"wall:{kind}@{name}"
        for kind in ("metered", "premium")
        for name in ("search", "plain")
    }
    for kind in ("metered", "premium"):
        searched, plain = (
            pieces[f"wall:{kind}@{name}"] for name in ("search", "plain")
        )
        assert plain == usual[f"wall:{kind}"] == pieces[f"wall:{kind}"]
        assert "Found us? Read {{section}} for ₹3,900" in searched
        plans = re.findall(r"plan=([a-z-]+)&amp;", searched)
        assert plans == ["super-saver", "smart-quarterly", "smart-essential"]
        assert searched.count(">Start today</a>") == 3
        assert 'aria-label="Start today: Super Saver"' in searched
