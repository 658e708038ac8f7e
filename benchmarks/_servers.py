"""The servers that a benchmark of the gate starts on loopback, and the load on them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

ROOT = Path(__file__).resolve().parents[1]
CONNECTIONS = 32
UP_WITHIN = 90.0  # Seconds.
EDGE_KEY = "a-key-of-the-benchmark-that-is-long-enough"

_LUA = """
local requests, n = {}, 0
function init()
  for line in io.lines("%s") do
    local path, cookie = line:match("^(%%S+)\\t(.*)$")
    requests[#requests + 1] = wrk.format("GET", path, {Host = "127.0.0.1", Cookie = cookie})
  end
end
function request()
  n = n + 1
  return requests[(n - 1) %% #requests + 1]
end
"""
_NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.error;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_requests 1000000000; default_type "text/html; charset=utf-8";
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  upstream gate {{ server 127.0.0.1:{gate}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port}; root {folder}/www;
    location / {{ }}
    location /asked/ {{ auth_request /ask; }}
    location /edge/ {{
      auth_request /authorise;
      auth_request_set $answer $upstream_http_x_gate_answer;
      add_header X-Was $answer;
    }}
    location = /authorise {{
      internal; proxy_pass http://gate/gate/v1/authorise;
      proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_pass_request_body off; proxy_set_header Content-Length "";
      proxy_set_header X-Gate-Key {key}; proxy_set_header X-Gate-Uri {story};
      proxy_set_header X-Gate-Method GET; proxy_set_header X-Gate-Client 203.0.113.1;
    }}
    location = /ask {{
      internal; proxy_pass http://gate{story}; proxy_method HEAD;
      proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_pass_request_body off; proxy_set_header Content-Length "";
    }}
  }}
}}
"""


def missing() -> str:
    """Return what cannot be measured with, and how to get it; empty if nothing is."""
    lacking = [name for name in ("nginx", "wrk") if shutil.which(name) is None]
    if not lacking:
        return ""
    return (
        f"This benchmark needs {' and '.join(lacking)}; on Debian or Ubuntu: "
        f"apt-get install {' '.join(lacking)}"
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(
    command: Sequence[str], log: Path, environment: Mapping[str, str], address: str
) -> Iterator[psutil.Process]:
    """Run a server until the block ends. It is stopped by its number, and waited for."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=dict(environment), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(address, process, log)
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + UP_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"A server did not come up: {log.read_text()[-600:]}")


@contextmanager
def gate_server(
    folder: Path, environment: Mapping[str, str], *words: str
) -> Iterator[Server]:
    """`broadsheet serve`: the whole application, gate and Django, in one worker."""
    port = free_port()
    command = [sys.executable, "-m", "broadsheet.main", "serve", "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    log = folder / f"serve-{port}.log"
    with _running([*command, *words], log, environment, address + "/readyz") as main:
        yield Server(address, port, main, "gates" if "--gates" in words else "")


@contextmanager
def valkey_server(folder: Path) -> Iterator[str | None]:
    """A Valkey, or Redis, that writes nothing down; None if neither is installed."""
    found = next(
        filter(None, map(shutil.which, ("valkey-server", "redis-server"))), None
    )
    if found is None:
        yield None
        return
    port = free_port()
    command = [found, "--port", str(port), "--save", "", "--appendonly", "no"]
    with (folder / "valkey.log").open("w") as log:
        process = subprocess.Popen([*command, "--bind", "127.0.0.1"], stdout=log)
        try:
            yield f"valkey://127.0.0.1:{port}/0"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


@contextmanager
def nginx_server(folder: Path, page: bytes, gate: int, story: str) -> Iterator[Server]:
    """
    nginx with one worker: `page` at /page.html; at /asked/ if the story's own answer is
    200, and at /edge/ after asking as an edge does.
    """
    for name in ("page.html", "asked/page.html", "edge/page.html"):
        path = folder / "www" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(page)
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(
        _NGINX.format(folder=folder, port=port, gate=gate, story=story, key=EDGE_KEY)
    )
    address = f"http://127.0.0.1:{port}"
    command = ["nginx", "-e", str(folder / "nginx.error"), "-c", str(conf)]
    with _running(
        command, folder / "nginx.log", os.environ, address + "/page.html"
    ) as main:
        yield Server(address, port, main)


@dataclass(frozen=True, slots=True)
class Server:
    address: str
    port: int
    main: psutil.Process
    part: str = ""  # Of an arrangement with several servers, the one that is meant.

    @property
    def worker(self) -> psutil.Process:
        """Return the child that answers: the one that has worked most."""
        workers = self.main.children()
        if self.part:
            meant = [each for each in workers if self.part in each.cmdline()]
            workers = meant[0].children()
        return max(workers, key=lambda each: sum(each.cpu_times()[:2]))

    def cpu_seconds(self) -> float:
        return float(sum(self.worker.cpu_times()[:2]))

    def rss_mb(self) -> int:
        return round(self.worker.memory_info().rss / 2**20)


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk found."""

    requests: int
    per_second: float
    p50_us: float
    p99_us: float
    cpu_us: float  # Of the server's worker, a request.


def middle(loads: Sequence[Load]) -> Load:
    """Return the median of each figure; of the requests, the sum."""
    return Load(
        sum(load.requests for load in loads),
        *(
            median(getattr(load, name) for load in loads)
            for name in ("per_second", "p50_us", "p99_us", "cpu_us")
        ),
    )


def script(lines: Path) -> str:
    """Return a script for wrk that asks for each of `lines`, a path and a cookie."""
    written = lines.with_suffix(".lua")
    written.write_text(_LUA % lines)
    return str(written)


def press_on(
    server: Server,
    path: str,
    cookie: str,
    *,
    seconds: int,
    lines: Path | None = None,
    connections: int = CONNECTIONS,
) -> Load:
    """Ask for `path` again and again; or for each of `lines`, a path and a cookie."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if lines is None:
        command += ["-H", f"Cookie: {cookie}"]
    else:
        command += ["-s", script(lines)]
    before = server.cpu_seconds()
    said = subprocess.run(
        [*command, server.address + path], capture_output=True, text=True, check=True
    ).stdout
    spent = server.cpu_seconds() - before
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{path} was not answered as it should be:\n{said}")
    return _load(said, spent)


def _load(said: str, cpu_seconds: float) -> Load:
    requests = int(_found(r"(\d+) requests in", said)[1])
    return Load(
        requests,
        float(_found(r"Requests/sec:\s+([\d.]+)", said)[1]),
        _microseconds(*_found(r"50%\s+([\d.]+)(us|ms|s)", said).groups()),
        _microseconds(*_found(r"99%\s+([\d.]+)(us|ms|s)", said).groups()),
        cpu_seconds * 1e6 / requests,
    )


def _found(pattern: str, said: str) -> re.Match[str]:
    found = re.search(pattern, said)
    if found is None:
        raise SystemExit(f"wrk said nothing like {pattern}:\n{said}")
    return found


def _microseconds(number: str, unit: str) -> float:
    return float(number) * {"us": 1.0, "ms": 1e3, "s": 1e6}[unit]
