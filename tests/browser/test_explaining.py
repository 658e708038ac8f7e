"""A reader meets the wall on a running paper, and the desk can tell her why."""

from __future__ import annotations

import json
import os
import time
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.client import DEVICE, Client, metered, whole
from tests.browser.test_desk_life import PHONE
from tests.browser.test_desk_life import at_desk as at_desk
from tests.browser.test_desk_life import editor as editor
from tests.browser.test_desk_life import sessions as sessions
from tests.site import RunningSite

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.timeout(300)]

WRITTEN_WITHIN = 10.0  # Seconds; the gate writes each second.
DESK = {"width": 1280, "height": 900}
PICTURES = os.environ.get("PICTURES")  # A folder for whoever wants to look at them.


def device_of(client: Client) -> UUID:
    """Read the number in a device cookie: see gate/core/passes.py."""
    carried = urlsafe_b64decode(client.cookies[DEVICE] + "==")
    return UUID(bytes=carried[2:18])


@pytest.fixture(scope="module")
def walled(site: RunningSite) -> tuple[UUID, list[str], datetime]:
    """Who has read three stories and met the wall at the fourth, which, and when."""
    client = Client(site.origin)
    paths = metered(client, 4)
    assert [whole(client.read(path)) for path in paths] == [True, True, True, False]
    return device_of(client), paths, datetime.now(UTC)


def told(site: RunningSite, device: UUID, path: str, at: datetime) -> dict:
    words = ("--story", path, "--device", str(device), "--at", at.isoformat(), "--json")
    return json.loads(site.cli("explain", *words))


def test_three_read_and_the_wall_are_explained_exactly_so(site: RunningSite, walled):
    device, paths, at = walled
    end = time.monotonic() + WRITTEN_WITHIN
    while (found := told(site, device, paths[3], at))["source"] != "recorded":
        assert time.monotonic() < end, found["sentences"]

    decision = found["decision"]
    assert (decision["verdict"], decision["reason"]) == ("wall", "spent")
    assert (decision["count"], decision["limit"], decision["was"]) == (3, 3, None)
    assert [each["path"] for each in found["counter"]["stories"]] == paths[:3]
    changes = {each["what"]: each["decision"]["verdict"] for each in found["changes"]}
    assert changes == {
        **dict.fromkeys(
            ("subscribed", "logged-in", "resumed", "higher-limit", "free"), "full"
        ),
        "premium": "cut",
    }
    assert found["policy"]["edition"] is not None


def test_the_pages_at_the_desk_have_no_barrier(editor: Page, walled):
    device, paths, _ = walled
    number = paths[3].rstrip("/").rpartition("-")[2]
    asked = urlencode({"story": number, "who": "device", "named": device})
    wished = "limit_anonymous=1&extra_registered=2&period=month&days=14"
    found = {}
    for name, path in (
        ("explain", f"/desk/explain/?{asked}"),
        ("preview", f"/desk/gate/preview/?{wished}"),
    ):
        for size in (DESK, PHONE):
            editor.set_viewport_size(size)
            editor.goto(path)
            if PICTURES:
                editor.set_viewport_size({**size, "height": 2400})
                file = Path(PICTURES) / f"{name}-{size['width']}.png"
                editor.screenshot(path=file)
            violations = Axe().run(editor).response["violations"]
            if violations:
                found[name] = [(v["id"], v["nodes"][0]["html"]) for v in violations]
            wide = editor.evaluate("document.documentElement.scrollWidth")
            assert wide <= size["width"], (name, size)
    assert found == {}


def test_the_desk_leads_from_the_story_to_its_cuts(editor: Page, walled):
    _, paths, _ = walled
    number = paths[3].rstrip("/").rpartition("-")[2]
    editor.goto(f"/desk/stories/edit/{number}/")
    editor.get_by_role("button", name="More actions").click()
    editor.get_by_role("link", name="Who sees what").click()
    heading = editor.get_by_role("heading", name="How a metered story is cut")
    expect(heading).to_be_visible()
    editor.goto("/desk/settings/gate/policy/")
    editor.get_by_role("link", name="Try another policy").click()
    editor.get_by_label("Free stories for everybody").fill("1")
    editor.get_by_role("button", name="Try it").click()
    expect(editor.get_by_role("img", name="Walls by day")).to_be_visible()
