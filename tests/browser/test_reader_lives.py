"""What readers do, from the first free story to the last paid day, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.site import RunningSite

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.timeout(420)]

Stranger = Callable[[], Page]
LIMIT = 3
REGISTERED_LIMIT = 5


def stories(page: Page, access: str) -> list[dict]:
    """Return the newest stories of a class, as the API lists them."""
    listed = page.request.get("/api/v1/stories?limit=50").json()["stories"]
    return [story for story in listed if story["access"] == access]


def read(page: Page, story: dict) -> None:
    page.goto(story["path"])
    expect(page.locator("h1")).to_have_text(re.compile(r"\w"))


def meter_of(page: Page) -> str:
    return page.locator(".meter").inner_text()


def log_in(page: Page, site: RunningSite, email: str) -> None:
    """From the login page, by the code in the mail."""
    earlier = len(site.mails(email))
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Continue with your e-mail").click()
    page.get_by_label("Code").fill(site.code(email, after=earlier))
    page.get_by_role("button", name="Continue", exact=True).click()


def pay(page: Page, number: str = "4242 4242 4242 4242") -> None:
    """On the gateway's own page."""
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Name on card").fill("A Reader")
    page.get_by_role("button", name=re.compile("^Pay")).click()


def new_address() -> str:
    return f"reader-{uuid4().hex[:10]}@example.com"


def test_she_reads_three_meets_the_wall_buys_and_goes_on_at_the_same_paragraph(
    stranger: Stranger, site: RunningSite
):
    page = stranger()
    metered = stories(page, "metered")
    for count, story in enumerate(metered[:LIMIT], start=1):
        read(page, story)
        last = "This is your last free story this month."
        line = f"{count} of {LIMIT} free stories this month"
        assert (last if count == LIMIT else line) in meter_of(page)

    read(page, metered[0])  # Re-reading costs nothing.
    expect(page.locator(".wall")).to_have_count(0)

    fourth = metered[LIMIT]
    whole = text_for_a_stranger(stranger(), fourth)
    read(page, fourth)
    wall = page.locator(".wall")
    expect(wall).to_contain_text(f"your limit of {LIMIT} free")
    shown = text_of(page)
    assert 50 <= len(shown.split()) <= 100
    assert whole.startswith(shown)
    assert whole.split()[-5:] != shown.split()[-5:]

    wall.get_by_role("link", name="Choose Smart Quarterly").click()
    email = new_address()
    log_in(page, site, email)
    expect(page.locator("main")).to_contain_text("₹900")
    page.get_by_label("State or country").select_option(label="Maharashtra")
    page.get_by_role("button", name=re.compile("^Pay ₹900")).click()
    pay(page)

    page.wait_for_url(re.compile(re.escape(fourth["path"])))
    assert page.url.endswith("#continue")
    expect(page.locator(".wall")).to_have_count(0)
    expect(page.locator(".meter")).to_have_count(0)
    expect(page.locator(".ad")).to_have_count(0)
    assert text_of(page) == whole
    welcome = site.newest_mail(email, containing="Smart Quarterly")
    assert "₹900" in welcome

    premium = stories(page, "premium")[0]
    read(page, premium)
    expect(page.locator(".wall")).to_have_count(0)


def text_of(page: Page) -> str:
    """Return the paragraphs of the story's body that are on the page."""
    return " ".join(page.locator(".body > p").all_inner_texts())


def text_for_a_stranger(page: Page, story: dict) -> str:
    """Return the whole text of a story that this stranger may read for free."""
    read(page, story)
    return text_of(page)


