"""What every test stands on: an embedded PostgreSQL in `var/test`, and fixed times."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("BROADSHEET_VAR", str(ROOT / "var" / "test"))
os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")


@pytest.fixture
def at() -> datetime:
    """A working morning in Mumbai: Monday 3 August 2026, 10:00 IST."""
    return datetime(2026, 8, 3, 4, 30, tzinfo=UTC)
