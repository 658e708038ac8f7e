"""What an editor does in a day, at the desk of a running paper, in a real browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.timeout(300)]

Stranger = Callable[[], Page]
Staff = Callable[[str], Page]
STORIES = "/desk/stories/"
SENTENCE = "The first ship came in on the morning tide, with nobody on the quay. "
WITHHELD = "Only the harbour master knew why"
LEAD = SENTENCE * 5
TAKEN_OVER = 500  # Milliseconds; the editor puts what is typed into the form by and by.
OURS = {"exclude": [[".Draftail-Editor"]]}  # Wagtail's own writing box has no name.
PHONE = {"width": 390, "height": 844}


def log_in(page: Page, who: str) -> None:
    page.goto("/accounts/password/?next=/desk/")
    page.get_by_label("E-mail").fill(f"{who}@demo.example")
    page.locator("[name=password]").fill("desk")
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/desk/")


@pytest.fixture(scope="module")
def sessions() -> dict[str, list[Any]]:
    """The cookies of who has logged in: passwords may be tried ten times in a while."""
    return {}


@pytest.fixture
def at_desk(stranger: Stranger, sessions: dict[str, list[Any]]) -> Staff:
    def one(who: str) -> Page:
        page = stranger()
        if who not in sessions:
            log_in(page, who)
            sessions[who] = page.context.cookies()
        page.context.add_cookies(sessions[who])
        page.goto("/desk/")
        return page

    return one


@pytest.fixture
def editor(at_desk: Staff) -> Page:
    return at_desk("editor")


def block(page: Page, name: str) -> None:
    """Insert a block of a kind at the end of the body."""
    page.get_by_role("button", name="Insert a block").last.click()
    page.get_by_role("option", name=name, exact=True).click()


def type_text(page: Page, place: int, text: str) -> None:
    """Type into the rich text that is at `place` of the body, counted from nought."""
    page.locator("[contenteditable=true]").nth(place).click()
    page.keyboard.type(text)
    page.wait_for_timeout(TAKEN_OVER)


def press(page: Page, action: str) -> None:
    """Press one of the actions under the form."""
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name=action).or_(
        page.get_by_role("link", name=action)
    ).first.click()


def write(page: Page, headline: str) -> int:
    """Write a story with words, a quote, a table and a related story; return its id."""
    page.goto(f"{STORIES}add/")
    page.get_by_placeholder("Headline").fill(headline)
    page.locator("[name=standfirst]").fill("A dredger’s horn settled the argument.")
    page.locator("select[name=section]").select_option(label="Markets")
    page.get_by_role("button", name="Add Byline").click()
    page.get_by_role("button", name="Choose author").click()
    page.get_by_role("link", name="Leela Varghese").click()
    block(page, "Text")
    type_text(page, 0, LEAD + WITHHELD + ".")
    block(page, "Quote")
    type_text(page, 1, "The sea allows everything.")
    page.get_by_label("Who said it").fill("Sunanda Patil")
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/edit/**")
    expect(page.locator(".messages")).to_contain_text(headline)
    return int(page.url.rstrip("/").rsplit("/", 1)[1])


def published(page: Page, headline: str) -> tuple[int, str]:
    """Return the number and the address of a new story that is live."""
    number = write(page, headline)
    press(page, "Publish")
    expect(page.locator(".messages")).to_contain_text("published")
    return number, f"/markets/{headline.lower().replace(' ', '-')}-{number}/"


def into(page: Page, number: int, access: str) -> None:
    """Put a live story into another class."""
    page.goto(f"{STORIES}edit/{number}/")
    page.locator("select[name=access]").select_option(access)
    press(page, "Publish")
    expect(page.locator(".messages")).to_contain_text("published")


def name_of(kind: str) -> str:
    return f"A {kind} story {uuid4().hex[:8]}"


def seen_within(reader: Page, path: str, text: str, seconds: float) -> None:
    """Wait until an anonymous reader sees `text` there, `seconds` at most."""
    end = time.monotonic() + seconds
    while text not in (body := reader.request.get(path).text()):
        assert time.monotonic() < end, body[:400]
        time.sleep(0.05)


def test_a_story_from_the_first_word_to_its_withdrawal(
    editor: Page, stranger: Stranger
):
    headline = name_of("harbour")
    number, path = published(editor, headline)
    reader = stranger()
    seen_within(reader, path, WITHHELD, 1.0)
    reader.goto(path)
    expect(reader.locator(".meter")).to_contain_text("1 of")
    expect(reader.locator("blockquote")).to_contain_text("The sea allows everything.")

    into(editor, number, "premium")
    seen_within(reader, path, "wall-title", 1.0)
    reader.goto(path)
    assert WITHHELD not in reader.content()

    editor.goto(f"{STORIES}edit/{number}/")
    press(editor, "Correct this story")
    editor.get_by_role("textbox", name="What readers are told").fill(
        "The port was misspelt. It is right."
    )
    editor.locator("[name=standfirst]").fill("A ship’s horn settled the argument.")
    editor.get_by_role("button", name="Show what changes").click()
    changes = editor.get_by_role("region", name="What changes")
    expect(changes.locator("del")).to_have_text(["dredger’s"])
    expect(changes.locator("ins")).to_have_text(["ship’s"])
    assert "misspelt" not in reader.request.get(path).text()
    editor.get_by_role("button", name="Publish the correction").click()
    expect(editor.locator(".messages")).to_contain_text("The correction is live.")
    seen_within(reader, path, "A ship’s horn", 1.0)

    editor.goto(f"{STORIES}unpublish/{number}/")
    editor.get_by_role("button", name="Withdraw the story").click()
    assert editor.locator("#reason:invalid").count() == 1
    assert reader.request.get(path).status == 200
    editor.get_by_label("Why is it withdrawn?").fill("A court has asked for it.")
    editor.get_by_role("button", name="Withdraw the story").click()
    expect(editor.locator(".messages")).to_contain_text("is withdrawn")
    assert reader.request.get(path).status == 410


def test_both_renderings_are_proofed_before_anybody_sees_them(
    editor: Page, stranger: Stranger
):
    headline = name_of("proof")
    number = write(editor, headline)
    expect(editor.locator(".desk-length")).to_contain_text("Before the wall: 56 words.")
    with editor.expect_response(lambda answer: "/preview/" in answer.url):
        editor.get_by_role("button", name="Toggle preview").click()
    proof = editor.context.new_page()
    proof.goto(f"{STORIES}preview/{number}/?mode=full")
    expect(proof.locator("h1")).to_have_text(headline)
    expect(proof.locator(".meter")).to_contain_text("reading 1 of 3")
    assert WITHHELD in proof.content()
    proof.goto(f"{STORIES}preview/{number}/?mode=cut")
    expect(proof.locator(".wall h2")).to_contain_text("limit of 3 free articles")
    expect(proof.locator(".wall")).to_contain_text("₹900")
    assert WITHHELD not in proof.content()
    assert proof.locator(".meter").count() == 0
    assert stranger().request.get(f"/markets/x-{number}/").status == 404


def test_an_hour_is_the_papers_own_and_the_story_waits_for_it(
    editor: Page, stranger: Stranger
):
    headline = name_of("morning")
    number = write(editor, headline)
    editor.get_by_role("button", name="Toggle status").click()
    editor.get_by_role("button", name="Set schedule").click()
    dialog = editor.get_by_role("dialog")
    moment = dialog.get_by_label("Go live date/time")
    moment.fill("2031-01-02 06:00")
    moment.press("Tab")  # Its calendar would lie over the button.
    with editor.expect_navigation():
        dialog.get_by_role("button", name="Save schedule").click()
    press(editor, "Schedule to publish")
    expect(editor.locator(".messages")).to_contain_text("scheduled")
    editor.goto("/desk/")
    row = editor.get_by_role("row", name=headline).last
    expect(row).to_contain_text("2 Jan, 06:00")
    editor.goto(f"{STORIES}?status=scheduled&q={headline.split()[-1]}")
    expect(editor.locator("#listing-results")).to_contain_text(headline)
    assert stranger().request.get(f"/markets/x-{number}/").status == 404


def test_the_walls_words_are_checked_and_then_seen(editor: Page, stranger: Stranger):
    number, path = published(editor, name_of("wall"))
    into(editor, number, "premium")

    def say(text: str) -> str:
        editor.goto("/desk/settings/gate/policy/")
        field = editor.locator("[name=premium_headline]")
        stood = field.input_value()
        field.fill(text)
        editor.get_by_role("button", name="Save").click()
        return stood

    stood = say("Read on for {{prize}}")
    refusal = editor.locator(".error-message", has_text="prize")
    expect(refusal).to_contain_text("{{prize}} is not a variable of the wall")
    reader = stranger()
    assert "Read on" not in reader.request.get(path).text()
    try:
        say("Read on with {{plan}}")
        expect(editor.locator(".messages")).to_contain_text("updated")
        seen_within(reader, path, "Read on with Super Saver", 3.0)
    finally:
        say(stood)
    seen_within(reader, path, stood, 3.0)


def test_each_role_sees_its_own_desk(at_desk: Staff):
    menus = {}
    for who in ("reporter", "subeditor", "circulation"):
        page = at_desk(who)
        menu = page.locator("#wagtail-sidebar")
        expect(menu).to_contain_text(f"{who}@demo")
        said = menu.inner_text()
        names = ("Newsroom", "Images", "Gate", "Plans", "Outbox", "Settings")
        menus[who] = [name for name in names if name in said]
        if who == "circulation":
            page.goto(STORIES)
            assert page.url.endswith("/desk/")
            page.goto("/desk/plans/")
            expect(page.get_by_role("heading", name="Smart Quarterly")).to_be_visible()
        else:
            page.goto(f"{STORIES}add/")
            page.get_by_role("button", name="More actions").click()
            buttons = page.locator("footer").inner_text()
            assert ("Publish" in buttons) is (who == "subeditor")
    assert menus == {
        "reporter": ["Newsroom", "Images"],
        "subeditor": ["Newsroom", "Images"],
        "circulation": ["Gate", "Plans", "Settings"],  # The terms of gifts are there.
    }


def test_our_pages_at_the_desk_have_no_barrier_and_no_stranger(editor: Page):
    number, _ = published(editor, name_of("plain"))
    asked, complaints = [], []
    editor.on("request", lambda request: asked.append(request.url))
    editor.on("console", lambda said: complaints.append(said.text))
    home = editor.evaluate("location.origin")
    found = {}
    for path in (
        "/desk/",
        f"{STORIES}{number}/correct/",
        f"{STORIES}unpublish/{number}/",
        "/desk/plans/",
        "/desk/plans/smart-quarterly/price/",
        "/desk/imports/",
        "/desk/deliveries/",
        "/desk/outbox/",
    ):
        for size in ({"width": 1280, "height": 900}, PHONE):
            editor.set_viewport_size(size)
            editor.goto(path)
            violations = Axe().run(editor, context=OURS).response["violations"]
            if violations:
                found[path] = [(v["id"], v["nodes"][0]["html"]) for v in violations]
    assert found == {}
    assert [url for url in asked if not url.startswith((home, "data:", "blob:"))] == []
    assert complaints == []
