"""What every test stands on: an embedded PostgreSQL in `var/test`, and fixed times."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("BROADSHEET_VAR", str(ROOT / "var" / "test"))
os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")


@pytest.fixture
def at() -> datetime:
    """A working morning in Mumbai: Monday 3 August 2026, 10:00 IST."""
    return datetime(2026, 8, 3, 4, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def founded(request: pytest.FixtureRequest) -> None:
    """
    Put back what migrations found the database with. A test that commits is followed by
    a flush of all tables, and the next one may stand on these rows.
    """
    asks = {"db", "transactional_db"} & set(request.fixturenames)
    if asks or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        _found()


def _found() -> None:
    from wagtail.models import Collection, Locale, Page, Site

    if not Collection.objects.exists():
        Collection.add_root(name="Root")
    if not Page.objects.exists():
        Locale.objects.get_or_create(language_code="en-in")
        root = Page.add_root(title="Root", slug="root")
        home = root.add_child(title="Home", slug="home")
        Site.objects.create(hostname="localhost", root_page=home, is_default_site=True)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """
    A folder for an embedded PostgreSQL. Run by root, it is another user's, whom
    pytest's own folders shut out whenever a second pytest starts on the machine.
    """
    with TemporaryDirectory(prefix="broadsheet-", ignore_cleanup_errors=True) as name:
        yield Path(name)
