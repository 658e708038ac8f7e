"""64 readers' threads over 50 stories, through two server processes: exactly the limit."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from broadsheet.gate.core import passes
from broadsheet.kit import clock
from tests.gate.conftest import DEVICE, RING, empty_gate, facts, pressed

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Not fixed ones: servers that share a port share its requests, also with a stranger's.
PORTS = (free_port(), free_port())
STORIES = range(1, 51)

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


@pytest.fixture
def filed(conninfo):
    """Fifty metered stories and a limit of three, written without Django."""
    with psycopg.connect(conninfo) as connection:
        for story_id in STORIES:
            story, page = facts(story_id), pressed(story_id)
            connection.execute(
                "INSERT INTO gate_storyfact VALUES (%s, %s, %s, %s, %s, %s, NULL)",
                (story_id, story.path, "metered", "Business", story.published_at, 1),
            )
            connection.execute(
                "INSERT INTO gate_pressedpage VALUES (%s, 1, %s, %s, now())",
                (story_id, page.full, page.cut),
            )
    yield conninfo
    empty_gate(conninfo)


@pytest.fixture
def meter_url() -> str:
    """Where the two gates count: PostgreSQL, unless a test says otherwise."""
    return ""


@pytest.fixture
def servers(filed, meter_url):
    environ = os.environ | {
        "GATE_CONNINFO": filed,
        "GATE_METER_URL": meter_url,
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
    }
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--workers", "1"]
    running = [
        subprocess.Popen(
            [*command, "--port", str(port), "tests.gate.served:application"],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for port in PORTS
    ]
    try:
        for port in PORTS:
            wait_for(port)
        yield running
    finally:
        for server in running:
            server.terminate()
        for server in running:
            server.wait(30)


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"nothing answers on port {port}")


def read(port: int, story_id: int) -> tuple[int, bool]:
    cookie = passes.device_cookie(RING, DEVICE, clock.wall())
    reply = httpx.get(
        f"http://127.0.0.1:{port}/business/a-story-{story_id}/",
        headers={"cookie": f"{passes.DEVICE_COOKIE}={cookie}"},
        timeout=60,
    )
    return reply.status_code, "canary" in reply.text


@pytest.fixture
def pooled(filed):
    """Of the fifty stories, all with an even number draw on a pool of two."""
    with psycopg.connect(filed) as connection:
        connection.execute(
            "UPDATE gate_storyfact SET section = 'opinion' WHERE story_id % 2 = 0"
        )
        connection.execute("INSERT INTO gate_pool VALUES ('opinion', 'Opinion', 2, 1)")
        connection.execute(
            "INSERT INTO gate_poolrule (pool_id, section, access)"
            " VALUES ('opinion', 'opinion', '')"
        )
    yield
    empty_gate(filed)


def drawn_on(shown: set[int]) -> dict[str, int]:
    """Return how many of the stories were paid for by each pool."""
    opinion = len({story for story in shown if story % 2 == 0})
    return {"opinion": opinion, "": len(shown) - opinion}


def test_exactly_each_pools_limit_opens_through_two_processes(pooled, servers, filed):
    shown = read_by_64_threads(expected=5)

    assert drawn_on(shown) == {"opinion": 2, "": 3}
    with psycopg.connect(filed) as connection:
        stories, pools = connection.execute(
            "SELECT stories, pools FROM gate_meterrow"
        ).fetchone()
    assert dict(zip(stories, pools, strict=True)) == {
        story: "" if story % 2 else "opinion" for story in shown
    }


def test_exactly_the_limit_opens_through_two_processes(servers, filed):
    shown = read_by_64_threads()

    with psycopg.connect(filed) as connection:
        (kept,) = connection.execute("SELECT stories FROM gate_meterrow").fetchone()
    assert sorted(kept) == sorted(shown)


def recorded(filed) -> list[int]:
    with psycopg.connect(filed) as connection:
        rows = connection.execute("SELECT story_id FROM gate_recordeddecision")
        return sorted(story_id for (story_id,) in rows)


def test_a_gate_that_is_told_to_stop_writes_what_it_has_noted(servers, filed):
    for port, story_id in ((PORTS[0], 1), (PORTS[1], 2), (PORTS[0], 3), (PORTS[1], 4)):
        read(port, story_id)
    for server in servers:
        server.send_signal(signal.SIGTERM)
    for server in servers:
        server.wait(30)
    assert recorded(filed) == [1, 2, 3, 4]


def test_a_gate_that_is_killed_loses_a_moments_records_and_no_count(servers, filed):
    read(PORTS[0], 1)
    end = time.monotonic() + 10
    while recorded(filed) != [1]:
        assert time.monotonic() < end
        time.sleep(0.1)
    read(PORTS[0], 2)
    worker = httpx.get(f"http://127.0.0.1:{PORTS[0]}/").json()["pid"]
    os.kill(worker, signal.SIGKILL)
    assert recorded(filed) in ([1], [1, 2])
    assert [read(PORTS[1], story)[1] for story in (1, 2, 3, 4)] == [
        True,
        True,
        True,
        False,
    ]


@pytest.fixture
def counted_in(valkeys, filed):
    """A real Valkey, then a cluster. `filed` has taken every row from PostgreSQL."""
    return valkeys


class TestInValkey:
    @pytest.fixture
    def meter_url(self, counted_in) -> str:
        scheme = "valkey+cluster" if counted_in.address.cluster else "valkey"
        hosts = (f"{host}:{port}" for host, port in counted_in.address.nodes)
        return f"{scheme}://{','.join(hosts)}"

    def test_exactly_each_pools_limit_opens_through_two_processes(
        self, pooled, servers, counted_in
    ):
        shown = read_by_64_threads(expected=5)

        assert drawn_on(shown) == {"opinion": 2, "": 3}
        (row,) = counted_in.rows().values()
        assert {
            int(story): read.partition(b" ")[2].decode()
            for story, read in row.items()
            if story != b"since"
        } == {story: "" if story % 2 else "opinion" for story in shown}

    def test_exactly_the_limit_opens_through_two_processes(
        self, servers, counted_in, filed
    ):
        shown = read_by_64_threads()

        (row,) = counted_in.rows().values()
        assert {int(story) for story in row if story != b"since"} == shown
        with psycopg.connect(filed) as connection:
            assert not connection.execute("SELECT FROM gate_meterrow").fetchall()


def read_by_64_threads(expected: int = 3) -> set[int]:
    """Read all stories at both gates at once. Return those shown in full."""
    views = [(port, story) for story in STORIES for port in PORTS for _ in range(2)]

    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(lambda view: read(*view), views))

    assert {status for status, _ in answers} == {200}
    shown = {
        story for (_, story), (_, full) in zip(views, answers, strict=True) if full
    }
    assert len(shown) == expected
    # All of them stay open in both processes, and nothing else is.
    again = {story: [read(port, story)[1] for port in PORTS] for story in STORIES}
    assert {story for story, full in again.items() if full == [True, True]} == shown
    assert {story for story, full in again.items() if any(full)} == shown
    return shown


def test_a_gate_of_its_own_never_imports_django(servers):
    told = [httpx.get(f"http://127.0.0.1:{port}/").json() for port in PORTS]

    assert [one["django"] for one in told] == [False, False]
    assert told[0]["pid"] != told[1]["pid"]


def test_the_address_is_compared_as_the_client_spelled_it(servers):
    """Over a real server, which decodes paths before the application sees them."""
    import socket

    cookie = passes.device_cookie(RING, DEVICE, clock.wall())
    statuses = []
    for path in (
        "/business/a-story-1/",
        "/business/a-story-%31/",
        "/business/./a-story-1/",
        "//business/a-story-1/",
        "/business/%2e/a-story-1/",
        "/business/a-story-1/?x=1",
    ):
        with socket.create_connection(("127.0.0.1", PORTS[0]), timeout=20) as line:
            line.sendall(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                f"Cookie: {passes.DEVICE_COOKIE}={cookie}\r\n\r\n".encode()
            )
            statuses.append(line.recv(64).split()[1])

    assert statuses == [b"200", b"301", b"301", b"301", b"301", b"200"]