def test_what_she_read_on_two_devices_is_united_when_she_logs_in(
    stranger: Stranger, site: RunningSite
):
    email = new_address()
    phone, desk = stranger(), stranger()
    one, two, three, four, five, six = stories(phone, "metered")[:6]
    read(phone, one)
    read(phone, two)
    phone.goto("/accounts/login/")
    log_in(phone, site, email)
    phone.wait_for_url(re.compile("/account"))

    read(desk, two)
    read(desk, three)
    desk.goto("/accounts/login/?next=" + four["path"])
    log_in(desk, site, email)
    desk.wait_for_url(re.compile(re.escape(four["path"])))

    # One, two, three and now four: united, not summed.
    assert f"4 of {REGISTERED_LIMIT} free stories this month" in meter_of(desk)
    read(phone, five)
    assert "This is your last free story this month." in meter_of(phone)
    read(desk, six)
    expect(desk.locator(".wall")).to_contain_text(f"limit of {REGISTERED_LIMIT} free")

    # Logging out sheds nothing: the device keeps the union.
    desk.goto("/account/")
    desk.get_by_role("link", name="Log out").click()
    desk.get_by_role("button", name="Log out", exact=True).click()
    read(desk, six)
    expect(desk.locator(".wall")).to_contain_text("free")


def test_leaving_takes_no_more_clicks_than_joining_and_access_ends_on_the_day(
    stranger: Stranger, site: RunningSite
):
    page = stranger()
    email = new_address()
    page.goto("/accounts/login/?next=/account/")
    log_in(page, site, email)

    joining = 0
    page.get_by_role("link", name="See the plans").click()
    joining += 1
    page.get_by_role("button", name="Choose Smart Quarterly").click()
    joining += 1
    page.get_by_label("State or country").select_option(label="Maharashtra")
    page.get_by_role("button", name=re.compile("^Pay ₹900")).click()
    joining += 1
    pay(page)
    joining += 1

    page.goto("/account/")
    expect(page.locator("main")).to_contain_text("₹900 on")
    leaving = 0
    page.get_by_role("link", name="Cancel subscription").click()
    leaving += 1
    page.get_by_role("button", name="No thanks, continue to cancel").click()
    leaving += 1
    page.get_by_role("button", name="Cancel my subscription").click()
    leaving += 1
    assert leaving <= joining
    expect(page.locator("main")).to_contain_text("You will not be charged again.")
    site.newest_mail(email, containing="not be charged again")

    premium = stories(page, "premium")[0]
    read(page, premium)
    expect(page.locator(".wall")).to_have_count(0)
    site.cli("clock", "move", "93d")
    try:
        page.wait_for_timeout(2500)  # Every process looks at the clock each second.
        read(page, premium)
        expect(page.locator(".wall")).to_have_count(1)
        page.goto("/account/")
        expect(page.locator("main")).to_contain_text("Your Smart Quarterly ended on")
    finally:
        site.cli("clock", "reset")


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("4000 0000 0000 0002", "declined"),
        ("4000 0000 0000 9995", "declined"),
    ],
)
def test_a_declined_card_leaves_no_right_and_balanced_books(
    stranger: Stranger, site: RunningSite, number: str, says: str
):
    page = stranger()
    premium = stories(page, "premium")[0]
    page.goto("/subscribe/?plan=smart-quarterly&next=" + premium["path"])
    log_in(page, site, new_address())
    page.get_by_label("State or country").select_option(label="Maharashtra")
    page.get_by_role("button", name=re.compile("^Pay ₹900")).click()
    pay(page, number)
    expect(page.locator("body")).to_contain_text(re.compile(says))

    page.goto(premium["path"])
    expect(page.locator(".wall")).to_have_count(1)
    assert site.cli("ledger", "check").strip() == "0 findings."


def test_a_card_that_asks_for_authentication_is_asked_and_then_pays(
    stranger: Stranger, site: RunningSite
):
    page = stranger()
    page.goto("/subscribe/?plan=super-saver&next=/")
    log_in(page, site, new_address())
    page.get_by_label("State or country").select_option(label="Maharashtra")
    page.get_by_role("button", name=re.compile("^Pay ₹3,900")).click()
    pay(page, "4000 0027 6000 3184")
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url(site.origin + "/")
    page.goto("/account/")
    expect(page.locator("main")).to_contain_text("Super Saver")
