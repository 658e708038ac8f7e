"""
What does the gate cost? The demo's own story page, with all its slots, through the whole
application (`broadsheet serve`, one worker, embedded PostgreSQL), against nginx that
serves the same bytes as a file to the same cookies, in turns, on this machine.

Needs nginx and wrk. The first run draws the demo paper, a minute or two; the full run
files three million stories and ten million identities, some 4 GB in BROADSHEET_VAR.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent))

import _servers
from _rows import Rows, Story
from _servers import ROOT, Load, Server, middle, press_on

from broadsheet.gate.asgi import Gate
from broadsheet.gate.core import passes
from broadsheet.gate.core.passes import DEVICE_COOKIE, READER_COOKIE, Keyring
from broadsheet.gate.core.vocabulary import Pass
from broadsheet.gate.store.postgres import PostgresStore
from broadsheet.plumbing import database, settings

CLAIM = "what a view of a story costs, against nginx serving the same page as a file"
READERS = 300  # Who have read something, and ask again in turns.
CANARY = b'class="meter"'  # Only a page that the meter has opened holds its line.


@dataclass(frozen=True, slots=True)
class Scale:
    seconds: int
    rounds: int
    fresh: int  # Identities that nobody has seen, for the counted views.
    stories: tuple[int, int]
    identities: tuple[int, int]


QUICK = Scale(2, 1, 120_000, (10_000, 100_000), (1_000, 100_000))
FULL = Scale(5, 3, 300_000, (10_000, 3_000_000), (1_000, 10_000_000))


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


class Bench:
    """One publication, its servers, and everything that is measured on them."""

    def __init__(self, folder: Path, scale: Scale) -> None:
        self._folder, self._scale = folder, scale
        self._environment = _environment(folder)
        _prepare(folder, self._environment)
        found = settings.read(self._environment)
        self._url = database.address(found)
        self._rows = Rows(self._url)
        self._readers = Readers(found.secret, self._rows.clock_offset())
        self._secret = found.secret
        self.figures: dict[str, float] = {
            "load_average_before": round(os.getloadavg()[0], 1)  # Quiet: below one.
        }
        self.ratios: dict[str, float] = {}

    def measure(self) -> dict[str, object]:
        self._rows.clear()
        with ExitStack() as stack:
            stack.callback(self._rows.close)
            stack.callback(self._rows.clear)
            gate = stack.enter_context(
                _servers.gate_server(self._folder, self._environment)
            )
            story, premium = self._press(gate)
            page = fetch(gate, story.path, self._readers.subscriber())
            nginx = stack.enter_context(
                _servers.nginx_server(self._folder, page, gate.port, story.path)
            )
            self.figures["page_bytes"] = len(page)
            self._views(gate, nginx, story, premium)
            self._while_django_is_busy(gate, story)
            self.figures["gate_rss_mb"] = gate.rss_mb()
            self._alone(story)
            self._by_stories(gate, story)
            self._by_identities(gate, story)
            self.figures["gate_rss_mb_at_the_end"] = gate.rss_mb()
        return {
            "claim": CLAIM,
            "figures": self.figures,
            "ratios": self.ratios,
            "against": "nginx, one worker, the same page as a file, the same cookies; "
            f"wrk with {_servers.CONNECTIONS} connections; {self._scale.rounds} turns "
            f"of {self._scale.seconds} s; {os.cpu_count()} cores; by_cpu: the time of "
            "the server's own process for a request, without PostgreSQL's",
        }

    def _press(self, gate: Server) -> tuple[Story, Story]:
        """Have every story pressed by asking for it; return one of each class."""
        reader = self._readers.subscriber()
        for access in ("metered", "premium"):
            for _, path in self._rows.stories(access):
                fetch(gate, path, reader)
        return self._rows.pressed("metered"), self._rows.pressed("premium")

    # --- The kinds of views, in turns ---------------------------------------------

    def _views(self, gate: Server, nginx: Server, story: Story, premium: Story) -> None:
        paths = [path for _, path in self._rows.stories("metered")]
        others = [path for path in paths if path != story.path]
        again = self._have_read(gate, "reread", [story.path], story.path)
        spent = self._have_read(gate, "walled", others[:3], story.path)
        device = self._readers.device()
        assert CANARY in fetch(gate, story.path, _first_cookie(again))
        assert CANARY not in fetch(gate, story.path, _first_cookie(spent))
        subscriber = self._readers.subscriber
        kinds: dict[str, Callable[[], Load]] = {
            "nginx": lambda: self._run(nginx, "/page.html", subscriber()),
            "subscriber": lambda: self._run(gate, story.path, subscriber()),
            "counted": lambda: self._counted(gate, paths[:3]),
            "reread": lambda: self._run(gate, "/", "", again),
            "cut": lambda: self._run(gate, premium.path, device),
            "walled": lambda: self._run(gate, "/", "", spent),
            "reread_by_one": lambda: self._run(gate, story.path, _first_cookie(again)),
            "auth_request": lambda: self._run(nginx, "/asked/page.html", subscriber()),
        }
        runs: dict[str, list[Load]] = {kind: [] for kind in kinds}
        for _ in range(self._scale.rounds):
            for kind, run in kinds.items():
                runs[kind].append(run())
        found = {kind: middle(loads) for kind, loads in runs.items()}
        for kind, load in found.items():
            self._note(kind, load)
            if kind != "nginx":
                of_nginx = load.per_second / found["nginx"].per_second
                self.ratios[f"{kind}_of_nginx"] = round(of_nginx, 2)
            # What others do on the machine disturbs this much less. It leaves out
            # PostgreSQL's part, and is of no use where two servers share the work.
            if kind not in ("nginx", "auth_request"):
                of_cpu = found["nginx"].cpu_us / load.cpu_us
                self.ratios[f"{kind}_of_nginx_by_cpu"] = round(of_cpu, 2)

    def _have_read(self, gate: Server, name: str, paths: list[str], story: str) -> Path:
        """Let readers read `paths`; return the lines with which they ask for `story`."""
        lines = self._folder / name
        devices = [self._readers.device() for _ in range(READERS)]
        for device in devices:
            for path in paths:
                fetch(gate, path, device)
        lines.write_text("".join(f"{story}\t{device}\n" for device in devices))
        return lines

    def _run(
        self, server: Server, path: str, cookie: str, lines: Path | None = None
    ) -> Load:
        return press_on(server, path, cookie, seconds=self._scale.seconds, lines=lines)

    def _counted(self, gate: Server, paths: list[str]) -> Load:
        """Views that each cost somebody a free story, which is checked afterwards."""
        lines = self._folder / "counted"
        devices = [self._readers.device() for _ in range(self._scale.fresh)]
        lines.write_text(
            "".join(f"{path}\t{one}\n" for path in paths for one in devices)
        )
        before = self._rows.counted()
        load = press_on(gate, "/", "", seconds=self._scale.seconds, lines=lines)
        counted = self._rows.counted() - before
        # The views that were under way when wrk stopped listening are counted too.
        if not load.requests <= counted <= load.requests + _servers.CONNECTIONS:
            raise SystemExit(f"{load.requests} views, but {counted} of them counted")
        return load

    def _note(self, kind: str, load: Load) -> None:
        self.figures[f"{kind}_requests_per_second"] = round(load.per_second)
        self.figures[f"{kind}_p50_us"] = round(load.p50_us)
        self.figures[f"{kind}_p99_us"] = round(load.p99_us)
        self.figures[f"{kind}_server_cpu_us"] = round(load.cpu_us, 1)

    # --- Django in the same process -----------------------------------------------

    def _while_django_is_busy(self, gate: Server, story: Story) -> None:
        """Story views while four readers ask Django for pages as fast as they come."""
        command = ["wrk", "-t1", "-c4", f"-d{self._scale.seconds + 1}s", "--latency"]
        busy = subprocess.Popen(
            [*command, f"{gate.address}/search/?q=museum"], stdout=subprocess.PIPE
        )
        try:
            time.sleep(0.5)
            self._note("while_django_is_busy", self._subscriber(gate, story))
        finally:
            busy.wait()

    def _subscriber(self, gate: Server, story: Story) -> Load:
        return self._run(gate, story.path, self._readers.subscriber())

    # --- The gate without a server around it --------------------------------------

    def _alone(self, story: Story) -> None:
        """From the request to its answer, one view at a time: no HTTP, no waiting."""
        times = {
            "subscriber": [self._readers.subscriber()] * 10_000,
            "counted": [self._readers.device() for _ in range(10_000)],
        }
        for kind, cookies in times.items():
            spent = sorted(asyncio.run(self._decisions(story.path, cookies)))
            self.figures[f"{kind}_decision_p50_us"] = spent[len(spent) // 2]
            self.figures[f"{kind}_decision_p99_us"] = spent[len(spent) * 99 // 100]

    async def _decisions(self, path: str, cookies: list[str]) -> list[float]:
        gate = Gate(
            _nobody,
            store=PostgresStore(self._url),
            keyring=Keyring.of(self._secret),
            presser=lambda story_id: None,
            minter=lambda cookies: None,
        )
        spent = []
        for cookie in [cookies[0], *cookies]:
            scope = _scope(path, cookie)
            began = time.perf_counter()
            await gate(scope, _nothing, _heard)
            spent.append(round((time.perf_counter() - began) * 1e6, 1))
        await gate.close()
        return spent[1:]

    # --- How it changes with size -------------------------------------------------

    def _by_stories(self, gate: Server, story: Story) -> None:
        for wanted in self._scale.stories:
            paths = self._rows.fill_stories(wanted, story)
            self._spread(gate, paths, f"with_{wanted}_stories")
        self._compare("stories", self._scale.stories)

    def _by_identities(self, gate: Server, story: Story) -> None:
        self._rows.clear_meter()
        paths = [path for _, path in self._rows.stories("metered")][:3]
        for wanted in self._scale.identities:
            self._rows.fill_identities(wanted)
            self._note(f"counted_with_{wanted}_identities", self._counted(gate, paths))
            self._note(
                f"subscriber_with_{wanted}_identities", self._subscriber(gate, story)
            )
        self._compare("identities", self._scale.identities)

    def _spread(self, gate: Server, paths: list[str], name: str) -> None:
        """Subscribers and counted views over stories from first to last, all warm."""
        lines, reader = self._folder / "spread", self._readers.subscriber()
        for path in paths:
            fetch(gate, path, reader)
        lines.write_text("".join(f"{path}\t{reader}\n" for path in paths))
        seconds = self._scale.seconds
        load = press_on(gate, "/", "", seconds=seconds, lines=lines)
        self._note(f"subscriber_{name}", load)
        devices = [self._readers.device() for _ in range(self._scale.fresh)]
        lines.write_text(
            "".join(
                f"{paths[place % len(paths)]}\t{one}\n"
                for place, one in enumerate(devices)
            )
        )
        load = press_on(gate, "/", "", seconds=seconds, lines=lines)
        self._note(f"counted_{name}", load)

    def _compare(self, what: str, sizes: tuple[int, int]) -> None:
        few, many = sizes
        for kind in ("subscriber", "counted"):
            least = self.figures[f"{kind}_with_{few}_{what}_requests_per_second"]
            most = self.figures[f"{kind}_with_{many}_{what}_requests_per_second"]
            self.ratios[f"{kind}_{many}_of_{few}_{what}"] = round(most / least, 2)


def _first_cookie(lines: Path) -> str:
    return lines.read_text().split("\n", 1)[0].partition("\t")[2]


def _scope(path: str, cookie: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"cookie", cookie.encode())],
    }


async def _nobody(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("The gate passed a pressed story on.")


async def _nothing() -> Any:
    raise AssertionError("The gate read a body.")


async def _heard(message: Any) -> None:
    if message["type"] == "http.response.start":
        assert message["status"] == 200, message


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
    }


def _prepare(folder: Path, environment: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "prepare.log").open("w") as log:
        subprocess.run(
            [sys.executable, "-m", "broadsheet.main", "prepare", "--demo"],
            env=environment,
            stdout=log,
            stderr=log,
            check=True,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="Fewer rows, one turn.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    options = parser.parse_args()
    lacking = _servers.missing()
    if lacking:
        print(lacking, file=sys.stderr)
        return 1
    # Whoever stops us shall find no server of ours running.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    folder = Path(os.environ.get("BROADSHEET_VAR", ROOT / "var")).resolve() / "gate"
    found = Bench(folder, QUICK if options.quick else FULL).measure()
    if options.json:
        print(json.dumps(found))
        return 0
    for part in ("figures", "ratios"):
        for name, figure in found[part].items():
            print(f"{name:52} {figure:>10}")
    print(f"against: {found['against']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
