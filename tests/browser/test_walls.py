"""A wall's variant: written at the desk, tried out, seen, and met by whom it is for."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.site import RunningSite

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.timeout(240)]

Stranger = Callable[[], Page]
SEARCH = "https://www.google.com/"
HEADLINE = "You found us. Stay for the whole story"


def log_in(page: Page) -> None:
    page.goto("/accounts/password/?next=/desk/walls/")
    page.get_by_label("E-mail").fill("editor@demo.example")
    page.locator("[name=password]").fill("desk")
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/desk/walls/")


def save(page: Page) -> None:
    page.locator("button.action-save").first.click()
    page.wait_for_url(re.compile(r"/desk/wall-(rules|variants)/$"))


def premium(page: Page) -> str:
    listed = page.request.get("/api/v1/stories?limit=50").json()["stories"]
    return next(story["path"] for story in listed if story["access"] == "premium")


def test_an_editor_gives_readers_from_a_search_other_words(
    stranger: Stranger, site: RunningSite
):
    desk = stranger()
    log_in(desk)
    desk.get_by_role("link", name="Add a variant").click()
    desk.locator("[name=name]").fill("search")
    desk.locator("[name=headline]").fill(HEADLINE)
    desk.locator("[name=button]").fill("Start today")
    save(desk)
    desk.goto("/desk/walls/")
    desk.get_by_role("link", name="Add a rule").click()
    desk.get_by_role("button", name=re.compile("^Choose")).first.click()
    desk.locator(".modal-body").get_by_role("link", name="search").click()
    desk.locator("[name=state]").select_option("live")
    desk.locator("[name=source]").select_option("search")
    save(desk)

    desk.goto("/desk/walls/")
    desk.locator("#try-source").select_option("search")
    desk.get_by_role("button", name="Which wall does she meet?").click()
    expect(desk.locator("[role=status].help-block")).to_contain_text(
        "the variant “search”"
    )

    path = premium(desk)
    seen = stranger()
    wall = seen.locator(".wall")
    for _ in range(60):  # Until the job worker has set the words.
        seen.goto(path, referer=SEARCH)
        if HEADLINE in wall.inner_text():
            break
        seen.wait_for_timeout(500)
    expect(wall.locator("h2")).to_have_text(HEADLINE)
    expect(
        wall.get_by_role("link", name="Start today: Smart Quarterly")
    ).to_be_visible()
    assert [each["id"] for each in Axe().run(seen).response["violations"]] == []
    typed = stranger()
    typed.goto(path)
    expect(typed.locator(".wall h2")).to_have_text("Subscribe to read the full story")

    desk.goto("/desk/walls/preview/search/premium/")
    for width in (390, 1280):
        frame = desk.frame_locator(f"iframe[width='{width}']")
        expect(frame.locator(".wall h2")).to_have_text(HEADLINE)
    for _ in range(40):  # Until the gates have written their tallies.
        desk.goto("/desk/walls/")
        row = desk.locator("tr", has_text="search").first.inner_text().split("\t")
        if row[4] != "0":
            break
        desk.wait_for_timeout(500)
    assert (int(row[4]) > 0, row[5].strip()) == (True, "0")

    # Everybody else's tests meet the usual wall.
    desk.goto("/desk/walls/")
    desk.locator("td a", has_text="search").first.click()
    desk.locator("[name=state]").select_option("off")
    save(desk)
