"""`broadsheet serve` and `broadsheet worker`: what a machine in production runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import click

from .house import ground, open_house

FINISH_WITHIN = 3  # Seconds that a request or a job may still take after SIGTERM.


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen here.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes."
)
def serve(host: str, port: int, workers: int) -> None:
    """Serve the publication over HTTP: the gate in front, Django behind it."""
    from granian import Granian  # noqa: PLC0415  --help needs no server.
    from granian.constants import Interfaces  # noqa: PLC0415  The same.

    # What the settings derive from the port must be the same in every worker.
    os.environ["PORT"] = str(port)
    settings, _ = ground()
    if workers > 1:
        _share_metrics(settings.var / "metrics" / str(port))
    server = Granian(
        "broadsheet.main.asgi:application",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        websockets=False,
        log_access=False,  # Ours is structured, and knows no query strings.
        workers_kill_timeout=FINISH_WITHIN,
        respawn_failed_workers=True,
    )
    server.serve()


def _share_metrics(folder: Path) -> None:
    """Let the workers add their counts up in `folder`, emptied of an earlier run's."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


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
