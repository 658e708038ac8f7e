"""Each attack is tried twice: straight at the program, and through nginx with its cache."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.attacks.edge import Edge, nginx_before
from tests.browser.client import Client, in_the_house
from tests.site import RunningSite

SUBSCRIBER = "subscriber.under.attack@example.com"
# She comes in by no mail: there is a limit on those, and the attackers need theirs.
COME_IN = f"""
import json
from datetime import timedelta
from broadsheet.gate.core import passes
from broadsheet.gate.house import actions, minting
from broadsheet.main.leakcheck import kinds, people
from broadsheet.plumbing import publication
at = publication.now()
one = people.People.__new__(people.People)
one._at = at
reader = people.get_user_model()._default_manager.create_user("{SUBSCRIBER}")
actions.admit(reader.public_id, feature="news", starts=at - timedelta(days=1),
    ends=at + timedelta(days=9), source="attacks", reference="subscriber", at=at)
print(json.dumps({{
    kinds.SESSION_COOKIE: one._session(reader),
    passes.READER_COOKIE: minting.token(reader.public_id, at),
}}))
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
    """A subscriber's cookies: her session, and her pass."""
    found: dict[str, str] = json.loads(in_the_house(site, COME_IN))
    return found


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
