"""`broadsheet serve` and `broadsheet worker`: what a machine in production runs."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

import click

from broadsheet.main import serving, supervisor
from broadsheet.main.serving import FINISH_WITHIN
from broadsheet.main.supervisor import Child

from .house import ground, open_house

TENDED_EVERY = 0.2  # Seconds.


class Stop(Exception):
    """A signal asks us to stop."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen here.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Processes with Django.",
)
@click.option(
    "--gates",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Processes that only answer stories, in front of the workers; 0: the workers do.",
)
def serve(host: str, port: int, workers: int, gates: int) -> None:
    """Serve the publication over HTTP: the gate in front, Django behind it."""
    # What the settings derive from the port must be the same in every worker.
    os.environ["PORT"] = str(port)
    settings, url = ground()
    if gates or workers > 1:
        _share_metrics(settings.var / "metrics" / str(port))
    if gates:
        _serve_apart(url, host, port, workers, gates)
    else:
        serving.both(host, port, workers)


def _share_metrics(folder: Path) -> None:
    """Let the workers add their counts up in `folder`, emptied of an earlier run's."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _serve_apart(url: str, host: str, port: int, workers: int, gates: int) -> None:
    """Tend a server of gates and one of web processes until a signal asks us to stop."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    # The socket's folder is ours alone, and its name short enough for a socket.
    with TemporaryDirectory(prefix="broadsheet-") as folder:
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            serving.WEB_SOCKET: f"{folder}/web",
            "PYTHONUNBUFFERED": "1",
        }

        def child(part: str, stage: int, count: int) -> Child:
            words = ["-m", "broadsheet.main.serving", part, host, str(port), str(count)]
            return Child(part, [sys.executable, *words], environment, stage=stage)

        # Gates stop first, so that they can still hand on what they have.
        children = [child("web", 1, workers), child("gates", 0, gates)]
        try:
            for each in children:
                supervisor.start(each)
            while True:
                sleep(TENDED_EVERY)
                supervisor.tend(children, _tell)
        except Stop:
            pass
        finally:
            supervisor.stop(children)


def _stop(number: int, frame: object) -> None:
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # Once is enough; we are stopping.
    raise Stop


def _tell(line: str) -> None:
    click.echo(line, err=True)


@click.command()
@click.option(
    "--concurrency", default=2, show_default=True, type=click.IntRange(1), help="Jobs."
)
def worker(concurrency: int) -> None:
    """Work through the jobs: deliveries, letters, renewals. Any number may run."""
    open_house()
    from procrastinate.contrib.django import app  # noqa: PLC0415  After open_house.

    with app.replace_connector(app.connector.get_worker_connector()) as working:
        working.run_worker(
            concurrency=concurrency,
            shutdown_graceful_timeout=FINISH_WITHIN,
            delete_jobs="successful",  # What was done is told by the outbox.
        )
