"""`python -m paper_gateway`: run the sandbox gateway on one loopback port."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from .app import Conduct, build
from .store import Store, Unusable

SECRET = "PAPER_GATEWAY_SECRET"  # noqa: S105  The name of a variable, not a secret.


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    try:
        conduct = Conduct(
            address=options.address or f"http://{options.host}:{options.port}",
            secrets=_secrets(options.secret_file, os.environ),
            merchant=options.merchant,
            pending_seconds=options.pending_seconds,
            backoff=options.backoff,
        )
        _try_to_listen(options.host, options.port)
        store = Store(options.store)
    except (Unusable, OSError) as error:
        print(f"paper_gateway: {error}", file=sys.stderr)
        return 1
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(_serve(build_server(store, conduct, options.host, options.port)))
    return 0


def build_server(store: Store, conduct: Conduct, host: str, port: int) -> Server:
    return Server(
        build(store, conduct),
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_access=False,
        log_enabled=False,
    )


async def _serve(server: Server) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, server.stop)
    await server.serve()


def _try_to_listen(host: str, port: int) -> None:
    """Find out now, so that a port that is taken is one sentence and not a traceback."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise Unusable(f"{host}:{port} cannot be listened on: {reason}.") from error


def _secrets(path: Path | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the secrets in the file, or else in the environment: newest first."""
    said = path.read_text("utf-8") if path else environ.get(SECRET, "")
    found = tuple(one for one in re.split(r"[\s,]+", said) if one)
    if not found or min(map(len, found)) < 16:
        raise Unusable(
            f"Give a secret of at least 16 characters with --secret-file or in {SECRET}."
        )
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m paper_gateway",
        description="A sandbox payment gateway: hosted payment page, HTTP API, signed"
        " webhooks, and faults on request. No money moves.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=8090, help="default: %(default)s")
    parser.add_argument(
        "--address", help="where payers reach it, if not at http://HOST:PORT"
    )
    parser.add_argument(
        "--store",
        type=Path,
        default=Path("var/paper-gateway.sqlite3"),
        help="its SQLite file (default: %(default)s)",
    )
    parser.add_argument(
        "--secret-file",
        type=Path,
        help=f"file with the API and signing secret; else {SECRET} is read. Several,"
        " parted by commas or lines, let a secret be changed: the first one signs",
    )
    parser.add_argument(
        "--merchant",
        default="Broadsheet",
        help="whom the pages say is paid (default: %(default)s)",
    )
    parser.add_argument(
        "--pending-seconds",
        type=float,
        default=8.0,
        help="how long the pending test card stays pending; 0: until told through"
        " /control (default: %(default)s)",
    )
    parser.add_argument(
        "--backoff",
        type=float,
        default=1.0,
        help="seconds before an event is sent a second time; doubled from there on"
        " (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
