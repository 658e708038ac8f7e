"""
What does the front page cost? The demo's own, through the whole application (one worker,
embedded PostgreSQL): pressed, for readers of both kinds; while stories are published all
the time; and drawn by Django, as it would be for everybody without the press. Against
nginx that serves the same bytes as a file to the same cookies. Needs nginx and wrk.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import _servers
import psycopg
from _rows import Rows
from _servers import ROOT, Load, Server, middle, press_on
from gate import Readers, _environment, _prepare, fetch

from broadsheet.plumbing import database, settings

CLAIM = "what the front page costs, against nginx serving the same page as a file"
BY_DJANGO = "/?p=0"  # An address of another system's, which the gate leaves to Django.
PUBLISHES = 20  # A second, while the newsroom is busy.

# What a publish tells the gates, in a transaction of its own.
_TELL = """
WITH told AS (
    INSERT INTO gate_change (txid, kind, subject, number, at)
    VALUES (pg_current_xact_id()::text::bigint, 'listing', '/', 0, now())
)
SELECT pg_notify('gate_changes', '')
"""


class Bench:
    def __init__(self, folder: Path, seconds: int, rounds: int) -> None:
        self._folder, self._seconds, self._rounds = folder, seconds, rounds
        self._environment = _environment(folder)
        _prepare(folder, self._environment)
        found = settings.read(self._environment)
        self._url = database.address(found)
        rows = Rows(self._url)
        self._readers = Readers(found.secret, rows.clock_offset())
        rows.close()
        self.figures: dict[str, float] = {
            "load_average_before": round(os.getloadavg()[0], 1)
        }
        self.ratios: dict[str, float] = {}

    def measure(self) -> dict[str, object]:
        with ExitStack() as stack:
            gate = stack.enter_context(
                _servers.gate_server(self._folder, self._environment)
            )
            page = self._warm(gate)
            nginx = stack.enter_context(
                _servers.nginx_server(self._folder, page, gate.port, "/")
            )
            self.figures["page_bytes"] = len(page)
            self._kinds(gate, nginx)
            self.figures["gate_rss_mb"] = gate.rss_mb()
        return {
            "claim": CLAIM,
            "figures": self.figures,
            "ratios": self.ratios,
            "against": "nginx, one worker, the same page as a file, the same cookies; "
            f"wrk with {_servers.CONNECTIONS} connections; {self._rounds} turns of "
            f"{self._seconds} s; {os.cpu_count()} cores; by_cpu: the time of the "
            "server's own process for a request, without PostgreSQL's",
        }

    def _warm(self, gate: Server) -> bytes:
        """Return the page once it is pressed: the first is Django's, and says the same."""
        for _ in range(3):
            page = fetch(gate, "/", self._readers.device())
            time.sleep(0.5)
        return page

    def _kinds(self, gate: Server, nginx: Server) -> None:
        device, subscriber = self._readers.device(), self._readers.subscriber()
        kinds: dict[str, Callable[[], Load]] = {
            "nginx": lambda: self._run(nginx, "/page.html", device),
            "anonymous": lambda: self._run(gate, "/", device),
            "subscriber": lambda: self._run(gate, "/", subscriber),
            "first_visit": lambda: self._run(gate, "/", ""),
            "while_publishing": lambda: self._while_publishing(gate, device),
            "by_django": lambda: self._run(gate, BY_DJANGO, device),
        }
        runs: dict[str, list[Load]] = {kind: [] for kind in kinds}
        for _ in range(self._rounds):
            for kind, run in kinds.items():
                runs[kind].append(run())
        found = {kind: middle(loads) for kind, loads in runs.items()}
        for kind, load in found.items():
            self._note(kind, load)
            if kind != "nginx":
                of_nginx = load.per_second / found["nginx"].per_second
                self.ratios[f"{kind}_of_nginx"] = round(of_nginx, 4)
                of_cpu = found["nginx"].cpu_us / load.cpu_us
                self.ratios[f"{kind}_of_nginx_by_cpu"] = round(of_cpu, 4)

    def _run(self, server: Server, path: str, cookie: str) -> Load:
        return press_on(server, path, cookie, seconds=self._seconds, lines=None)

    def _note(self, kind: str, load: Load) -> None:
        self.figures[f"{kind}_requests_per_second"] = round(load.per_second)
        self.figures[f"{kind}_p50_us"] = round(load.p50_us)
        self.figures[f"{kind}_p99_us"] = round(load.p99_us)
        self.figures[f"{kind}_server_cpu_us"] = round(load.cpu_us, 1)

    def _while_publishing(self, gate: Server, device: str) -> Load:
        with psycopg.connect(self._url, autocommit=True) as connection:
            with _publishing(connection):
                return self._run(gate, "/", device)


@contextmanager
def _publishing(connection: psycopg.Connection[object]) -> Iterator[None]:
    """Tell the gates, many times a second, that the front may read otherwise."""
    over = threading.Event()

    def tell() -> None:
        while not over.wait(1 / PUBLISHES):
            connection.execute(_TELL)

    thread = threading.Thread(target=tell)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="One short turn.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    options = parser.parse_args()
    lacking = _servers.missing()
    if lacking:
        print(lacking, file=sys.stderr)
        return 1
    # Whoever stops us shall find no server of ours running.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    folder = Path(os.environ.get("BROADSHEET_VAR", ROOT / "var")).resolve() / "gate"
    seconds, rounds = (2, 1) if options.quick else (5, 3)
    found = Bench(folder, seconds, rounds).measure()
    if options.json:
        print(json.dumps(found))
        return 0
    for part in ("figures", "ratios"):
        for name, figure in found[part].items():  # type: ignore[attr-defined]
            print(f"{name:52} {figure:>10}")
    print(f"against: {found['against']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
