"""What is locked installs on every Python that the README promises."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+) ", re.MULTILINE)


def test_no_locked_package_asks_for_a_newer_python_than_we_do():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest = project["requires-python"].removeprefix(">=") + ".0"
    looked_at, too_new = 0, []
    for name, version in PIN.findall((ROOT / "requirements-dev.txt").read_text()):
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue  # Of another platform.
        if about["Version"] != version:
            continue  # What is installed is not what is locked; it proves nothing.
        looked_at += 1
        if oldest not in SpecifierSet(about.get("Requires-Python") or ""):
            too_new.append(f"{name} {version} wants {about['Requires-Python']}")
    assert too_new == []
    assert looked_at > 80
