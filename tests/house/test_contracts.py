"""Each import contract, broken on purpose in a copy of our sources: it must notice."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINTER = str(Path(sys.executable).with_name("lint-imports"))
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
NAMES = [contract["name"] for contract in CONTRACTS["contracts"]]
HOUSE, BUSINESS, NEWS, FRONT, GATE, ROOM, PLAIN, FAST, DOORS, CYCLES = NAMES

# What is planted, where, and which contract must notice (None: nobody may mind).
BREAKS: dict[str, tuple[str, str, str | None]] = {
    "news reads business, through the wall": (
        "news/newsroom/actions.py",
        "from broadsheet.business.subscriptions import queries as planted",
        HOUSE,
    ),
    "business reads news, through the wall": (
        "business/ledger/actions.py",
        "from broadsheet.news.newsroom import queries as planted",
        HOUSE,
    ),
    "an undeclared floor appears": ("gossip/__init__.py", "", HOUSE),
    "the ledger calls subscriptions, upstairs": (
        "business/ledger/actions.py",
        "from broadsheet.business.subscriptions import queries as planted",
        BUSINESS,
    ),
    "an undeclared room appears": ("business/bundles/__init__.py", "", BUSINESS),
    "the newsroom calls the archive, upstairs": (
        "news/newsroom/actions.py",
        "from broadsheet.news.archive import queries as planted",
        NEWS,
    ),
    "the web calls its sister, the desk": (
        "front/web/views.py",
        "from broadsheet.front.desk import apps as planted",
        FRONT,
    ),
    "the gate's core calls its store": (
        "gate/core/vocabulary.py",
        "from broadsheet.gate.store import memory as planted",
        GATE,
    ),
    "a junk drawer appears": ("business/payments/utils.py", "import json", ROOM),
    "a model calls an action, inside a function": (
        "business/subscriptions/models/contracts.py",
        "def planted():\n    from .. import actions",
        ROOM,
    ),
    "rules import Django": (
        "business/subscriptions/rules.py",
        "from django.utils import timezone as planted",
        PLAIN,
    ),
    "facts import Django": (
        "news/newsroom/events.py",
        "import django as planted",
        PLAIN,
    ),
    "the kit imports Django": ("kit/ids.py", "import django as planted", PLAIN),
    "the gate's core imports Django": (
        "gate/core/vocabulary.py",
        "from django.utils import timezone as planted",
        FAST,
    ),
    "the gate's front reaches Django through the plumbing": (
        "gate/asgi.py",
        "from broadsheet.plumbing import publication as planted",
        FAST,
    ),
    "a gate process reaches Django through Django's own application": (
        "main/gatehouse.py",
        "def planted():\n    from broadsheet.main import web",
        FAST,
    ),
    "the web climbs into another room's models": (
        "front/web/views.py",
        "from broadsheet.business.subscriptions.models import Planted",
        DOORS,
    ),
    "subscriptions climb into the ledger's models": (
        "business/subscriptions/actions.py",
        "from broadsheet.business.ledger import models as planted",
        DOORS,
    ),
    "two modules of one floor import each other": (
        "plumbing/settings.py",
        "from broadsheet.plumbing import database as planted",
        CYCLES,
    ),
    "a type is looked at upstairs, which is free": (
        "business/ledger/actions.py",
        "from typing import TYPE_CHECKING as planted\nif planted:\n    pass\n"
        "import typing\nif typing.TYPE_CHECKING:\n"
        "    from broadsheet.business.subscriptions.models import Planted",
        None,
    ),
}
# Modules that a break names, so that it can be planted before they are written.
NAMED = (
    "business/subscriptions/actions.py",
    "business/ledger/models.py",
    "news/newsroom/queries.py",
    "news/archive/queries.py",
    "gate/store/memory.py",
)


def broken_contracts(sources: Path) -> list[str]:
    """Return the names of the contracts that `sources` breaks."""
    done = subprocess.run(
        [LINTER, "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        env={
            **os.environ,
            "PYTHONPATH": f"{sources}{os.pathsep}{ROOT}",
            "COLUMNS": "200",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if "Contracts:" not in done.stdout:
        pytest.fail(done.stdout + done.stderr)
    return re.findall(r"^(.+) BROKEN", done.stdout, re.MULTILINE)


def plant(folder: Path, path: str, text: str) -> Path:
    """Copy our sources into `folder`, add `text` to the file at `path`; return them."""
    sources = folder / "src"
    shutil.copytree(
        ROOT / "src" / "broadsheet",
        sources / "broadsheet",
        ignore=lambda _, names: [
            n for n in names if "." in n and not n.endswith(".py")
        ],
    )
    for name in (*NAMED, path):
        file = sources / "broadsheet" / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
    file = sources / "broadsheet" / path
    file.write_text(f"{file.read_text()}\n{text}\n")
    return sources


@pytest.fixture(scope="module")
def noticed(tmp_path_factory):
    """Which contracts notice each break: two at a time, for each takes a second."""
    folders = {name: tmp_path_factory.mktemp("broken") for name in BREAKS}

    def attempt(name: str) -> list[str]:
        path, text, _ = BREAKS[name]
        return broken_contracts(plant(folders[name], path, text))

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(BREAKS, pool.map(attempt, BREAKS), strict=True))


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_noticed_by_the_contract_meant_for_it(noticed, name):
    meant = BREAKS[name][2]
    if meant is None:
        assert noticed[name] == []
    else:
        assert meant in noticed[name]


def test_every_contract_has_a_break_that_it_notices():
    assert {meant for _, _, meant in BREAKS.values() if meant} == set(NAMES)
