"""The front, the rivers, the feeds, and the pages that say why there is none."""

from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from broadsheet.front.web import errors
from broadsheet.gate.house import actions as gate
from broadsheet.news.newsroom import actions
from broadsheet.plumbing import publication
from broadsheet.plumbing.models import Publication
from broadsheet.readers.models import Reader

from .conftest import CANARY

pytestmark = pytest.mark.django_db


def headlines(html: str) -> list[str]:
    return re.findall(r"<h[23]><a href=\"[^\"]+\">([^<]+)</a></h[23]>", html)


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


@pytest.mark.parametrize(
    "path", ["/", "/markets/", "/authors/asha-rao/", "/topics/rates/"]
)
def test_a_listing_costs_the_same_for_one_story_and_for_three(
    browser_client, published, path
):
    published("One")
    browser_client.get(path)  # The publication's row is kept for a second.
    first = queries(browser_client, path)
    published("Two")
    published("Three")
    assert queries(browser_client, path) == first
    html = browser_client.get(path).content.decode()
    assert {"One", "Two", "Three"} <= set(headlines(html))
    assert CANARY not in html


def test_older_stories_go_on_where_the_page_ended(browser_client, published, at):
    for number in range(23):
        when = at - timedelta(hours=number)
        published(f"Story {number}", first_published_at=when)
    first = browser_client.get("/markets/").content.decode()
    older = re.search(r'rel="next" href="(\?before=[^"]+)"', first)[1]
    second = browser_client.get(f"/markets/{older}").content.decode()
    assert headlines(first) == [f"Story {n}" for n in range(20)]
    assert headlines(second) == ["Story 20", "Story 21", "Story 22"]
    assert 'rel="prev" href="/markets/"' in second
    assert 'rel="next"' not in second


def test_an_empty_paper_says_so(browser_client, db):
    html = browser_client.get("/").content.decode()
    assert "The first edition is being written." in html


@pytest.mark.parametrize("path", ["/nosuch/", "/authors/nobody/", "/topics/nothing/"])
def test_what_is_not_in_the_paper_is_not_found(browser_client, paper, path):
    answer = browser_client.get(path)
    assert answer.status_code == 404
    assert "This page is not in the paper" in answer.content.decode()


def test_django_shows_no_story_that_slips_past_the_gate(browser_client, published, at):
    story = published()
    path = f"/markets/rate-held-{story.pk}/"
    assert browser_client.get(path).status_code == 404
    actions.withdraw(story_id=story.pk, reason="Wrong", at=at)
    gate.withdraw_story(story.pk, at=at)
    gone = browser_client.get(path)
    assert gone.status_code == 410
    assert "This story has been withdrawn" in gone.content.decode()
    assert CANARY not in gone.content.decode()


def test_a_number_too_long_for_a_story_is_not_found(browser_client, paper):
    assert browser_client.get(f"/markets/x-{'9' * 30}/").status_code == 404


def test_only_who_bought_freedom_from_them_sees_no_advertisement(
    browser_client, published, at
):
    published()
    reader = Reader.objects.create_user("asha@reader.example")
    assert "ad-top" in browser_client.get("/").content.decode()
    browser_client.force_login(
        reader, backend="django.contrib.auth.backends.ModelBackend"
    )
    html = browser_client.get("/").content.decode()
    assert "ad-top" in html
    assert "Your account" in html
    gate.admit(
        reader.public_id,
        feature="news",
        starts=at - timedelta(days=1),
        ends=at + timedelta(days=3650),
        source="test",
        reference="1",
        at=at,
    )
    assert "ad-top" not in browser_client.get("/").content.decode()


# --- Feeds --------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/feeds/front.rss", "/feeds/markets.rss"])
@pytest.mark.parametrize("access", ["metered", "premium"])
def test_a_feed_carries_the_lead_in_and_no_withheld_word(
    browser_client, published, path, access
):
    story = published("Rate & <held>", access=access)
    answer = browser_client.get(path)
    text = answer.content.decode()
    assert answer["Content-Type"] == "application/rss+xml; charset=utf-8"
    item = ElementTree.fromstring(text).find("channel/item")
    assert item.findtext("title") == "Rate & <held>"
    assert item.findtext("link").endswith(f"-{story.pk}/")
    assert "Sentence 0 of the lead" in item.findtext("description")
    assert CANARY not in text


def test_a_free_story_gives_a_feed_its_opening(browser_client, published):
    published(access="free")
    text = browser_client.get("/feeds/front.rss").content.decode()
    assert f"{CANARY}0" in text
    assert f"{CANARY}1" not in text


def test_the_feeds_are_listed(browser_client, paper):
    html = browser_client.get("/feeds/").content.decode()
    listed = re.findall(r'<li><a href="(/feeds/[^"]+)"', html)
    assert listed == [
        "/feeds/front.rss",
        "/feeds/markets.rss",
        "/feeds/opinion.rss",
    ]


# --- Errors -------------------------------------------------------------------------


def test_a_form_without_its_token_is_told_what_to_do(paper):
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"email": "x"})
    assert answer.status_code == 403
    assert "This form was open for too long" in answer.content.decode()


@pytest.mark.parametrize(
    "view, status",
    [(errors.server_error, 500), (lambda r: errors.bad_request(r, ValueError()), 400)],
)
def test_a_fault_is_told_without_the_database(
    view, status, rf, django_assert_num_queries
):
    with django_assert_num_queries(0):
        answer = view(rf.get("/"))
    assert answer.status_code == status
    assert f"<h1>{errors.EXCUSES[status].headline}</h1>" in answer.content.decode()


def test_who_comes_too_often_is_told_how_long_to_wait(rf, paper):
    answer = errors.page(rf.get("/"), 429, sentence="Wait a minute.", retry_after=60)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert "Wait a minute." in answer.content.decode()


@pytest.mark.parametrize("asked", ["hi", "ta,en;q=0.5", "fr-FR"])
def test_a_page_is_in_the_papers_language_whatever_the_browser_prefers(
    browser_client, published, asked
):
    published("One")
    response = browser_client.get("/", headers={"accept-language": asked})
    html = response.content.decode()
    assert '<html lang="en-in">' in html
    assert re.search(r'<p class="masthead-date"><time [^>]+>[A-Za-z0-9 ]+</time>', html)
    assert "Accept-Language" not in response.headers.get("Vary", "")


def test_a_paper_in_hindi_dates_its_pages_in_hindi(browser_client, published):
    published("One")
    Publication.objects.update_or_create(pk=1, defaults={"locale": "hi-IN"})
    publication.forget()
    html = browser_client.get("/").content.decode()
    assert '<html lang="hi">' in html
    assert re.search(
        r'<p class="masthead-date"><time [^>]+>[\u0900-\u097f0-9 ]+<', html
    )
