"""Every pattern in a real Chromium, under the policy that readers' pages have."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import RequestFactory
from playwright.sync_api import Page, Route, sync_playwright

import broadsheet.front.theme as theme
from broadsheet.front.theme.patterns import views
from broadsheet.front.theme.patterns.book import PATTERNS
from broadsheet.kit.headers import content_security_policy

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.timeout(300)]

STATIC = Path(theme.__file__).parent / "static"
ORIGIN = "http://127.0.0.1:8169"  # Answered by the test itself; nothing listens.
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
NARROWEST = {"width": 320, "height": 640}  # WCAG 2.2, 1.4.10: no scrolling sideways.
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class Site:
    """The patterns and their static files, answered to the browser from memory."""

    def __init__(self, pages: dict[str, str]) -> None:
        self.pages = pages
        self.posts: list[str] = []

    def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).partition("?")[0]
        if route.request.method == "POST":
            self.posts.append(path)
            return  # Never answered: the page stays, as it does on a slow line.
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            kind = mimetypes.guess_type(file.name)[0] or "font/woff2"
            route.fulfill(body=file.read_bytes(), content_type=kind)
            return
        html = self.pages.get(path.strip("/"))
        if html is None:
            route.fulfill(status=404, body="")
            return
        policy = {"content-security-policy": content_security_policy()}
        route.fulfill(
            body=html, content_type="text/html; charset=utf-8", headers=policy
        )


@pytest.fixture
def site() -> Site:
    # Drawn before the browser starts: Django refuses its database beside a loop.
    request = RequestFactory().get("/")
    return Site({name: views.drawn(request, PATTERNS[name]) for name in PATTERNS})


@pytest.fixture
def chromium(site: Site) -> Iterator[Any]:
    there = CHROMIUM if Path(CHROMIUM).exists() else None  # Else Playwright's own.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=there, args=FLAGS)
        yield browser
        browser.close()


def opened(chromium: Any, site: Site, **how: Any) -> Page:
    page: Page = chromium.new_context(**how).new_page()
    page.route(f"{ORIGIN}/**", site.answer)
    return page


def visit(page: Page, path: str) -> None:
    page.goto(f"{ORIGIN}/{path}", wait_until="load")
    page.evaluate("document.fonts.ready")


@pytest.mark.parametrize(
    "scheme, viewport", [("light", DESK), ("dark", PHONE)], ids=["day", "night"]
)
def test_axe_finds_nothing_on_any_pattern(chromium, site, scheme, viewport):
    page = opened(chromium, site, color_scheme=scheme, viewport=viewport)
    found = {}
    for name in PATTERNS:
        visit(page, name)
        violations = Axe().run(page).response["violations"]
        if violations:
            found[name] = [(v["id"], v["nodes"][0]["html"][:120]) for v in violations]
    assert found == {}


def test_nothing_breaks_the_security_policy_or_scrolls_sideways(chromium, site):
    """JSON-LD is data: the policy that forbids inline scripts lets it stand."""
    page = opened(chromium, site, viewport=NARROWEST)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    wide = []
    for name, pattern in PATTERNS.items():
        if pattern.kind == "letter":
            continue  # It is styled inside its elements, and never served.
        visit(page, name)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(name)
    assert (complaints, wide) == ([], [])
    visit(page, "story-wall")
    machines = page.locator('script[type="application/ld+json"]').text_content()
    assert json.loads(machines or "")["hasPart"]["cssSelector"] == ".wall"


def test_the_meter_line_can_be_put_away_for_the_session(chromium, site):
    page = opened(chromium, site, viewport=PHONE)
    visit(page, "story")
    line = page.get_by_label("Your free stories")
    assert "You’re reading 1 of 3 free stories this month." in line.inner_text()
    page.get_by_role("button", name="Close this line").click()
    assert line.is_hidden()
    visit(page, "story")
    assert line.is_hidden()
    # It has something new to say at the next count, and says so.
    visit(page, "story-last")
    assert "This is your last free story this month." in line.inner_text()


def test_the_meter_line_is_put_away_with_the_keyboard_and_nothing_moves(chromium, site):
    page = opened(chromium, site, viewport=PHONE)
    page.add_init_script(
        "window.moved = 0; new PerformanceObserver(list => { for (const entry of "
        "list.getEntries()) if (!entry.hadRecentInput) moved += entry.value; })"
        ".observe({type: 'layout-shift', buffered: true});"
    )
    visit(page, "story")
    line = page.get_by_label("Your free stories")
    button = page.get_by_role("button", name="Close this line")
    button.focus()
    page.keyboard.press("Escape")
    assert line.is_hidden()
    assert page.evaluate("document.activeElement.id") == "content"
    assert page.evaluate("moved") < 0.001  # A font that came: a thousandth of a page.
    assert page.evaluate("Object.entries(sessionStorage)") == [
        ["dismissed:meter-1", "1"]
    ]
    assert page.evaluate("localStorage.length") == 0


def test_without_scripts_the_meter_line_is_a_plain_line(chromium, site):
    page = opened(chromium, site, java_script_enabled=False, viewport=PHONE)
    page.goto(f"{ORIGIN}/story")
    assert page.get_by_label("Your free stories").is_visible()
    assert page.get_by_role("button", name="Close this line").count() == 0


def test_without_scripts_the_page_is_whole(chromium, site):
    page = opened(chromium, site, java_script_enabled=False)
    page.goto(f"{ORIGIN}/story-wall")
    assert page.get_by_role("link", name="Choose Smart Quarterly").is_visible()
    login = page.locator(".wall-login").get_by_role("link", name="Log in")
    assert login.get_attribute("href") == (
        "/accounts/login/?next=/economy/a-port-that-waited-1000/%23continue"
    )


def test_the_mark_of_a_welcome_leaves_the_address(chromium, site):
    page = opened(chromium, site)
    visit(page, "story?a=1&welcome=s8x#continue")
    page.wait_for_url(f"{ORIGIN}/story?a=1#continue")
    assert page.evaluate("scrollY") > 0


def test_a_double_click_sends_a_form_once(chromium, site):
    page = opened(chromium, site)
    visit(page, "checkout")
    page.get_by_role("button", name="Pay ₹900").dblclick(no_wait_after=True)
    page.wait_for_timeout(300)
    assert site.posts == ["/subscribe/"]


def test_a_password_can_be_looked_at(chromium, site):
    page = opened(chromium, site)
    visit(page, "form")
    password = page.get_by_label("Password", exact=True)
    password.fill("nine herons")
    page.get_by_role("button", name="Show").click()
    assert password.get_attribute("type") == "text"
    page.get_by_role("button", name="Hide").click()
    assert password.get_attribute("type") == "password"
    assert password.input_value() == "nine herons"


def test_the_first_tab_skips_to_the_content(chromium, site):
    page = opened(chromium, site)
    visit(page, "front")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


SHIFT = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 600);
})"""


@pytest.mark.parametrize("name", ["front", "story", "story-wall"])
def test_nothing_moves_when_the_type_arrives(chromium, site, name):
    page = opened(chromium, site, viewport=PHONE)
    visit(page, name)
    assert page.evaluate(SHIFT) < 0.02  # A tenth is what is called good.
