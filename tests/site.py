"""
A whole publication, as `broadsheet run` brings it up: embedded PostgreSQL, worker, mail
inbox, paper gateway, web server with the gate in front, and the demo paper. Real
processes on free ports of the loopback address, in a folder of their own.
"""

from __future__ import annotations

import mailbox
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UP_WITHIN = 240.0  # Seconds; the first start draws the demo paper's pictures.
MAIL_WITHIN = 60.0  # Seconds; a busy machine writes letters slowly.
EDGE_KEY = "the-key-of-the-tests-own-edge-40-letters"
EDGE_ADDRESS = "127.0.0.2"  # From which the tests' nginx speaks to the site.


@dataclass(frozen=True, slots=True)
class RunningSite:
    origin: str
    var: Path
    environment: dict[str, str]

    def cli(self, *words: str) -> str:
        """Run a `broadsheet` command on this publication and return what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "broadsheet.main", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return done.stdout

    def newest_mail(self, to: str, *, containing: str = "", after: int = 0) -> str:
        """Return the newest mail to an address, once there are more than `after`."""
        end = time.monotonic() + MAIL_WITHIN
        while time.monotonic() < end:
            texts = self.mails(to)
            for text in texts[: len(texts) - after]:
                if containing in text:
                    return text
            time.sleep(0.1)
        raise AssertionError(f"No mail to {to} with {containing!r} within a minute.")

    def code(self, to: str, *, after: int) -> str:
        """Return the code of the login mail that follows `after` earlier mails."""
        found = re.search(r"\b(\d{3} ?\d{3})\b", self.newest_mail(to, after=after))
        assert found is not None
        return found[1].replace(" ", "")

    def mails(self, to: str) -> list[str]:
        """Return the texts of all mails to an address, the newest first."""
        if not (self.var / "inbox").exists():
            return []  # The first mail makes it.
        box = mailbox.Maildir(self.var / "inbox", create=False)
        found = []
        for key in box.keys():
            mail = message_from_bytes(box.get_bytes(key), policy=policy.default)
            body = mail.get_body(("plain",))
            if to in str(mail["To"]) and body is not None:
                found.append((key, f"{mail['Subject']}\n{body.get_content()}"))
        found.sort(key=lambda item: float(item[0].split(".")[0]), reverse=True)
        return [text for _, text in found]


@contextmanager
def running_site(var: Path) -> Iterator[RunningSite]:
    """Bring a publication up in `var`, and take it down again."""
    port = free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("BROADSHEET_")},
        "BROADSHEET_VAR": str(var),
        "BROADSHEET_EDGE_KEYS": EDGE_KEY,
        "BROADSHEET_TRUSTED_PROXIES": EDGE_ADDRESS,
        "PORT": str(port),
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONUNBUFFERED": "1",
    }
    environment.pop("DATABASE_URL", None)
    log = var.with_suffix(".log")
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "broadsheet.main", "run", "--port", str(port)],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/readyz", process, log)
            yield RunningSite(f"http://127.0.0.1:{port}", var, environment)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + UP_WITHIN
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"The site did not come up:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"The site was not up in time:\n{log.read_text()}")
