"""
A renewal worker in a process of its own, and what stops it at an exact place without a
hook in the product: a gate in front of the gateway, and a lock that it needs next.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import psycopg
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

ROOT = Path(__file__).parents[2]
RENEW = """
import sys
from datetime import datetime
import django
django.setup()
from broadsheet.business.subscriptions import actions
print(actions.renew_due(at=datetime.fromisoformat(sys.argv[1])))
"""
PATIENCE = 60


@dataclass
class Turnstile:
    """
    Stands between the worker and the gateway, and holds its `stop_at`-th charge: either
    before it is passed on, or when the gateway has done it and before the answer goes
    back. Everything else passes.
    """

    gateway: str
    url: str = ""
    stop_at: int = 0  # The how manieth charge; 0: none.
    done_first: bool = False
    charges: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def set(self, stop_at: int, *, done_first: bool) -> None:
        self.stop_at, self.done_first, self.charges = stop_at, done_first, 0
        self.reached.clear()
        self.released.clear()

    def counts(self) -> bool:
        """Count a charge; say whether it is the one to be held."""
        self.charges += 1
        return self.charges == self.stop_at

    def hold(self) -> None:
        self.reached.set()
        self.released.wait(PATIENCE)


class Handler(BaseHTTPRequestHandler):
    stile: Turnstile

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        here = self.path == "/v1/charges" and self.stile.counts()
        if here and not self.stile.done_first:
            self.stile.hold()
            return
        answer = self._pass_on("POST", body)
        if here:
            self.stile.hold()
            return
        self._say(answer)

    def do_GET(self):
        self._say(self._pass_on("GET", b""))

    def _pass_on(self, method, body):
        kept = ("authorization", "idempotency-key", "paper-now", "content-type")
        headers = {k: v for k, v in self.headers.items() if k.lower() in kept}
        address = self.stile.gateway + self.path
        return httpx.request(
            method, address, content=body, headers=headers, trust_env=False
        )

    def _say(self, answer):
        self.send_response(answer.status_code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *args):
        pass


@contextmanager
def turnstile(gateway: str) -> Iterator[Turnstile]:
    stile = Turnstile(gateway)
    handler = type("Bound", (Handler,), {"stile": stile})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    stile.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield stile
    finally:
        stile.released.set()
        server.shutdown()
        server.server_close()


def conninfo() -> str:
    """The test's own database, for another process."""
    at = connection.settings_dict
    parts = {
        "dbname": at["NAME"], "user": at["USER"], "password": at["PASSWORD"],
        "host": at["HOST"], "port": str(at["PORT"]),
    }  # fmt: skip
    return make_conninfo(**{name: value for name, value in parts.items() if value})


def start(at: datetime, paper, gateway_url: str) -> subprocess.Popen[str]:
    """Start a worker that renews what is due at `at`, and ends."""
    return subprocess.Popen(
        [sys.executable, "-c", RENEW, at.isoformat()],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "broadsheet.main.settings",
            "DATABASE_URL": conninfo(),
            "BROADSHEET_ORIGIN": settings.BROADSHEET.origin,
            "BROADSHEET_GATEWAY_URL": gateway_url,
            "BROADSHEET_GATEWAY_SECRET": paper.gateway.secret,
            "PYTHONPATH": str(ROOT / "src"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def locked(table: str) -> Iterator[None]:
    """Let nobody write to `table`: whoever wants to stops there."""
    with psycopg.connect(conninfo()) as other:
        other.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
        yield
        other.rollback()


def wait_until_it_waits(worker: subprocess.Popen[str], table: str) -> None:
    """Return once the worker stands before the lock."""
    with psycopg.connect(conninfo(), autocommit=True) as other:
        until = time.monotonic() + PATIENCE
        while True:
            waits = other.execute(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass",
                [table],
            ).fetchone()
            if waits:
                return
            assert worker.poll() is None, worker.communicate()[0]
            assert time.monotonic() < until, f"it never came to {table}"
            time.sleep(0.02)


def kill(worker: subprocess.Popen[str]) -> None:
    """As a power cut would: SIGKILL, to this one process."""
    worker.kill()
    worker.communicate()


def backends_gone() -> None:
    """Wait until the dead worker's sessions are gone, and their locks with them."""
    with psycopg.connect(conninfo(), autocommit=True) as other:
        for _ in range(500):
            busy = other.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state IN ('active', 'idle in transaction')"
                " AND pid <> pg_backend_pid()"
            ).fetchone()
            if busy == (0,):
                return
            time.sleep(0.02)
    raise AssertionError("the dead worker's session lives on")
