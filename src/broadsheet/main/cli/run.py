"""
`broadsheet run`: everything on one machine, with the demo paper.

It holds an exclusive lock on `var`, brings up the embedded PostgreSQL, prepares the
database when something changed, and tends five processes until it is told to stop.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from urllib.parse import urlsplit

import click

from broadsheet.kit.clock import steady
from broadsheet.main import fingerprint, logins, supervisor
from broadsheet.main.supervisor import Child
from broadsheet.plumbing.settings import PREFIX, BadSetting, Settings

from .house import ground

READY_WITHIN = 60.0  # Seconds for the web server's first answer.
# Whoever dies so often before the first answer will not get better by waiting.
DEATHS_BEFORE_READY = 3


class Stop(Exception):
    """A signal asks us to stop."""


@click.command()
@click.option(
    *("--port", "-p"),
    default=8000,
    envvar="PORT",
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Serve on http://127.0.0.1:PORT/.",
)
def run(port: int) -> None:
    """Run everything on this machine: database, jobs, mail, payments, web."""
    os.environ["PORT"] = str(port)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        _run(port)
    except Stop:
        click.echo("Stopped.")


def _stop(number: int, frame: object) -> None:
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # Once is enough; we are stopping.
    raise Stop


def _run(port: int) -> None:
    from broadsheet.plumbing.settings import read  # noqa: PLC0415  Read after PORT.

    settings = read()
    with _alone_in(settings.var, port):
        _refuse_taken(port)
        settings, url = ground()
        is_demo = _prepare(settings, url)
        # Only now: what was free before a minute of preparing may be taken since.
        environment = _environment(settings)
        children = _children(settings, environment, port, fingerprint.name(url))
        try:
            for child in children:
                supervisor.start(child)
            _wait_until_ready(children, port)
            _greet(settings, environment, is_demo)
            while True:
                sleep(0.2)
                supervisor.tend(children, _tell)
        finally:
            supervisor.stop(children)


@contextmanager
def _alone_in(var: Path, port: int) -> Iterator[None]:
    """Hold `var` for this process; the kernel lets go of it however we end."""
    with (var / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise BadSetting(
                f"{holder} runs in {var} already; stop it, or set {PREFIX}VAR to "
                f"another folder."
            ) from None
        lock.truncate(0)
        lock.write(f"Process {os.getpid()} (port {port})")
        lock.flush()
        yield


def _refuse_taken(port: int) -> None:
    if not _free(port):
        raise BadSetting(
            f"Port {port} on 127.0.0.1 is taken; give another, such as "
            f"`make run PORT={port + 1}` or `broadsheet run --port {port + 1}`."
        )


def _free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _environment(settings: Settings) -> dict[str, str]:
    """
    Return the children's environment. The inbox and the gateway move to the next free
    port when theirs is taken, for several demos may live on one machine.
    """
    environment = {
        **os.environ,
        PREFIX + "VAR": str(settings.var),
        PREFIX + "GATEWAY_SECRET": settings.gateway_secret,
        # The gateway is a program of its own and knows none of our settings.
        "PAPER_GATEWAY_SECRET": settings.gateway_secret,
        "PYTHONUNBUFFERED": "1",
    }
    for name, url in (
        ("SMTP_URL", settings.smtp_url),
        ("GATEWAY_URL", settings.gateway_url),
    ):
        if PREFIX + name not in environment:
            parts = urlsplit(url)
            port = _next_free(parts.port or 0)
            environment[PREFIX + name] = f"{parts.scheme}://127.0.0.1:{port}"
    return environment


def _next_free(port: int) -> int:
    return next(p for p in range(port, port + 1000) if _free(p))


def _prepare(settings: Settings, url: str) -> bool:
    """Bring the database and static files up to date; return if this is the demo."""
    seen = fingerprint.take(url)
    kept = fingerprint.kept(settings.var)
    if kept is None or kept.seen != seen:
        click.echo(
            "Preparing the database and the static files; the first time this takes a "
            "minute or so…"
        )
        command = [sys.executable, "-m", "broadsheet.main", "prepare", "--demo"]
        # What it says on stdout, its progress, is for whoever waits.
        environment = {**os.environ, PREFIX + "VAR": str(settings.var)}
        done = subprocess.run(  # noqa: S603  Our own program, no shell.
            command, env=environment, stderr=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            raise BadSetting(
                f"The database could not be prepared: {_last(done.stderr)}"
            )
        kept = fingerprint.keep(settings.var, url)
    return kept.is_demo


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["no reason was given"])[-1]


def _children(
    settings: Settings, environment: dict[str, str], port: int, merchant: str
) -> list[Child]:
    """Return what runs, in the order of starting; `stage` is the order of stopping."""
    folder = settings.var / "log"
    folder.mkdir(exist_ok=True)

    def child(name: str, stage: int, *words: str) -> Child:
        command = [sys.executable, "-m", *words]
        return Child(name, command, environment, folder / f"{name}.log", stage)

    children = [
        child("web", 0, "broadsheet.main", "serve", "--port", str(port)),
        child("worker", 1, "broadsheet.main", "worker"),
    ]
    # A mail server or a gateway that was named is not ours to start.
    if PREFIX + "SMTP_URL" not in os.environ:
        children.append(child("inbox", 1, "broadsheet.plumbing.inbox"))
    if PREFIX + "GATEWAY_URL" not in os.environ:
        store = str(settings.var / "paper-gateway.sqlite3")
        where = str(urlsplit(environment[PREFIX + "GATEWAY_URL"]).port)
        words = ("--port", where, "--store", store, "--merchant", merchant)
        children.append(child("gateway", 1, "paper_gateway", *words))
    return children


def _wait_until_ready(children: list[Child], port: int) -> None:
    deadline = steady() + READY_WITHIN
    web = children[0]
    while not _answers(port):
        supervisor.tend(children, _tell)
        if web.deaths >= DEATHS_BEFORE_READY or steady() > deadline:
            assert web.log is not None  # noqa: S101  Each of ours has one.
            said = _last(web.log.read_text(errors="replace"))
            raise BadSetting(
                f"The web server does not come up: {said} (see {web.log})."
            )
        sleep(0.1)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _greet(settings: Settings, environment: dict[str, str], is_demo: bool) -> None:
    origin = settings.origin
    lines = [
        f"Broadsheet is up:  {origin}/",
        f"  desk             {origin}/desk/",
        f"  mail it sends    {origin}/desk/outbox/",
        f"  for programs     {origin}/api/v1/docs",
        f"  payments         {environment[PREFIX + 'GATEWAY_URL']}/",
        f"  logs             {settings.var / 'log'}",
    ]
    if is_demo:
        lines.append("Demo logins:")
        lines += [
            f"  {one.email:27} {one.password:7} {one.who}" for one in logins.LOGINS
        ]
    lines.append("Ctrl-C stops everything.")
    click.echo("\n".join(lines))
