"""The README's commands, run as a newcomer runs them: in a fresh copy, with nothing."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.+?)\n```$", README, re.MULTILINE | re.DOTALL)
MINE = ("BROADSHEET_", "PYTHON", "VIRTUAL_ENV", "DJANGO", "PYTEST", "COVERAGE", "PG")


def test_there_are_two_commands():
    assert COMMANDS == ["make run", "make test"]


def test_every_target_that_documents_name_is_in_the_makefile(tracked):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = {
        target
        for document in tracked
        if document.suffix == ".md"
        for target in re.findall(r"`(?:\n)?make ([a-z]+)", document.read_text())
    }
    assert {"run", "test", "check", "bench"} <= named <= targets


@pytest.fixture
def copy(open_folder, tracked):
    """A fresh copy of what is committed, without any environment."""
    for path in tracked:
        there = open_folder / "broadsheet" / path.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, there)
    return open_folder / "broadsheet"


@pytest.mark.process
@pytest.mark.timeout(400)
def test_a_newcomers_first_command_serves_the_paper(copy):
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        port = any_port.getsockname()[1]
    run = subprocess.Popen(
        [*COMMANDS[0].split(), f"PORT={port}"],
        cwd=copy,
        env={k: v for k, v in os.environ.items() if not k.startswith(MINE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = ""
    try:
        for line in run.stdout:
            said += line
            if "Ctrl-C stops everything." in line:
                break
        assert f"Broadsheet is up:  http://127.0.0.1:{port}/" in said, said
        assert answer(port, "/readyz") == 200
        assert answer(port, "/") == 200
    finally:
        os.killpg(run.pid, signal.SIGINT)
        rest = run.communicate(timeout=30)[0]
    assert "Stopped." in rest
    with pytest.raises(urllib.error.URLError):
        answer(port, "/healthz")


def answer(port: int, path: str) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as got:
        return got.status
