"""Between a gate process and a web process: real servers, a real socket."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
import pytest

from broadsheet.gate.alone import Proxy, remote
from broadsheet.gate.alone.errands import ErrandFailed
from tests.gate.behind import PAGE, PIECE, PIECES, TOKEN

ROOT = Path(__file__).parents[2]
PORT = 8112
MB = 2**20

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]


class Pair:
    """A gate process at `PORT`, and a web process behind it."""

    def __init__(self, folder: str) -> None:
        self.socket = f"{folder}/web"
        self._environ = os.environ | {
            "WEB_SOCKET": self.socket,
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        }
        self.gate = self._start("ahead", "--port", str(PORT))
        self.web = self._start("behind", "--uds", self.socket)
        self.wait()

    def _start(self, name: str, *where: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws"]
        return subprocess.Popen(
            [*command, *where, f"tests.gate.{name}:application"],
            cwd=ROOT,
            env=self._environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def wait(self) -> None:
        for _ in range(200):
            try:
                if get("/").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError("the pair does not come up")

    def restart_web(self) -> None:
        self.web = self._start("behind", "--uds", self.socket)
        self.wait()

    def gate_mb(self) -> float:
        (worker,) = psutil.Process(self.gate.pid).children()
        return worker.memory_info().rss / MB

    def stop(self) -> None:
        for process in (self.gate, self.web):
            process.terminate()
        for process in (self.gate, self.web):
            process.wait(30)


@pytest.fixture(scope="module")
def pair():
    with TemporaryDirectory(prefix="broadsheet-") as folder:
        running = Pair(folder)
        yield running
        running.stop()


def get(path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{PORT}{path}", headers=headers, timeout=30)


def raw(request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", PORT), timeout=20) as line:
        line.sendall(request)
        answer = b""
        while piece := line.recv(65_536):
            answer += piece
    return answer


def headers_of(told: dict[str, object], name: str) -> list[str]:
    return [value for given, value in told["headers"] if given == name]


class TestRequest:
    def test_the_target_arrives_as_it_was_spelled(self, pair):
        target = b"/%62usiness/a%2Fb//c/./d;p?q=%2e&r=+&s"
        answer = raw(
            b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        assert b'"raw_path": "/%62usiness/a%2Fb//c/./d;p"' in answer
        assert b'"query": "q=%2e&r=+&s"' in answer

    def test_headers_of_one_connection_stay_behind(self, pair):
        told = get(
            "/",
            connection="x-mine, cookie, x-forwarded-for",
            keep_alive="timeout=5",
            te="trailers",
            upgrade="websocket",
            proxy_authorization="Basic eA==",
            x_mine="1",
            cookie="a=1",
            **{"x-forwarded-for": "203.0.113.9", "keep-alive": "3", "x-kept": "1"},
        ).json()
        names = {name for name, _ in told["headers"]}
        gone = {"connection", "keep-alive", "te", "upgrade", "proxy-authorization"}
        assert not names & gone
        assert "x-mine" not in names or headers_of(told, "x-mine") == []
        # Naming a header cannot take away what says who she is.
        assert headers_of(told, "cookie") == ["a=1"]
        assert headers_of(told, "x-forwarded-for") == ["203.0.113.9"]
        assert headers_of(told, "x-kept") == ["1"]

    def test_headers_twice_and_beyond_ascii_arrive(self, pair):
        answer = raw(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"X-Twice: 1\r\nX-Twice: 2\r\nX-Bytes: \xe0\xa4\xaa\r\n\r\n"
        )
        assert b'["x-twice", "1"], ["x-twice", "2"]' in answer
        assert b'["x-bytes", "\\u00e0\\u00a4\\u00aa"]' in answer

    def test_the_peer_is_the_gates_and_cannot_be_forged(self, pair):
        forged = f"{TOKEN.decode()}x view https 8.8.8.8 53"
        told = get("/", **{"x-broadsheet-hop": forged}).json()
        assert told["client"][0] == "127.0.0.1"
        assert told["scheme"] == "http"
        assert headers_of(told, "x-broadsheet-hop") == []

    def test_an_upgrade_is_not_made(self, pair):
        answer = raw(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert b" 101 " not in answer.split(b"\r\n", 1)[0]


class TestBodies:
    def test_a_hundred_megabytes_go_up_in_flat_memory(self, pair):
        before = pair.gate_mb()
        reply = httpx.post(
            f"http://127.0.0.1:{PORT}/take",
            content=(PIECE for _ in range(PIECES)),
            headers={"content-length": str(len(PIECE) * PIECES)},
            timeout=60,
        )
        assert reply.json()["size"] == len(PIECE) * PIECES
        assert reply.json()["sha256"] == hashlib.sha256(PIECE * PIECES).hexdigest()
        assert pair.gate_mb() - before < 25

    def test_a_body_without_a_length(self, pair):
        reply = httpx.post(
            f"http://127.0.0.1:{PORT}/take", content=iter([b"one ", b"two"]), timeout=30
        )
        assert reply.json()["size"] == 7

    def test_a_hundred_megabytes_come_down_to_a_slow_client(self, pair):
        before, size, most = pair.gate_mb(), 0, 0.0
        with httpx.stream("GET", f"http://127.0.0.1:{PORT}/give", timeout=60) as reply:
            assert reply.headers.get_list("set-cookie") == ["a=1", "b=2"]
            for place, piece in enumerate(reply.iter_raw(65_536)):
                size += len(piece)
                if place % 200 == 0:
                    time.sleep(0.05)
                    most = max(most, pair.gate_mb())
        assert size == len(PIECE) * PIECES
        assert most - before < 25

    def test_head_has_the_length_and_no_body(self, pair):
        answer = raw(b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200") and b"content-length: " in head
        assert body == b""


class TestFaults:
    def test_the_web_process_hears_that_a_client_has_left(self, pair):
        before = len(get("/").json()["left"])
        with closing(socket.create_connection(("127.0.0.1", PORT))) as line:
            line.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.3)
        for _ in range(50):
            heard = get("/").json()["left"][before:]
            if heard:
                break
            time.sleep(0.1)
        assert heard == ["http.disconnect"]

    def test_an_answer_that_breaks_off_does_not_look_whole(self, pair):
        with pytest.raises(httpx.TransportError):
            get("/break")

    def test_no_web_process_is_one_sentence(self, pair):
        pair.web.send_signal(signal.SIGTERM)
        pair.web.wait(30)
        try:
            reply = get("/")
            assert reply.status_code == 503
            assert reply.text == (
                "This page is out of reach for a moment. Please try again.\n"
            )
            assert reply.headers["retry-after"] == "5"
            assert reply.headers["cache-control"] == "no-store"
            assert reply.headers["x-content-type-options"] == "nosniff"
            with pytest.raises(ErrandFailed):
                remote(pair.socket, TOKEN).press(7)
        finally:
            pair.restart_web()
        assert get("/").status_code == 200

    async def test_a_web_process_that_hangs_up_or_says_nothing(self, tmp_path_factory):
        with TemporaryDirectory(prefix="broadsheet-") as folder:
            for serve, status in ((hang_up, 502), (say_nothing, 504)):
                server = await asyncio.start_unix_server(serve, f"{folder}/web")
                assert await answered(f"{folder}/web") == status
                server.close()


async def hang_up(reader, writer) -> None:
    await reader.readline()
    writer.close()


async def say_nothing(reader, writer) -> None:
    await reader.read()
    writer.close()


async def answered(address: str) -> int:
    """Return the status that a proxy before `address` gives to a plain request."""
    said: list[dict[str, object]] = []
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        if messages:
            return messages.pop()
        await asyncio.sleep(20)
        return {"type": "http.disconnect"}

    async def send(message) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"a")],
        "client": ("127.0.0.1", 1),
    }
    proxy = Proxy(address, TOKEN, (), silence=0.3)
    await proxy(scope, receive, send)
    await proxy.close()
    assert said[1]["body"].endswith(b"Please try again.\n")
    return said[0]["status"]


class TestErrands:
    def test_they_come_back_as_they_were(self, pair):
        errands = remote(pair.socket, TOKEN)
        assert errands.press(7) == PAGE
        assert errands.press(8) is None
        assert errands.press_listing("/business/") is None
        assert get("/").json()["listed"] == ["/business/"]
        assert errands.mint({"session": "s"}) == "pass-of-s"
        assert errands.mint({}) is None
        assert errands.claimed("/old/1") is True
        assert errands.claimed("/new/1") is False

    def test_a_fault_there_is_a_fault_here(self, pair):
        with pytest.raises(ErrandFailed, match="says 500"):
            remote(pair.socket, TOKEN).mint({"broken": "1"})

    def test_nobody_else_is_let_in(self, pair):
        with pytest.raises(ErrandFailed):
            remote(pair.socket, b"another-token").claimed("/old/1")
        over = httpx.HTTPTransport(uds=pair.socket)
        with httpx.Client(transport=over) as client:
            assert client.get("http://web/").status_code == 403
            forged = {"x-broadsheet-hop": "view http 127.0.0.1 1"}
            assert client.get("http://web/", headers=forged).status_code == 403

    def test_no_reader_can_send_a_gate_on_an_errand(self, pair):
        forged = {"x-broadsheet-hop": f"{TOKEN.decode()} errand"}
        told = get("/press", **forged).json()
        assert told["raw_path"] == "/press"
