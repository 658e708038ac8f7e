"""The publication that is measured: a demo paper of its own, and readers who do not exist."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from _servers import EDGE_KEY, ROOT, Server

from broadsheet.gate.core import passes
from broadsheet.gate.core.passes import DEVICE_COOKIE, READER_COOKIE, Keyring
from broadsheet.gate.core.vocabulary import Pass
from broadsheet.plumbing import settings

# The edge's own question; older publications have none.
EDGE = "edge_keys" in {field.name for field in fields(settings.Settings)}


class Readers:
    """Cookies of readers who do not exist, signed with the publication's own key."""

    def __init__(self, secret: str, offset: Any) -> None:
        self._ring, self._offset = Keyring.of(secret), offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def device(self) -> str:
        value = passes.device_cookie(self._ring, uuid4(), self.now())
        return f"{DEVICE_COOKIE}={value}"

    def subscriber(self) -> str:
        """A reader pass with `news`, good for ten minutes, and a device cookie."""
        now = int(self.now().timestamp())
        carried = Pass(uuid4(), now + passes.READER_LIFE, now + 86_400, 0, 1)
        value = passes.reader_pass(self._ring, carried)
        return f"{self.device()}; {READER_COOKIE}={value}"


def fetch(server: Server, path: str, cookie: str) -> bytes:
    request = urllib.request.Request(server.address + path, headers={"Cookie": cookie})
    with urllib.request.urlopen(request, timeout=30) as reply:
        found: bytes = reply.read()
    return found


def _environment(folder: Path) -> dict[str, str]:
    """Return ours, without what would lead the servers to somebody's real paper."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("BROADSHEET_") and name not in ("DATABASE_URL", "PORT")
    }
    return {
        **kept,
        "BROADSHEET_VAR": str(folder),
        "PYTHONPATH": str(ROOT / "src"),
        **({"BROADSHEET_EDGE_KEYS": EDGE_KEY} if EDGE else {}),
    }


def _prepare(folder: Path, environment: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "prepare.log").open("w+") as log:
        done = subprocess.run(
            [sys.executable, "-m", "broadsheet.main", "prepare", "--demo"],
            env=environment,
            stdout=log,
            stderr=log,
            check=False,
        )
        if done.returncode:
            log.seek(0)
            last = log.read().strip().splitlines()[-1]
            raise SystemExit(f"The paper in {folder} cannot be prepared: {last}")
