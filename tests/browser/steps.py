"""What a reader does at the till, step by step, in a real browser."""

from __future__ import annotations

import re
from uuid import uuid4

from playwright.sync_api import Page

from tests.site import RunningSite

SUCCEEDS = "4242 4242 4242 4242"
DECLINED = "4000 0000 0000 0002"
STAYS_PENDING = "4000 0000 0000 0259"
SAVES_THEN_DECLINES = "4000 0000 0000 0341"
ASKS_THE_BANK = "4000 0027 6000 3184"


def new_address() -> str:
    return f"payer-{uuid4().hex[:10]}@example.com"


def log_in(page: Page, site: RunningSite, email: str) -> None:
    """From the login page, by the code in the mail."""
    earlier = len(site.mails(email))
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Continue with your e-mail").click()
    page.get_by_label("Code").fill(site.code(email, after=earlier))
    page.get_by_role("button", name="Continue", exact=True).click()


def order(
    page: Page,
    site: RunningSite,
    email: str,
    *,
    plan: str = "smart-quarterly",
    back: str = "/account/",
    place: str = "Maharashtra",
) -> None:
    """From nowhere to the gateway's page, as somebody who is new here."""
    page.goto(f"/subscribe/?plan={plan}&next={back}")
    log_in(page, site, email)
    page.get_by_label("State or country").select_option(label=place)
    page.get_by_role("button", name=re.compile("^Pay ₹")).click()
    page.get_by_label("Card number").wait_for()


def pay(page: Page, number: str = SUCCEEDS) -> None:
    """On the gateway's own page."""
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Name on card").fill("A Reader")
    page.get_by_role("button", name=re.compile("^Pay")).click()
