"""The embedded PostgreSQL, with real processes that share it, die, and are refused."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.process

OPEN = """
import sys, psycopg
from broadsheet.plumbing import database
from broadsheet.plumbing.settings import BadSetting, read
try:
    url = database.address(read())
except BadSetting as error:
    sys.exit(str(error))
with psycopg.connect(url) as connection:
    print(connection.execute("SELECT pg_postmaster_start_time()").fetchone()[0], flush=True)
sys.stdin.read()
"""


class Guest:
    """A process that holds the server until it is let go, or killed."""

    def __init__(self, var: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OPEN],
            env={**os.environ, "BROADSHEET_VAR": str(var), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def server(self) -> str:
        """Return when the server that answers this guest was started."""
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return line

    def leave(self) -> str:
        return self.process.communicate(timeout=30)[1]

    def die(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=30)


def postmaster(var: Path) -> psutil.Process | None:
    try:
        return psutil.Process(
            int((var / "postgres/postmaster.pid").read_text().split()[0])
        )
    except (OSError, psutil.NoSuchProcess):
        return None


@pytest.mark.parametrize("name", ["my papers", "प्रेस", "a;b'c"])
def test_a_folder_may_have_any_name(open_folder, name):
    folder = open_folder / name
    folder.mkdir(mode=0o755)
    guest = Guest(folder)
    assert guest.server()
    assert postmaster(folder) is not None
    assert guest.leave() == ""
    assert postmaster(folder) is None


def test_two_processes_share_one_server_and_the_last_one_stops_it(open_folder):
    first, second = Guest(open_folder), Guest(open_folder)
    assert first.server() == second.server()
    assert first.leave() == ""
    assert postmaster(open_folder) is not None
    assert second.leave() == ""
    assert postmaster(open_folder) is None


def test_a_guest_that_was_killed_does_not_keep_the_server_up(open_folder):
    killed, last = Guest(open_folder), Guest(open_folder)
    assert killed.server() == last.server()
    killed.die()
    last.leave()
    assert postmaster(open_folder) is None


def test_a_server_that_was_killed_is_started_again(open_folder):
    first = Guest(open_folder)
    before = first.server()
    postmaster(open_folder).kill()
    second = Guest(open_folder)
    assert second.server() != before
    second.leave()
    first.leave()
    assert postmaster(open_folder) is None


def test_a_note_that_names_somebody_elses_process_is_not_believed(open_folder):
    first = Guest(open_folder)
    before = first.server()
    note = (open_folder / "postgres/postmaster.pid").read_text().split("\n", 1)[1]
    first.leave()
    (open_folder / "postgres/postmaster.pid").write_text(f"{os.getpid()}\n{note}")
    second = Guest(open_folder)
    assert second.server() != before
    second.leave()


def refused(var: Path, **environment: str) -> str:
    guest = Guest(var, **environment)
    said = guest.leave()
    assert guest.process.returncode == 1
    assert said.count("\n") == 1, said
    return said


def test_a_folder_that_is_a_file_is_refused_in_one_sentence(open_folder):
    (open_folder / "postgres").write_text("no folder")
    said = refused(open_folder)
    assert re.match(r"The embedded PostgreSQL in \S+ cannot start \(.+\); free", said)


def test_data_of_another_version_is_refused_in_one_sentence(open_folder):
    folder = open_folder / "postgres"
    folder.mkdir()
    (folder / "PG_VERSION").write_text("9\n")
    said = refused(open_folder)
    assert "expecting version 18 but found version 9" in said


def test_a_broken_configuration_is_told_in_the_servers_own_words(open_folder):
    guest = Guest(open_folder)
    guest.server()
    guest.leave()
    with (open_folder / "postgres/postgresql.conf").open("a") as file:
        file.write("shared_buffers = nonsense\n")
    said = refused(open_folder)
    assert 'configuration file "' in said and "contains errors" in said
