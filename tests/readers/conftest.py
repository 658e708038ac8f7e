"""A mail host that keeps what it is given, a worker that posts, and browsers."""

from __future__ import annotations

import asyncio
import gc
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from procrastinate.contrib.django import app

from broadsheet.gate.house import queries as gate
from broadsheet.plumbing import inbox as host
from broadsheet.plumbing import outbox, publication
from broadsheet.plumbing.outbox import Heard
from broadsheet.readers import events
from broadsheet.readers.models import Reader

PASSWORD = "nine herons by the weir"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def pages(settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        },
    }
    settings.ALLOWED_HOSTS = ["testserver"]


class Running:
    """The inbox, listening on a port of its own in a thread."""

    def __init__(self, folder: Path) -> None:
        self.inbox = host.Inbox(folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        ready = threading.Event()
        self.loop = asyncio.new_event_loop()

        def run() -> None:
            asyncio.set_event_loop(self.loop)
            self.task = self.loop.create_task(
                host.serve(self.inbox, "127.0.0.1", self.port)
            )
            self.loop.call_later(0.05, ready.set)
            try:
                self.loop.run_until_complete(self.task)
            except asyncio.CancelledError:
                pass

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert ready.wait(5)

    def stop(self) -> None:
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.task.cancel)
            self.thread.join(5)
            self.loop = None


@dataclass
class Letter:
    to: str
    subject: str
    text: str
    html: str
    raw: bytes

    @property
    def link(self) -> str:
        return re.search(r"http://[^/\s]+(/accounts/link/\S+)", self.text)[1]

    @property
    def code(self) -> str:
        return re.search(r"^ {4}(\d{3} \d{3})$", self.text, re.MULTILINE)[1]


class Post:
    """The worker, and what the mail host got from it."""

    def __init__(self, running: Running) -> None:
        self.running = running

    def deliver(self) -> None:
        """Run every job that is due, as a worker does."""
        worker = app.with_connector(app.connector.get_worker_connector())
        worker.run_worker(
            queues=["mail"],
            wait=False,
            listen_notify=False,
            install_signal_handlers=False,
        )
        # The worker's thread is gone, but its connection only goes with its garbage.
        gc.collect()

    def letters(self) -> list[Letter]:
        """Post what waits; return all letters so far, the oldest first."""
        self.deliver()
        kept = self.running.inbox.page(limit=1000)
        found = [self.running.inbox.open(summary.key) for summary in reversed(kept)]
        return [
            Letter(m.summary.to, m.summary.subject, m.text, m.html, m.raw)
            for m in found
        ]

    def last(self) -> Letter:
        return self.letters()[-1]


@pytest.fixture
def mail_host(tmp_path, settings) -> Iterator[Running]:
    running = Running(tmp_path / "inbox")
    running.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = running.port
    yield running
    running.stop()


@pytest.fixture
def post(transactional_db, mail_host, clock) -> Post:
    # Not Django's own tables, so its flush passes them by.
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
    return Post(mail_host)


class Clock:
    def __init__(self) -> None:
        self.offset = timedelta(0)

    def forward(self, **delta: int) -> None:
        self.offset += timedelta(**delta)
        publication.move_clock(self.offset)


@pytest.fixture
def clock(transactional_db) -> Iterator[Clock]:
    publication.forget()
    yield Clock()
    publication.forget()


@pytest.fixture
def heard() -> Iterator[list[object]]:
    """What this room announces, in order. The real wiring comes back afterwards."""
    before = dict(outbox._routes), outbox._defer, outbox._defer_many
    facts: list[object] = []

    def hear(event, at):
        facts.append(event)

    outbox.connect(
        {
            fact: Heard(at_once=(hear,))
            for fact in (
                events.Joined,
                events.LoggedIn,
                events.SessionEnded,
                events.LoggedOutEverywhere,
                events.PasswordChanged,
                events.EmailChanged,
                events.Erased,
            )
        },
        defer=lambda delivery: None,
    )
    yield facts
    outbox.connect(before[0], defer=before[1], defer_many=before[2])


def browser(**headers: str) -> Client:
    return Client(enforce_csrf_checks=False, headers={"user-agent": FIREFOX, **headers})


@pytest.fixture
def asha(transactional_db) -> Reader:
    """A reader with a password."""
    return Reader.objects.create_user("asha@example.com", PASSWORD)


def ask(client: Client, email: str, next: str = "", path: str = "/accounts/login/"):
    client.get(path)
    return client.post(path, {"email": email, "next": next})


def whoami(client: Client) -> str | None:
    """The address of whoever is logged in, read from her own data's page."""
    response = client.get("/account/security/data.json")
    return response.json()["reader"]["email"] if response.status_code == 200 else None


def device_of(client: Client) -> UUID:
    """The device that the gate gave this browser with its first page."""
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    device = gate.device(cookies)
    assert device is not None
    return device
