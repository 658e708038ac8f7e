"""A gift's life: given, opened by as many devices as it may, and taken back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.client import Client, in_the_house
from tests.browser.steps import log_in, new_address
from tests.site import RunningSite

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.timeout(240)]

Stranger = Callable[[], Page]
OPENERS = 24
ADMIT = """
from datetime import timedelta
from broadsheet.gate.house import actions, models
from broadsheet.plumbing import publication
from broadsheet.readers.models import Reader
at = publication.now()
reader = Reader.objects.get(email={email!r})
actions.admit(reader.public_id, feature="news", starts=at - timedelta(days=1),
    ends=at + timedelta(days=30), source="test", reference={email!r}, at=at)
"""


@pytest.fixture
def giver(stranger: Stranger, site: RunningSite) -> Iterator[Page]:
    """A subscriber, logged in."""
    page, email = stranger(), new_address()
    page.goto("/accounts/login/?next=/account/")
    log_in(page, site, email)
    page.get_by_role("heading", name="Your account").wait_for()
    in_the_house(site, ADMIT.format(email=email))
    yield page


def premium(page: Page) -> dict:
    listed = page.request.get("/api/v1/stories?limit=50").json()["stories"]
    return next(story for story in listed if story["access"] == "premium")


def violations(page: Page) -> list[str]:
    return [each["id"] for each in Axe().run(page).response["violations"]]


def test_a_subscriber_gives_a_story_five_open_it_and_the_sixth_meets_the_wall(
    giver: Page, stranger: Stranger, site: RunningSite
):
    story = premium(giver)
    giver.goto(story["path"])
    giver.get_by_role("link", name="Give this story").click()
    expect(giver.locator("main")).to_contain_text("10 of 10 left this month")
    assert violations(giver) == []
    giver.get_by_role("button", name="Make the link").click()
    expect(giver.locator("main")).to_contain_text(
        "It can be opened 5 times and is valid for 14 days."
    )
    assert violations(giver) == []
    link = giver.get_by_label("Your link").input_value()
    assert link.startswith(f"{site.origin}/gift/")

    # The giver herself needs no gift, and uses none up.
    giver.goto(link)
    assert giver.url == site.origin + story["path"]

    recipient = stranger()
    reply = recipient.goto(link)
    assert reply is not None
    headers = reply.headers
    assert headers["referrer-policy"] == "no-referrer"
    assert "noindex" in headers["x-robots-tag"]
    assert "no-store" in headers["cache-control"]
    expect(recipient.locator(".gift")).to_contain_text("A gift from a subscriber")
    expect(recipient.locator(".wall")).to_have_count(0)
    expect(recipient.locator(".meter")).to_have_count(0)
    assert violations(recipient) == []
    recipient.reload()
    expect(recipient.locator(".gift")).to_be_visible()

    # Everybody else at once: four are let in, and none of the rest sees an error.
    path = link.removeprefix(site.origin)

    def opens(_: int) -> tuple[int, bool]:
        client = Client(site.origin)
        client.get("/")
        reply = client.get(path)
        return reply.status_code, "A gift from a subscriber" in reply.text

    with ThreadPoolExecutor(12) as hands:
        seen = list(hands.map(opens, range(OPENERS)))
    assert sorted(seen) == [(200, True)] * 4 + [(301, False)] * (OPENERS - 4)

    late = stranger()
    late.goto(link)
    assert late.url == site.origin + story["path"]
    expect(late.locator(".wall")).to_be_visible()
    expect(recipient.locator(".gift")).to_be_visible()

    giver.goto("/account/")
    gifts = giver.locator("section", has=giver.locator("#gifts"))
    expect(gifts).to_contain_text(re.compile("Opened 5 of 5 times"))
    gifts.get_by_role("button", name="Take back").click()
    expect(giver.locator("main")).to_contain_text("Your gift is taken back.")
    assert violations(giver) == []
    recipient.goto(link)
    assert recipient.url == site.origin + story["path"]
    expect(recipient.locator(".wall")).to_be_visible()
