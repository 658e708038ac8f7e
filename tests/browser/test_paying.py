"""The reader's money, in a real browser: no dead end, nothing twice, nothing unread."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.site import RunningSite

from .steps import (
    ASKS_THE_BANK,
    DECLINED,
    SAVES_THEN_DECLINES,
    STAYS_PENDING,
    log_in,
    new_address,
    order,
    pay,
)

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.timeout(300)]

Stranger = Callable[[], Page]
PHONE = {"width": 390, "height": 844}
RENEW_NOW = """
from broadsheet.main.cli.house import open_house
open_house()
from procrastinate.contrib.django import app
app.configure_task("subscriptions.renew", queue="business").defer(timestamp=0)
"""


@pytest.fixture
def page(stranger: Stranger) -> Page:
    return stranger()


@pytest.fixture
def a_quarter_later(site: RunningSite) -> Iterator[Callable[[], None]]:
    """Let 93 days go by, and the worker renew what is due."""

    def later() -> None:
        site.cli("clock", "move", "93d")
        subprocess.run(
            [sys.executable, "-c", RENEW_NOW],
            env=site.environment,
            check=True,
            timeout=60,
        )

    yield later
    site.cli("clock", "reset")


def found_by_axe(page: Page) -> list[tuple[str, str, str]]:
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [(page.url, v["id"], v["nodes"][0]["html"][:120]) for v in violations]


def heading(page: Page, words: str) -> None:
    expect(page.locator("h1")).to_have_text(words)


def test_a_declined_card_is_followed_by_another_without_starting_over(page, site):
    email = new_address()
    order(page, site, email, back="/search/")
    pay(page, DECLINED)
    heading(page, "The payment was declined")
    expect(page.locator("main")).to_contain_text("Your bank said no to this card.")
    declined_at = page.url.partition("?")[0]

    page.get_by_role("button", name="Pay with another card").click()
    pay(page)
    page.wait_for_url("**/search/")
    page.goto("/account/")
    expect(page.locator(".sheet tbody tr")).to_have_count(1)

    # The page of the purchase, opened again, is no second purchase.
    page.goto(declined_at)
    page.wait_for_url("**/search/")
    assert site.cli("ledger", "check").strip() == "0 findings."


def test_a_forgotten_payment_goes_on_where_it_stopped(page, site):
    order(page, site, new_address())
    at_the_gateway = page.url
    page.get_by_role("link", name="Cancel and return").click()
    heading(page, "You left before paying")
    page.get_by_role("button", name="Go on to payment").click()
    expect(page).to_have_url(at_the_gateway)
    pay(page)
    page.wait_for_url("**/account/")


def test_a_pending_payment_shows_itself_without_a_script(browser, site):
    context = browser.new_context(base_url=site.origin, java_script_enabled=False)
    context.set_default_timeout(15_000)
    page = context.new_page()
    order(page, site, new_address(), back="/search/")
    pay(page, STAYS_PENDING)
    heading(page, "Your payment is on its way")
    page.wait_for_url("**/search/", timeout=40_000)
    context.close()


def test_a_bank_that_asks_and_is_refused_leaves_a_way_on(page, site):
    order(page, site, new_address())
    pay(page, ASKS_THE_BANK)
    page.get_by_role("button", name="Refuse").click()
    heading(page, "The payment was declined")
    expect(page.locator("main")).to_contain_text("not confirmed with your bank")
    page.get_by_role("button", name="Pay with another card").click()
    pay(page, ASKS_THE_BANK)
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url("**/account/")


def test_no_state_no_sale_and_the_state_is_remembered(page, site):
    page.goto("/subscribe/?plan=smart-quarterly&next=/account/")
    log_in(page, site, new_address())
    place = page.get_by_label("State or country")
    expect(place).to_have_value("")
    page.get_by_role("button", name=re.compile("^Pay ₹")).click()
    assert page.url.startswith(f"{site.origin}/subscribe/")  # The browser asks first.

    page.evaluate("document.querySelector('#place').required = false")
    page.get_by_role("button", name=re.compile("^Pay ₹")).click()
    expect(page.get_by_role("alert")).to_contain_text("Choose where you live")

    place.select_option(label="Karnataka")
    page.get_by_role("button", name=re.compile("^Pay ₹")).click()
    page.get_by_role("link", name="Cancel and return").click()
    page.goto("/subscribe/?plan=super-saver&next=/account/")
    expect(place).to_have_value("29")
    page.get_by_role("button", name=re.compile("^Pay ₹")).click()
    pay(page)
    page.wait_for_url("**/account/")
    page.locator(".sheet a:not(.pdf)").click()
    expect(page.locator("main")).to_contain_text("29 Karnataka")
    expect(page.locator("main")).to_contain_text("IGST at 18%")
    expect(page.locator("main")).not_to_contain_text("CGST")


@pytest.mark.parametrize(
    ("place", "named", "taxes"),
    [
        ("Maharashtra", "27 Maharashtra", ["CGST at 9%", "SGST at 9%"]),
        ("United Kingdom", "United Kingdom (export, zero-rated)", []),
    ],
)
def test_an_invoice_says_where_it_was_supplied_and_is_its_owners_alone(
    page, stranger, site, place, named, taxes
):
    order(page, site, new_address(), place=place)
    pay(page)
    page.wait_for_url("**/account/")
    page.locator(".sheet a:not(.pdf)").click()
    expect(page.locator("main")).to_contain_text(named)
    assert page.locator("tfoot th").all_inner_texts() == taxes
    invoice = page.url

    other = stranger()
    other.goto(invoice)
    assert "/accounts/login/" in other.url
    log_in(other, site, new_address())
    assert other.goto(invoice).status == 404
    expect(other.locator("body")).not_to_contain_text("₹900")


def test_a_failing_renewal_is_one_banner_and_one_button(page, site, a_quarter_later):
    email = new_address()
    order(page, site, email)
    pay(page, SAVES_THEN_DECLINES)
    page.wait_for_url("**/account/")
    expect(page.locator(".trouble")).to_have_count(0)

    a_quarter_later()
    trouble = site.newest_mail(email, containing="did not go through")
    assert "Everything stays open until the end of" in trouble
    for path in ("/account/", "/", "/search/"):
        page.goto(path)
        expect(page.locator(".trouble")).to_have_count(1)
        expect(page.locator(".trouble button")).to_have_count(1)
    assert found_by_axe(page) == []

    page.goto("/account/")
    page.get_by_role("button", name="Pay with any card").click()
    pay(page, DECLINED)
    heading(page, "The payment was declined")
    page.get_by_role("button", name="Pay with another card").click()
    pay(page)
    page.wait_for_url("**/account/")
    expect(page.locator(".trouble")).to_have_count(0)
    expect(page.locator(".sheet tbody tr")).to_have_count(2)
    assert site.cli("ledger", "check").strip() == "0 findings."


def test_she_cancels_changes_her_mind_and_cancels_again(page, site):
    order(page, site, new_address())
    pay(page)
    page.wait_for_url("**/account/")
    for _ in range(2):
        page.get_by_role("link", name="Cancel subscription").click()
        reasons = page.locator(".choice").all_inner_texts()
        assert (len(reasons), reasons[-1]) == (5, "Another reason")
        page.get_by_label("It costs too much").check()
        page.get_by_role("button", name="No thanks").click()
        page.get_by_role("link", name="No thanks").click()
        page.get_by_role("button", name="Cancel my subscription").click()
        heading(page, "Your subscription is cancelled")
        page.get_by_role("link", name="Return to your account").click()
        page.get_by_role("button", name="Keep my subscription").click()
        expect(page.get_by_text("₹900 on")).to_be_visible()


def test_two_clicks_and_two_tabs_make_one_payment(page, site):
    email = new_address()
    order(page, site, email)
    first = page.url
    page.go_back()
    page.get_by_label("State or country").select_option(label="Maharashtra")
    page.get_by_role("button", name=re.compile("^Pay ₹")).dblclick(no_wait_after=True)
    page.get_by_label("Card number").wait_for()
    assert page.url == first

    second = page.context.new_page()
    second.goto("/subscribe/?plan=smart-quarterly&next=/account/")
    second.get_by_role("button", name=re.compile("^Pay ₹")).click()
    second.get_by_label("Card number").wait_for()
    assert second.url == first
    pay(second)
    second.wait_for_url("**/account/")
    page.reload()
    expect(page.locator("body")).to_contain_text("This payment went through.")
    second.goto("/account/")
    expect(second.locator(".sheet tbody tr")).to_have_count(1)


def test_an_old_form_is_refused_in_words_and_nothing_is_begun(page, site):
    page.goto("/subscribe/?plan=smart-quarterly&next=/account/")
    log_in(page, site, new_address())
    page.get_by_label("State or country").select_option(label="Goa")
    session = [c for c in page.context.cookies() if "csrf" not in c["name"]]
    page.context.clear_cookies()
    page.context.add_cookies(session)
    page.get_by_role("button", name=re.compile("^Pay ₹")).click()
    expect(page.locator("h1")).to_have_text(re.compile(r"\w"))
    assert page.url.startswith(site.origin)
    page.goto("/account/")
    expect(page.locator("main")).to_contain_text("You have no subscription.")


def test_what_is_only_looked_at_changes_nothing(page, site):
    """A mail program, a prefetch or an impatient thumb may open any of these."""
    order(page, site, new_address())
    pay(page)
    page.wait_for_url("**/account/")
    for path in ("/account/cancel/", "/account/cancel/undo/", "/account/pay/"):
        page.request.get(path)
        page.request.head(path)
    page.reload()
    expect(page.get_by_text("₹900 on")).to_be_visible()
    expect(page.get_by_role("link", name="Cancel subscription")).to_have_count(1)


def test_axe_finds_nothing_from_the_plans_to_the_invoice(page, site):
    email = new_address()
    found = []

    def look() -> None:
        for size in (PHONE, {"width": 1280, "height": 900}):
            page.set_viewport_size(size)
            found.extend(found_by_axe(page))
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            found.extend([(page.url, "scrolls sideways", "")] if wide else [])

    page.goto("/subscribe/")
    look()
    page.goto("/subscribe/?plan=smart-essential&next=/account/")
    look()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Continue with your e-mail").click()
    page.get_by_label("Code").wait_for()
    look()
    page.get_by_label("Code").fill(site.code(email, after=0))
    page.get_by_role("button", name="Continue", exact=True).click()
    page.get_by_label("State or country").wait_for()
    look()
    page.get_by_label("State or country").select_option(label="Kerala")
    page.get_by_role("button", name=re.compile("^Pay ₹")).click()
    page.get_by_label("Card number").wait_for()
    look()
    page.get_by_role("link", name="Cancel and return").click()
    look()
    page.get_by_role("button", name="Go on to payment").click()
    pay(page, DECLINED)
    heading(page, "The payment was declined")
    look()
    page.get_by_role("button", name="Pay with another card").click()
    pay(page)
    page.wait_for_url("**/account/")
    look()
    page.locator(".sheet a:not(.pdf)").click()
    page.locator(".invoice").wait_for()
    look()
    page.goto("/account/cancel/")
    look()
    page.get_by_role("button", name="No thanks").click()
    look()
    page.get_by_role("button", name="Cancel my subscription").click()
    heading(page, "Your subscription is cancelled")
    look()
    page.goto("/account/")
    look()
    assert found == []


def test_the_documents_of_the_api_work_under_the_security_policy(page):
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/api/v1/docs")
    expect(page.locator(".opblock")).to_have_count(5)
    page.locator("#operations-default-plans button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text("smart-quarterly")
    assert complaints == []
