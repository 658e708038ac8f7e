"""
The nginx that the tests of `deploy/nginx` start: found, installed, or a clear failure.
`python -m tools.nginx --provide` is what `make test` runs before the suite.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

MISSING = (
    "The tests of deploy/nginx need nginx and it could not be installed; install it "
    "(Debian: apt-get install nginx) or set NGINX to its path."
)


def find() -> str | None:
    """Return the path of an nginx: NGINX's, or the PATH's."""
    named = os.environ.get("NGINX")
    if named:
        return named if os.access(named, os.X_OK) else None
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def provide() -> str | None:
    """Return its path, after installing it if there is none."""
    path = find()
    if path or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return path
    print("Installing nginx for the tests of deploy/nginx…", flush=True)
    for words in (["update"], ["install", "-y", "--no-install-recommends", "nginx"]):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(
            ["apt-get", "-qq", *words], env=quiet, capture_output=True, check=False
        )
    return find()


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
