"""
A real paper gateway in a process of its own, for tests that pay.

    with running_gateway(tmp_path) as gateway:
        gateway.control("faults", kind="decline_soft")
        browser = gateway.payer()
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import httpx

SRC = Path(__file__).resolve().parents[1] / "src"

SUCCEEDS = "4242 4242 4242 4242"
DECLINED = "4000 0000 0000 0002"
EXPIRED = "4000 0000 0000 0069"
NO_FUNDS = "4000 0000 0000 9995"
ASKS_BANK = "4000 0027 6000 3184"
PENDS = "4000 0000 0000 0259"
SAVES_THEN_DECLINES = "4000 0000 0000 0341"
EVERY_CARD = (
    SUCCEEDS,
    DECLINED,
    EXPIRED,
    NO_FUNDS,
    ASKS_BANK,
    PENDS,
    SAVES_THEN_DECLINES,
)


@dataclass
class Gateway:
    """A running gateway: its address, its secret, and what a test does with it."""

    folder: Path
    port: int
    secret: str
    flags: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "gateway.log").read_text()

    @property
    def store(self) -> Path:
        return self.folder / "gateway.sqlite3"

    def start(self) -> None:
        with open(self.folder / "gateway.log", "ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "paper_gateway"),
                    *("--port", str(self.port), "--store", str(self.store)),
                    *self.flags,
                ],
                env={
                    **os.environ,
                    "PYTHONPATH": str(SRC),
                    "PAPER_GATEWAY_SECRET": self.secret,
                },
                stdout=log,
                stderr=log,
            )
        self._await()

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(by)
            self.process.wait(10)
            self.process = None

    def kill(self) -> None:
        """Stop it as a power cut would."""
        self.stop(signal.SIGKILL)

    def api(
        self, method: str, path: str, /, *, key: str = "", **body: Any
    ) -> httpx.Response:
        """Call the merchant's API."""
        headers = {"Authorization": f"Bearer {self.secret}"}
        if key:
            headers["Idempotency-Key"] = key
        return httpx.request(
            method,
            self.url + path,
            headers=headers,
            json=body if method == "POST" else None,
            trust_env=False,
            timeout=10,
        )

    def control(self, path: str, /, **body: Any) -> dict[str, Any]:
        """Call the control API, which must accept."""
        answer = self.api("POST", f"/control/{path}", **body)
        assert answer.is_success, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def settled(self, seconds: float = 10) -> None:
        """Wait until every event that can be delivered has been."""
        until = time.monotonic() + seconds
        while self.api("GET", "/control/deliveries").json()["waiting"]:
            assert time.monotonic() < until, "events are still waiting"
            time.sleep(0.03)

    def payer(self) -> httpx.Client:
        """Return a browser of sorts: it keeps no cookies that it was not given."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=10)

    def pay(self, pay_at: str, number: str = SUCCEEDS, **card: str) -> httpx.Response:
        """Fill in the hosted page at `pay_at` and submit it, as a browser would."""
        with self.payer() as browser:
            page = browser.get(pay_at)
            assert page.status_code == 200, page.text
            action = re.search(r'<form method="post" action="([^"]+)"', page.text)
            assert action, page.text
            return browser.post(unescape(action[1]), data=filled_in(number, **card))

    def tell_bank(self, page: str, answer: str) -> httpx.Response:
        """Press Approve or Refuse on the bank's page."""
        with self.payer() as browser:
            return browser.post(page, data={"answer": answer})

    def _await(self) -> None:
        for _ in range(200):
            assert self.process is not None and self.process.poll() is None, self.log
            try:
                httpx.get(f"{self.url}/healthz", trust_env=False)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the gateway did not start: {self.log}")


def filled_in(number: str = SUCCEEDS, **card: str) -> dict[str, str]:
    """Return the form's fields for a card that is otherwise in order."""
    good = {"expiry": "12 / 45", "cvc": "123", "name": "Asha Rao"}
    return {"number": number, **good, **card}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_gateway(
    folder: Path, *flags: str, secret: str = "", port: int = 0
) -> Iterator[Gateway]:
    """
    Run `python -m paper_gateway` with its store and log in `folder`, on a free port.
    Pending cards stay pending until they are settled, and events are sent again after
    a twentieth of a second, unless `flags` say otherwise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    gateway = Gateway(
        folder,
        port or free_port(),
        secret or secrets.token_urlsafe(32),
        ("--pending-seconds", "0", "--backoff", "0.05", *flags),
    )
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()
