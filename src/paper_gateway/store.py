"""
The gateway's store: one SQLite file, written by one thread.

Every handler runs on the one event loop and does not wait inside a transaction, so
transactions follow each other without locks. WAL keeps what was committed when the
process is killed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY, reference TEXT NOT NULL, idempotency_key TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), currency TEXT NOT NULL,
    description TEXT NOT NULL, return_url TEXT NOT NULL, webhook_url TEXT NOT NULL,
    save_method INTEGER NOT NULL, off_session INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN
        ('open', 'requires_action', 'pending', 'succeeded', 'declined')),
    reason TEXT NOT NULL DEFAULT '', hard INTEGER NOT NULL DEFAULT 0,
    captured INTEGER NOT NULL DEFAULT 0,
    refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    disputed INTEGER NOT NULL DEFAULT 0 CHECK (disputed >= 0),
    method TEXT, mandate TEXT, settle_to TEXT, settle_at REAL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    CHECK (refunded + disputed <= captured)
) STRICT;
CREATE INDEX IF NOT EXISTS payments_by_reference ON payments (reference);
CREATE INDEX IF NOT EXISTS payments_by_key ON payments (idempotency_key);
CREATE INDEX IF NOT EXISTS payments_to_settle ON payments (settle_at)
    WHERE settle_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS methods (
    id TEXT PRIMARY KEY, network TEXT NOT NULL, last4 TEXT NOT NULL CHECK
        (length(last4) = 4), expires TEXT NOT NULL, behaviour TEXT NOT NULL,
    saved INTEGER NOT NULL, removed_at INTEGER, replaced_by TEXT,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE IF NOT EXISTS refunds (
    id TEXT PRIMARY KEY, payment TEXT NOT NULL REFERENCES payments (id),
    idempotency_key TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0), created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS refunds_by_key ON refunds (idempotency_key);
CREATE INDEX IF NOT EXISTS refunds_by_payment ON refunds (payment);
CREATE TABLE IF NOT EXISTS disputes (
    id TEXT PRIMARY KEY, payment TEXT NOT NULL REFERENCES payments (id),
    amount INTEGER NOT NULL CHECK (amount > 0), reason TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'won', 'lost')),
    created_at INTEGER NOT NULL, decided_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS disputes_by_payment ON disputes (payment);
CREATE TABLE IF NOT EXISTS mandates (
    id TEXT PRIMARY KEY, method TEXT NOT NULL REFERENCES methods (id),
    max_amount INTEGER NOT NULL CHECK (max_amount > 0), currency TEXT NOT NULL,
    valid_until INTEGER NOT NULL, notice INTEGER NOT NULL, webhook_url TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'paused', 'revoked')),
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS notices (
    id TEXT PRIMARY KEY, mandate TEXT NOT NULL REFERENCES mandates (id),
    amount INTEGER NOT NULL CHECK (amount > 0), debit_at INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('delivered', 'failed', 'opted_out')),
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL, body TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS events (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
    payment TEXT NOT NULL, created_at INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY, event TEXT NOT NULL REFERENCES events (id),
    payment TEXT NOT NULL, url TEXT NOT NULL, made_at REAL NOT NULL,
    due_at REAL, held INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0, last_answer TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at)
    WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, scope TEXT NOT NULL, value TEXT NOT NULL,
    kind TEXT NOT NULL, times INTEGER NOT NULL, seconds REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""

Row = sqlite3.Row
VERSION = 2
# What version 1 lacked: columns in these tables, and keys that can be forgotten.
_REMADE = ("payments", "methods", "refunds")


class Unusable(Exception):
    """The store cannot be opened. The message says why, in one line."""


class Store:
    """The open file. `one`, `all` and `run` take SQL with `:named` parameters."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            _lay_out(self._db)
            self._db.execute("PRAGMA foreign_keys = ON")
        except (OSError, sqlite3.Error) as error:
            raise Unusable(f"The store {path} cannot be opened: {error}.") from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def one(self, sql: str, /, **values: Any) -> Row | None:
        found: Row | None = self._db.execute(sql, values).fetchone()
        return found

    def all(self, sql: str, /, **values: Any) -> list[Row]:
        return self._db.execute(sql, values).fetchall()

    def run(self, sql: str, /, **values: Any) -> int:
        """Return how many rows were changed."""
        return self._db.execute(sql, values).rowcount

    def close(self) -> None:
        self._db.close()


def _lay_out(db: sqlite3.Connection) -> None:
    """Make the tables; what an older version of this program wrote is carried over."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    filled = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'payments'")
    old = version < VERSION and filled.fetchone() is not None
    db.execute("PRAGMA legacy_alter_table = ON")  # Leave what refers to them alone.
    db.execute("BEGIN IMMEDIATE")
    for table in _REMADE if old else ():
        _set_aside(db, table)
    for statement in SCHEMA.split(";\n"):
        db.execute(statement)
    for table in _REMADE if old else ():
        _carry_over(db, table)
    db.execute(f"PRAGMA user_version = {VERSION}")
    db.execute("COMMIT")


def _set_aside(db: sqlite3.Connection, table: str) -> None:
    db.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    named = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
    for (index,) in db.execute(f"{named} AND tbl_name = ?", [f"old_{table}"]):
        db.execute(f"DROP INDEX {index}")


def _carry_over(db: sqlite3.Connection, table: str) -> None:
    known = [row[1] for row in db.execute(f"PRAGMA table_info (old_{table})")]
    names = ", ".join(known)
    db.execute(
        f"INSERT INTO {table} ({names}) SELECT {names} FROM old_{table}"  # noqa: S608  Our own names.
    )
    db.execute(f"DROP TABLE old_{table}")
