"""
The web servers of one machine: one that does both, or gates in front of web processes.
`python -m broadsheet.main.serving PART HOST PORT WORKERS` is one of them; its parents
start it. No Django here: a server's first process has no use for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FINISH_WITHIN = 3  # Seconds that a request or a job may still take after SIGTERM.
WEB_SOCKET = "WEB_SOCKET"  # In the environment of gates and web processes.


def both(host: str, port: int, workers: int) -> None:
    """Serve with the gate and Django in the same processes."""
    _serve("asgi", workers, address=host, port=port)


def gates(host: str, port: int, workers: int) -> None:
    """Serve with gates alone; the web processes are at the socket."""
    _serve("asgi_alone", workers, address=host, port=port)


def behind(host: str, port: int, workers: int) -> None:
    """Serve to gates alone, at the socket that only they can open."""
    del host, port
    _serve(
        "asgi_behind",
        workers,
        uds=Path(os.environ[WEB_SOCKET]),
        uds_permissions=0o600,
    )


PARTS: dict[str, Callable[[str, int, int], None]] = {"gates": gates, "web": behind}


def _serve(application: str, workers: int, **where: Any) -> None:
    from granian import Granian  # noqa: PLC0415  --help needs no server.
    from granian.constants import Interfaces  # noqa: PLC0415  The same.

    Granian(
        f"broadsheet.main.{application}:application",
        interface=Interfaces.ASGI,
        workers=workers,
        websockets=False,
        log_access=False,  # Ours is structured, and knows no query strings.
        workers_kill_timeout=FINISH_WITHIN,
        respawn_failed_workers=True,
        **where,
    ).serve()


if __name__ == "__main__":
    part, host, port, workers = sys.argv[1:]
    PARTS[part](host, int(port), int(workers))
