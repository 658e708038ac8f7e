"""
The Valkey (or Redis) server that the meter's tests start: found, installed, or a clear
failure. A test asks `find()`; `python -m tools.valkey --provide` is what `make test`
runs before the suite, so that these tests never have to be skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("valkey-server", "redis-server")  # Debian 13 has the one, 12 the other.
MISSING = (
    "The meter's tests need a Valkey or Redis server and none could be installed; "
    "install one (Debian: apt-get install valkey-server, before 13 redis-server) or set "
    "VALKEY_SERVER to its path."
)


def find() -> str | None:
    """Return the path of a server: VALKEY_SERVER's, or the PATH's."""
    named = os.environ.get("VALKEY_SERVER")
    if named:
        return named if os.access(named, os.X_OK) else None
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def provide() -> str | None:
    """Return a server's path, after installing one if there is none."""
    path = find()
    if path or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return path
    print("Installing a Valkey or Redis server for the meter's tests…", flush=True)
    _apt("update")
    for name in NAMES:
        _apt("install", "-y", "--no-install-recommends", name)
        path = find()
        if path:
            return path
    return None


def _apt(*words: str) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        ["apt-get", "-qq", *words], env=quiet, capture_output=True, check=False
    )


def main() -> int:
    path = provide() if "--provide" in sys.argv else find()
    if path is None:
        print(MISSING, file=sys.stderr)
        return 1
    if "--provide" not in sys.argv:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
