"""A whole site, and a real Chromium in front of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.site import RunningSite, running_site
from tools import chromium

DESK = {"width": 1280, "height": 900}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 15_000  # Milliseconds that an element may take to appear.


@pytest.fixture(scope="session")
def site() -> Iterator[RunningSite]:
    """Not in pytest's own folders: see `open_folder`."""
    with TemporaryDirectory(prefix="broadsheet-", ignore_cleanup_errors=True) as name:
        with running_site(Path(name) / "var") as running:
            yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """
    Not for the whole session: while it is open, its event loop runs in this thread, and
    Django would refuse its database to every other test.
    """
    path = chromium.find()
    assert path is not None, chromium.MISSING
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def stranger(browser: Browser, site: RunningSite) -> Iterator[Callable[[], Page]]:
    """Return a new anonymous reader with a browser of her own, as often as asked."""
    contexts: list[BrowserContext] = []

    def one() -> Page:
        context = browser.new_context(viewport=DESK, base_url=site.origin)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return context.new_page()

    yield one
    for context in contexts:
        context.close()
