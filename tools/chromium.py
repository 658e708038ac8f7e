"""
The Chromium that the browser tests drive: found, or installed, or a clear failure.

A test asks `find()`. `python -m tools.chromium --provide` is what `make test` runs
before the suite, so that browser tests never have to be skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "The browser tests need Chromium and none could be installed; install it "
    "(Debian: apt-get install chromium) or set CHROMIUM to its path."
)


def find() -> str | None:
    """Return the path of a Chromium: CHROMIUM's, the PATH's, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if os.access(named, os.X_OK) else None
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    return _playwrights_own()


def _playwrights_own() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install_by_apt() -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        _attempt(["apt-get", "-qq", *words], quiet)


def _install_by_playwright() -> None:
    _attempt([sys.executable, "-m", "playwright", "install", "chromium"], None)


def _attempt(command: list[str], environment: dict[str, str] | None) -> None:
    subprocess.run(command, env=environment, capture_output=True, check=False)


def provide() -> str | None:
    """Return a Chromium's path, after installing one if there is none."""
    ways: tuple[Callable[[], None], ...] = (_install_by_apt, _install_by_playwright)
    for install in ways:
        path = find()
        if path:
            return path
        print("Installing Chromium for the browser tests…", flush=True)
        install()
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
