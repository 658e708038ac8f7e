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
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import _servers
from _busy import Busy
from _decisions import decisions
from _paper import EDGE, Readers, _environment, _prepare, fetch
from _rows import Rows, Story
from _servers import ROOT, Load, Server, middle, press_on

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


QUICK = Scale(2, 1, 40_000, (10_000, 100_000), (1_000, 100_000))
FULL = Scale(5, 3, 60_000, (10_000, 3_000_000), (1_000, 10_000_000))


class Bench:
    """One publication, its servers, and everything that is measured on them."""

    def __init__(self, folder: Path, scale: Scale, into: Path | None = None) -> None:
        self._folder, self._scale, self._into = folder, scale, into
        self._began = time.monotonic()
        self._say("drawing the demo paper, if this is the first time")
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

    def _say(self, what: str) -> None:
        """Tell whoever waits how far it is; the whole takes as long as `main` says."""
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        print(f"[{minutes:2}:{seconds:02}] {what}", file=sys.stderr, flush=True)

    def measure(self) -> dict[str, object]:
        self._rows.clear()
        with ExitStack() as stack:
            stack.callback(self._rows.close)
            stack.callback(self._rows.clear)
            open_ = stack.enter_context
            environment = self._environment
            gate = open_(_servers.gate_server(self._folder, environment))
            alone = open_(
                _servers.gate_server(self._folder, environment, "--gates", "1")
            )
            valkey = self._with_valkey(open_(_servers.valkey_server(self._folder)))
            story, premium = self._press(gate)
            page = fetch(gate, story.path, self._readers.subscriber())
            nginx = open_(
                _servers.nginx_server(self._folder, page, gate.port, story.path)
            )
            self.figures["page_bytes"] = len(page)
            kinds = self._kinds(gate, nginx, story, premium)
            kinds |= self._kinds_alone(alone, story)
            if valkey is not None:
                server = open_(_servers.gate_server(self._folder, valkey))
                kinds["counted_in_valkey"] = lambda: self._counted_there(server)
            self._views(kinds)
            busy = Busy(self._folder, environment)
            for name, server in (("one_process", gate), ("gate_alone", alone)):
                self._while_busy(name, server, busy, story)
            self._memory("", gate, alone)
            self._alone(story)
            self._by_stories(gate, story)
            self._by_identities(gate, story)
            self._memory("_at_the_end", gate, alone)
        return self.told()

    def told(self) -> dict[str, object]:
        return {
            "claim": CLAIM,
            "figures": self.figures,
            "ratios": self.ratios,
            "against": "nginx, one worker, the same page as a file, the same cookies; "
            f"wrk with {_servers.CONNECTIONS} connections; {self._scale.rounds} turns "
            f"of {self._scale.seconds} s; {os.cpu_count()} cores; by_cpu: the time of "
            "the server's own process for a request, without PostgreSQL's",
        }

    def _with_valkey(self, address: str | None) -> dict[str, str] | None:
        if address is None:
            self._say("no Valkey and no Redis is installed; that arm is left out")
            return None
        return {**self._environment, "BROADSHEET_METER_URL": address}

    def _memory(self, when: str, gate: Server, alone: Server) -> None:
        """Each process's resident memory, with the pages that it has been asked for."""
        web = Server(alone.address, alone.port, alone.main, "web")
        for name, server in (("one", gate), ("gate_alone", alone), ("web", web)):
            self.figures[f"{name}_process_rss_mb{when}"] = server.rss_mb()

    def _press(self, gate: Server) -> tuple[Story, Story]:
        """Have every story pressed by asking for it; return one of each class."""
        reader = self._readers.subscriber()
        for access in ("metered", "premium"):
            for _, path in self._rows.stories(access):
                fetch(gate, path, reader)
        return self._rows.pressed("metered"), self._rows.pressed("premium")

    # --- The kinds of views, in turns ---------------------------------------------

    def _kinds(
        self, gate: Server, nginx: Server, story: Story, premium: Story
    ) -> dict[str, Callable[[], Load]]:
        """Return what is measured with gate and Django in one process."""
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
        if EDGE:
            asked = lambda: self._run(nginx, "/edge/page.html", subscriber())  # noqa: E731
            kinds["edge_authorise"] = asked
        return kinds

    def _kinds_alone(
        self, alone: Server, story: Story
    ) -> dict[str, Callable[[], Load]]:
        paths = [path for _, path in self._rows.stories("metered")][:3]
        for path in paths:
            fetch(alone, path, self._readers.subscriber())
        return {
            "alone_subscriber": lambda: self._subscriber(alone, story),
            "alone_counted": lambda: self._counted(alone, paths),
        }

    def _views(self, kinds: dict[str, Callable[[], Load]]) -> None:
        """Run the kinds in turns; note the middle of each, and its ratio to nginx."""
        runs: dict[str, list[Load]] = {kind: [] for kind in kinds}
        for turn in range(self._scale.rounds):
            self._say(f"{len(kinds)} kinds of views, turn {turn + 1}")
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
            if kind not in ("nginx", "auth_request", "edge_authorise"):
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

    def _counted_there(self, gate: Server) -> Load:
        """The same with the meter in Valkey, where nobody but the gate can look."""
        paths = [path for _, path in self._rows.stories("metered")][:3]
        lines = self._fresh(paths)
        return press_on(gate, "/", "", seconds=self._scale.seconds, lines=lines)

    def _fresh(self, paths: list[str]) -> Path:
        """Return the lines with which identities that nobody has seen ask for `paths`."""
        lines = self._folder / "counted"
        devices = [self._readers.device() for _ in range(self._scale.fresh)]
        lines.write_text(
            "".join(f"{path}\t{one}\n" for path in paths for one in devices)
        )
        return lines

    def _counted(self, gate: Server, paths: list[str]) -> Load:
        """Views that each cost somebody a free story, which is checked afterwards."""
        lines = self._fresh(paths)
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
        if self._into is not None:  # What has been found is not lost, whatever comes.
            self._into.write_text(json.dumps(self.told(), indent=1) + "\n")

    # --- While others work --------------------------------------------------------

    def _while_busy(self, name: str, server: Server, busy: Busy, story: Story) -> None:
        """Views of four readers, alone and while desk and checkout are kept busy."""
        self._say(f"the desk and the checkout kept busy: {name}")
        seconds, reader = self._scale.seconds, self._readers.subscriber()

        def four() -> Load:
            return press_on(server, story.path, reader, seconds=seconds, connections=4)

        self._note(f"{name}_calm", four())
        with busy.keep(server, seconds + 2):
            self._note(f"{name}_busy", four())
        self.figures[f"{name}_busy_pages_per_second"] = round(busy.per_second, 1)
        for part in ("p50", "p99"):
            calm = self.figures[f"{name}_calm_{part}_us"]
            found = self.figures[f"{name}_busy_{part}_us"]
            self.ratios[f"{name}_{part}_busy_of_calm"] = round(found / calm, 1)

    def _subscriber(self, gate: Server, story: Story) -> Load:
        return self._run(gate, story.path, self._readers.subscriber())

    # --- The gate without a server around it --------------------------------------

    def _alone(self, story: Story) -> None:
        """From the request to its answer, one view at a time: no HTTP, no waiting."""
        self._say("the decision itself")
        times = {
            "subscriber": [self._readers.subscriber()] * 10_000,
            "counted": [self._readers.device() for _ in range(10_000)],
        }
        for kind, cookies in times.items():
            took = decisions(self._url, self._secret, story.path, cookies)
            spent = sorted(asyncio.run(took))
            self.figures[f"{kind}_decision_p50_us"] = spent[len(spent) // 2]
            self.figures[f"{kind}_decision_p99_us"] = spent[len(spent) * 99 // 100]

    # --- How it changes with size -------------------------------------------------

    def _by_stories(self, gate: Server, story: Story) -> None:
        for wanted in self._scale.stories:
            self._say(f"filing {wanted} stories")
            paths = self._rows.fill_stories(wanted, story)
            self._spread(gate, paths, f"with_{wanted}_stories")
        self._compare("stories", self._scale.stories)

    def _by_identities(self, gate: Server, story: Story) -> None:
        self._rows.clear_meter()
        paths = [path for _, path in self._rows.stories("metered")][:3]
        for wanted in self._scale.identities:
            self._say(f"counting {wanted} identities")
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="Fewer rows, one turn.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    parser.add_argument("--into", type=Path, help="Write what is found here, at once.")
    options = parser.parse_args()
    lacking = _servers.missing()
    if lacking:
        print(lacking, file=sys.stderr)
        return 1
    # Whoever stops us shall find no server of ours running.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    folder = Path(os.environ.get("BROADSHEET_VAR", ROOT / "var")).resolve() / "gate"
    length = "two minutes" if options.quick else "a quarter of an hour"
    print(f"This takes about {length}.", file=sys.stderr)
    scale = QUICK if options.quick else FULL
    found = Bench(folder, scale, options.into).measure()
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
