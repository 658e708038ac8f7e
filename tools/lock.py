"""
Compile the lock files from pyproject.toml: every wheel's hash, no registry's address.

`python -m tools.lock` writes requirements.txt first and holds the other to it.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMON = (
    "--generate-hashes",
    "--strip-extras",
    "--allow-unsafe",
    "--no-header",
    "--no-emit-options",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
    "--quiet",
)


def compile_lock(name: str, *sources: str, given: str = "") -> None:
    """Write the lock file `name`; `given` is what the source named `-` says."""
    print(f"Compiling {name}…")
    command = [sys.executable, "-m", "piptools", "compile", *sources, *COMMON]
    subprocess.run(
        [*command, "--output-file", name], cwd=ROOT, check=True, text=True, input=given
    )


def build_tools() -> str:
    """Return what installs everything else, one a line, as pyproject.toml says it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return "\n".join(project["optional-dependencies"]["build"])


def main() -> int:
    try:
        compile_lock("requirements.txt", "pyproject.toml")
        compile_lock(
            "requirements-dev.txt",
            *("pyproject.toml", "--extra", "dev", "--constraint", "requirements.txt"),
        )
        compile_lock("requirements-build.txt", "-", given=build_tools())
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
