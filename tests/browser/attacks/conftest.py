"""Each attack is tried twice: straight at the program, and through nginx with its cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.browser.attacks.edge import Edge, nginx_before
from tests.browser.client import Client
from tests.site import RunningSite


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
