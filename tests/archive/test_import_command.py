"""`broadsheet import wxr`, as an engineer types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broadsheet.main.cli import main
from broadsheet.news.newsroom.models import Story

from .conftest import item

Export = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("house")


def run(*arguments: object) -> Result:
    words = ["import", "wxr", *(str(one) for one in arguments)]
    return CliRunner().invoke(main, words)


def test_it_brings_in_and_prints_a_table(export: Export) -> None:
    done = run(export(item(1), item(2)), "--no-pictures")
    assert (done.exit_code, Story.objects.filter(live=True).count()) == (0, 2)
    assert done.stdout.splitlines()[:4] == [
        "The Morning Post (wxr:old.example.in)",
        "",
        "                          in           out      not here",
        "posts                      2             2",
    ]
    assert "Nothing changed." in run(export(item(1), item(2)), "--no-pictures").stdout


def test_a_dry_run_writes_nothing(export: Export) -> None:
    done = run(export(item(1)), "--dry-run", "--no-pictures")
    assert (done.exit_code, Story.objects.count()) == (0, 0)
    assert done.stdout.startswith("Dry run: nothing was written. The Morning Post")


def test_json_has_everything(export: Export) -> None:
    path = export(item(1), item(2, status="draft"))
    done = run(path, "--json", "--no-pictures", "--section-map", "markets=money")
    report = json.loads(done.stdout)
    assert report["stories"] == {"new": 2}
    assert report["counts"][0] == {"kind": "posts", "in": 2, "out": 2}
    assert report["notes"] == [
        {
            "id": 2,
            "kind": "post",
            "title": "Story 2",
            "outcome": "changed",
            "reason": "its status was “draft”: kept as a draft",
        }
    ]
    assert Story.objects.get(origin_id="1").section.slug == "money"


def test_a_refusal_is_one_line(export: Export) -> None:
    done = run(export(raw=b"<html></html>"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: export.xml is a web page (HTML), not a WordPress export; download the "
        "export again from Tools, Export while you are logged in.\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("x.xml", "--limit", "0"),
        ("x.xml", "--section-map", "no-equals"),
        ("x.xml", "--pictures-from", "/no/such/folder"),
        ("x.xml", "--unknown"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_help_wakes_neither_django_nor_a_database() -> None:
    code = (
        "import sys; from broadsheet.main.cli import main\n"
        "try: main(['import', 'wxr', '--help'])\n"
        "except SystemExit: pass\n"
        "print('django' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.stdout.splitlines()[-1] == "False"
    assert "--pictures-from" in done.stdout
