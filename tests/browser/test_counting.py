"""One identity, many hands: two server processes count her stories together, exactly."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psutil
import pytest

from broadsheet.main.leakcheck.wire import Request, Unreachable, Wire
from tests.browser.client import Client, in_the_house, whole
from tests.site import RunningSite

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
LIMIT = 3
STORIES, THREADS = 50, 64
PLANT = f"""
from broadsheet.main.leakcheck import planting
from broadsheet.news.newsroom import queries
from broadsheet.plumbing import publication
for number in planting.fillers({STORIES}, publication.now()):
    print(queries.canonical(number))
"""


@pytest.fixture(scope="module")
def paths(site: RunningSite) -> Iterator[list[str]]:
    yield in_the_house(site, PLANT).split()
    site.cli("leakcheck", "--weed")


@pytest.fixture(scope="module")
def served(site: RunningSite) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The same publication, served by two processes on another port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "broadsheet.main", "serve"]
    process = subprocess.Popen(
        [*command, "--workers", "2", "--port", str(port)],
        env=site.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    origin = f"http://127.0.0.1:{port}"
    try:
        _wait_for(origin)
        yield origin, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _wait_for(origin: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if Wire(origin).ask(Request("", "/readyz")).status == 200:
                return
        except Unreachable:
            time.sleep(0.3)
    raise AssertionError("The two workers did not come up.")


def _identity(origin: str) -> str:
    client = Client(origin)
    client.get("/")
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def _is_whole(body: bytes) -> bool:
    return b"<article" in body and b'class="wall' not in body


def test_64_hands_on_50_stories_get_exactly_the_limit(
    served: tuple[str, subprocess.Popen[bytes]], paths: list[str]
):
    origin, _ = served
    cookies = _identity(origin)
    wire = Wire(origin)

    def read(path: str) -> bytes | None:
        answer = wire.ask(Request("", path), [cookies])
        assert answer.status == 200
        return answer.body if _is_whole(answer.body) else None

    with ThreadPoolExecutor(THREADS) as hands:
        # Every story twice, in two orders: a parallel tab of one story costs nothing.
        shown = list(hands.map(read, [*paths, *reversed(paths)]))

    assert len(paths) == STORIES
    twice = zip(shown[:STORIES], reversed(shown[STORIES:]), strict=True)
    opened = [path for path, pair in zip(paths, twice, strict=True) if any(pair)]
    assert len(opened) == LIMIT
    # Those are open for ever, and no other.
    assert [path for path in paths if read(path)] == opened


def test_a_process_killed_in_the_middle_of_counting_loses_and_doubles_nothing(
    served: tuple[str, subprocess.Popen[bytes]], paths: list[str]
):
    origin, process = served
    # The biggest of the processes is surely one that serves.
    children = psutil.Process(process.pid).children(recursive=True)
    worker = max(children, key=lambda one: one.memory_info().rss)
    wire = Wire(origin)
    readers = [_identity(origin) for _ in range(40)]
    begun = Event()

    def read(asked: tuple[int, str]) -> tuple[int, str] | None:
        reader, path = asked
        if reader == 10:
            begun.set()
        try:
            answer = wire.ask(Request("", path), [readers[reader]])
        except Unreachable:
            return None
        return asked if _is_whole(answer.body) else None

    questions = [(reader, path) for reader in range(len(readers)) for path in paths[:8]]
    with ThreadPoolExecutor(16) as hands:
        asked = [hands.submit(read, question) for question in questions]
        assert begun.wait(30)
        worker.kill()
        shown = {one for one in (done.result() for done in asked) if one}
    _wait_for(origin)

    for reader in range(len(readers)):
        seen = {path for number, path in shown if number == reader}
        assert len(seen) <= LIMIT
        # Nothing lost: what she was shown is hers. Nothing double: in the end she has
        # exactly the limit, with those among them.
        left = {path for path in paths[:8] if read((reader, path))}
        assert seen <= left and len(left) == LIMIT


def test_the_first_server_and_the_two_workers_share_one_meter(
    site: RunningSite, served: tuple[str, subprocess.Popen[bytes]], paths: list[str]
):
    client = Client(site.origin)
    assert [whole(client.read(path)) for path in paths[:2]] == [True, True]

    other = Client(served[0], client.cookies)

    shown = [whole(other.read(path)) for path in paths[:5]]
    assert shown == [True, True, True, False, False]
