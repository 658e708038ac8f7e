"""`make bench`: every benchmark, quickly, and its ratios."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(path: Path) -> bool:
    """Run one benchmark and print what it found; return if it could be run."""
    done = subprocess.run(
        [sys.executable, str(path), "--quick", "--json"],
        cwd=ROOT,
        env={**os.environ, "BROADSHEET_VAR": str(ROOT / "var" / "bench")},
        text=True,
        capture_output=True,
        check=False,
    )
    print(path.stem)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return False
    found = json.loads(done.stdout.splitlines()[-1])
    for part in ("figures", "ratios"):
        for name, figure in found[part].items():
            print(f"  {name:30} {figure:>12}")
    print(f"  against {found['against']}")
    return True


def main() -> int:
    done = [run(path) for path in sorted((ROOT / "benchmarks").glob("[!_]*.py"))]
    return int(not done or not all(done))


if __name__ == "__main__":
    sys.exit(main())
