"""
`make check`: lint, types, contracts, the house's shape, missing migrations; in parallel.

Each check prints one line when it ends, and all it said when it failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
# The longest first, so that the short ones fill the second core.
CHECKS: dict[str, list[str]] = {
    "types": [str(BIN / "mypy")],
    "house tests": [str(BIN / "pytest"), "tests/house", "-m", "not process"],
    "migrations": [
        sys.executable,
        "manage.py",
        "makemigrations",
        "--check",
        "--dry-run",
    ],
    "contracts": [str(BIN / "lint-imports")],
    "lint": [str(BIN / "ruff"), "check"],
    "format": [str(BIN / "ruff"), "format", "--check"],
}


def environment() -> dict[str, str]:
    """Return the environment of every check: our sources, and never a real database."""
    return {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "BROADSHEET_VAR": str(ROOT / "var" / "test"),
    }


def run(name: str) -> tuple[str, bool, float, str]:
    began = time.monotonic()
    extra = {"DATABASE_URL": "postgresql:///unused"} if name == "types" else {}
    done = subprocess.run(
        CHECKS[name],
        cwd=ROOT,
        env={**environment(), **extra},
        text=True,
        capture_output=True,
        check=False,
    )
    took = time.monotonic() - began
    return name, done.returncode == 0, took, done.stdout + done.stderr


def main() -> int:
    failed = False
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        for future in as_completed([pool.submit(run, name) for name in CHECKS]):
            name, good, took, said = future.result()
            print(f"{'ok  ' if good else 'FAIL'} {name:12} {took:5.1f} s", flush=True)
            if not good:
                failed = True
                print(said, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
