"""The account in a real browser: how many steps in and out, and money as it was quoted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.site import RunningSite

from .steps import SUCCEEDS, log_in, new_address, order, pay

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.timeout(300)]

Stranger = Callable[[], Page]
SIZES = ({"width": 390, "height": 844}, {"width": 1280, "height": 900})
CANCELLED = "Your subscription is cancelled"


@pytest.fixture
def page(stranger: Stranger) -> Page:
    return stranger()


def subscribed(page: Page, site: RunningSite, **said: str) -> str:
    """Let somebody new buy a plan, and end up in her account."""
    email = new_address()
    order(page, site, email, **said)
    pay(page)
    page.wait_for_url("**/account/")
    return email


def heading(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.locator("h1")).to_have_text(words)


@dataclass
class Counted:
    """A way through pages, with every screen, press and field of it counted."""

    page: Page
    screens: list[str] = field(default_factory=list)
    presses: int = 0
    fields: int = 0

    def press(self, role: Any, name: str | re.Pattern[str]) -> None:
        target = self.page.get_by_role(role, name=name).first
        self._see(target)
        target.click()
        self.presses += 1

    def fill(self, label: str, text: str) -> None:
        target = self.page.get_by_label(label)
        self._see(target)
        target.fill(text)
        self.fields += 1

    def choose(self, label: str, option: str | None = None) -> None:
        target = self.page.get_by_label(label)
        self._see(target)
        if option:
            target.select_option(label=option)
        else:
            target.check()
        self.fields += 1

    def arrive(self, words: str) -> None:
        heading(self.page, words)
        self._see(self.page.locator("h1"))

    def _see(self, target: Locator) -> None:
        target.wait_for()
        here = self.page.locator("h1").first.inner_text()
        if not self.screens or self.screens[-1] != here:
            self.screens.append(here)

    @property
    def steps(self) -> int:
        return self.presses + self.fields


def buy(way: Counted, site: RunningSite, plan: str, *, newcomer: str = "") -> None:
    """From the plans to the account, by the shortest way that there is."""
    way.page.goto("/subscribe/?next=/account/")
    way.press("button", f"Choose {plan}")
    if newcomer:
        way.fill("E-mail", newcomer)
        way.press("button", "Continue with your e-mail")
        way.page.get_by_label("Code").wait_for()
        way.fill("Code", site.code(newcomer, after=0))
        way.press("button", re.compile("^Continue$"))
        way.choose("State or country", "Maharashtra")
        way.press("button", re.compile("^Pay ₹"))
    way.fill("Card number", SUCCEEDS)
    way.fill("Expiry", "12 / 34")
    way.fill("Security code", "123")
    way.fill("Name on card", "A Reader")
    way.press("button", re.compile("^Pay"))
    way.page.wait_for_url("**/account/")


def leave(way: Counted, reason: str = "") -> None:
    """From the account to the end page, saying the reason or not."""
    way.page.goto("/account/")
    way.press("link", "Cancel subscription")
    if reason:
        way.choose(reason)
    way.press("button", "No thanks, continue to cancel")
    if reason:
        way.press("link", "No thanks, continue to cancel")
    way.press("button", "Cancel my subscription")
    way.arrive(CANCELLED)


def test_i38_leaving_takes_no_more_than_joining(page, site):
    """Screens, presses and fields: of a newcomer, and of who is known and logged in."""
    joins = Counted(page)
    buy(joins, site, "Smart Quarterly", newcomer=new_address())
    leaves = Counted(page)
    leave(leaves, "It costs too much")
    assert leaves.screens[1:] == [  # The account is where both begin and end.
        "Before you go, what is the reason?",
        "Would another plan suit you better?",
        "Cancel at the end of the paid time?",
        CANCELLED,
    ]
    assert len(leaves.screens) - 1 <= 4
    assert leaves.presses <= joins.presses
    assert leaves.steps <= joins.steps
    assert (joins.presses, joins.fields) == (5, 7)

    # Back at once: she is known here, and her State too. It cannot be shorter.
    page.goto("/account/cancel/?sure=1")
    page.goto("/account/")
    page.get_by_role("button", name="Keep my subscription").click()
    page.goto("/account/cancel/?sure=1")
    page.get_by_role("button", name=re.compile("^Cancel now")).click()
    heading(page, CANCELLED)
    again = Counted(page)
    buy(again, site, "Smart Quarterly")
    shortest = Counted(page)
    leave(shortest)
    assert shortest.steps <= again.steps
    assert len(shortest.screens) - 1 <= 3
    assert (again.presses, shortest.presses) == (2, 3)
    assert shortest.fields == 0


def test_a_change_costs_what_the_page_said_to_the_paisa(page, site):
    subscribed(page, site)
    page.get_by_role("link", name="Change plan").click()
    page.get_by_role("link", name="What changes with Smart Essential").click()
    total = page.locator(".total .amount").inner_text()
    assert total == "₹1,800"
    lines = page.locator(".quote .amount").all_inner_texts()
    assert lines == ["₹2,700", "-₹900"]
    page.get_by_role("button", name="Pay ₹1,800 and change").dblclick()
    page.wait_for_url("**/account/")
    expect(page.locator(".facts").first).to_contain_text("Smart Essential")
    expect(page.locator(".sheet tbody tr")).to_have_count(2)
    expect(page.locator(".sheet tbody tr").first).to_contain_text("₹1,800")

    # The same day it can be taken back, and the money with it.
    page.goto("/account/plan/?to=smart-quarterly")
    page.get_by_role("button", name="Go back to Smart Quarterly").click()
    page.wait_for_url("**/account/")
    expect(page.locator(".facts").first).to_contain_text("Smart Quarterly")
    assert site.cli("ledger", "check").strip() == "0 findings."


def test_a_pause_and_its_early_end(page, site):
    email = subscribed(page, site)
    page.get_by_role("link", name="Pause").click()
    page.get_by_role("button", name="See what that means").click()
    said = page.locator(".lede").inner_text()
    assert said.startswith("Billing resumes on ")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator(".statement")).to_contain_text(said)
    assert "is paused until" in site.newest_mail(email, containing="pause")
    page.get_by_role("button", name="Do not pause").click()
    expect(page.locator(".statement")).to_contain_text("Your next charge is ₹900")


def test_leaving_at_once_gives_back_what_it_said(page, site):
    email = subscribed(page, site)
    page.goto("/account/cancel/?sure=1")
    page.get_by_role("button", name="Cancel now, and get ₹900 back").click()
    heading(page, CANCELLED)
    expect(page.locator("main")).to_contain_text("You will not be charged again.")
    assert "₹900" in site.newest_mail(email, containing="cancel")
    page.get_by_role("link", name="Return to your account").click()
    page.get_by_role("link", name="Subscribe again").click()
    heading(page, "Your order")
    expect(page.locator("main")).to_contain_text("Smart Quarterly")


def test_the_way_out_needs_no_script(browser, stranger, site):
    bought = stranger()
    email = subscribed(bought, site)
    context = browser.new_context(base_url=site.origin, java_script_enabled=False)
    page = context.new_page()
    page.goto("/accounts/login/?next=/account/")
    log_in(page, site, email)
    page.wait_for_url("**/account/")
    leave(Counted(page), "I do not have the time to read it")
    page.get_by_role("button", name="Keep my subscription").click()
    expect(page.locator(".statement")).to_contain_text("Your next charge is ₹900")
    context.close()


def test_an_invoice_is_kept_as_a_page_and_as_a_file(page, site):
    subscribed(page, site)
    found = page.request.get(page.locator(".pdf").get_attribute("href"))
    assert found.headers["content-type"] == "application/pdf"
    assert found.body().startswith(b"%PDF-")


def test_axe_finds_nothing_in_the_account(page, site):
    found: list[tuple[str, str, str]] = []

    def look(path: str = "") -> None:
        if path:
            page.goto(path)
        for size in SIZES:
            page.set_viewport_size(size)
            for v in Axe().run(page).response["violations"]:
                found.append((page.url, v["id"], v["nodes"][0]["html"][:120]))
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append((page.url, "scrolls sideways", ""))

    page.goto("/subscribe/?plan=smart-quarterly&next=/account/")
    look()
    log_in(page, site, new_address())
    page.get_by_label("Offer code").fill("NOTHING")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#code-error")).to_be_visible()
    look()
    page.get_by_label("State or country").select_option(label="Goa")
    page.get_by_role("button", name=re.compile("^Pay ₹")).click()
    pay(page)
    page.wait_for_url("**/account/")
    look("/account/plan/")
    look("/account/plan/?to=super-saver")
    look("/account/plan/?to=nothing")
    look("/account/pause/")
    page.get_by_role("button", name="See what that means").click()
    look()
    for reason in ("price", "time", "content", "trouble"):
        look(f"/account/cancel/?reason={reason}")
    look("/account/cancel/?sure=1")
    assert found == []
