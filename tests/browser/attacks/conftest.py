"""Each attack is tried twice: straight at the program, and through nginx with its cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.attacks.edge import Edge, nginx_before
from tests.browser.client import PASS, Client, in_the_house
from tests.site import RunningSite

SUBSCRIBER = "subscriber-under-attack@example.com"
ADMIT = """
from datetime import timedelta
from broadsheet.gate.house import actions
from broadsheet.plumbing import publication
from broadsheet.readers import queries
at = publication.now()
reader = queries.reader_of({email!r}).public_id
actions.admit(reader, feature="news", starts=at - timedelta(days=1),
    ends=at + timedelta(days=9), source="attacks", reference={email!r}, at=at)
"""


@pytest.fixture(scope="session")
def edge(site: RunningSite) -> Iterator[Edge]:
    with TemporaryDirectory(prefix="broadsheet-", ignore_cleanup_errors=True) as name:
        with nginx_before(site, Path(name)) as running:
            yield running


@pytest.fixture(params=["direct", "nginx"])
def origin(request: pytest.FixtureRequest, site: RunningSite) -> str:
    """The address that an attacker knows."""
    if request.param == "direct":
        return site.origin
    found: Edge = request.getfixturevalue("edge")
    return found.origin


@pytest.fixture
def stranger(origin: str) -> Client:
    return Client(origin)


@pytest.fixture(scope="session")
def subscriber(site: RunningSite) -> dict[str, str]:
    """A subscriber's cookies. She logs in once: there is a limit on tries."""
    client = Client(site.origin)
    client.log_in(site, SUBSCRIBER)
    in_the_house(site, ADMIT.format(email=SUBSCRIBER))
    client.cookies.pop(PASS)  # Of before; her session has it minted anew.
    client.get("/account/")
    return dict(client.cookies)


@pytest.fixture
def stranger_with_a_browser(browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Return a new reader's page at an origin, as often as asked."""
    contexts: list[BrowserContext] = []

    def one(origin: str) -> Page:
        contexts.append(browser.new_context(base_url=origin))
        return contexts[-1].new_page()

    yield one
    for context in contexts:
        context.close()
