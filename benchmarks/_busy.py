"""The desk and the checkout, kept busy by four people who never wait."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from _servers import Server, script

# A session for each, as a login would have made it; its key is printed.
_LOG_IN = """
from importlib import import_module
from broadsheet.main.cli.house import open_house
open_house()
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from broadsheet.main import logins
from broadsheet.readers.models import Reader
for login in (logins.EDITOR, logins.READER):
    reader = Reader.objects.get(email=login.email)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(reader.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = reader.get_session_auth_hash()
    session.save()
    print(settings.SESSION_COOKIE_NAME + "=" + session.session_key)
"""


class Busy:
    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        said = subprocess.run(
            [sys.executable, "-c", _LOG_IN],
            env=dict(environment),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        editor, reader = said.split()
        self._lines = folder / "busy"
        self._lines.write_text(f"/desk/\t{editor}\n/subscribe/\t{reader}\n")
        self.per_second = 0.0

    @contextmanager
    def keep(self, server: Server, seconds: int) -> Iterator[None]:
        """Keep the server busy for the block, `seconds` at most."""
        command = ["wrk", "-t1", "-c4", f"-d{seconds}s", "-s", script(self._lines)]
        process = subprocess.Popen(
            [*command, server.address], stdout=subprocess.PIPE, text=True
        )
        try:
            time.sleep(1.0)
            yield
        finally:
            said = process.communicate()[0]
        if "Non-2xx" in said:
            raise SystemExit(f"The desk or the checkout did not answer:\n{said}")
        found = re.search(r"Requests/sec:\s+([\d.]+)", said)
        self.per_second = float(found[1]) if found else 0.0
