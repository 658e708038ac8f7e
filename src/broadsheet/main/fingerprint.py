"""
Whether a start has anything to prepare: told without waking Django, in some
milliseconds, from what is installed, our own files, and the database's own record.
"""

from __future__ import annotations

import hashlib
import json
import sysconfig
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

PACKAGE = Path(__file__).resolve().parents[1]
NAME = "prepared.json"
# The last applied migrations, or nothing on an empty database; and whether a
# publication was opened, which is what the demo waits for.
RECORD = """
    SELECT count(*)::text || ':' || coalesce(max(id), 0)::text FROM django_migrations
"""
DEMO = "SELECT exists(SELECT FROM readers_reader WHERE email LIKE '%@demo.example')"

CALLED = "SELECT name FROM plumbing_publication WHERE id = 1"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a preparation left behind."""

    seen: str
    is_demo: bool


def take(url: str) -> str:
    """Return a digest of all that a preparation depends on. Costs one connection."""
    digest = hashlib.blake2b(_record(url).encode(), digest_size=16)
    for line in _files():
        digest.update(line.encode())
    return digest.hexdigest()


def release(*settings: str) -> str:
    """
    Return a digest of all that a page is pressed with: our own files as they read, what
    is installed, and these settings. Reads every file, some megabytes.
    """
    digest = hashlib.blake2b(
        "\n".join([*settings, *_installed()]).encode(), digest_size=16
    )
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(PACKAGE)).encode())
            digest.update(hashlib.blake2b(path.read_bytes(), digest_size=16).digest())
    return digest.hexdigest()


def kept(var: Path) -> Prepared | None:
    """Return what the last preparation wrote down, if it can be read."""
    try:
        return Prepared(**json.loads((var / NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def keep(var: Path, url: str) -> Prepared:
    """Write down that everything is prepared now."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(DEMO).fetchone()
    prepared = Prepared(take(url), bool(row and row[0]))
    (var / NAME).write_text(json.dumps(asdict(prepared)))
    return prepared


def name(url: str) -> str:
    """Return what the publication is called: the payment page says whom one pays."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(CALLED).fetchone()
    return str(row[0]) if row else "Broadsheet"


def _record(url: str) -> str:
    with psycopg.connect(url, connect_timeout=5) as connection:
        try:
            row = connection.execute(RECORD).fetchone()
        except psycopg.errors.UndefinedTable:
            return "empty"
    return str(row[0]) if row else "empty"


def _installed() -> list[str]:
    site = Path(sysconfig.get_paths()["purelib"])
    return sorted(path.name for path in site.glob("*.dist-info"))


def _files() -> Iterator[str]:
    """Yield what is installed, and each migration, template and static file of ours."""
    yield from _installed()
    for pattern in ("**/migrations/*.py", "**/templates/**/*", "**/static/**/*"):
        for path in sorted(PACKAGE.glob(pattern)):
            state = path.stat()
            yield f"{path.relative_to(PACKAGE)}:{state.st_size}:{state.st_mtime_ns}"
