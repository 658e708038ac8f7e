"""
Text sent to the wrong client. The leak check asks for everything as everybody; here it
does so through nginx (straight at the program it does in `tests/browser/test_leaks.py`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broadsheet.main.leakcheck.wire import Request, Wire
from tests.browser.attacks.edge import Edge
from tests.site import RunningSite

pytestmark = [pytest.mark.process, pytest.mark.timeout(420)]


@pytest.fixture(scope="module")
def checked(
    site: RunningSite, edge: Edge, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """What the leak check says of the site behind nginx, and the stories it planted."""
    kept: Path = tmp_path_factory.mktemp("leaks") / "kept.json"
    words = ["leakcheck", edge.origin, "--plant", "--json", "--keep", str(kept)]
    done = subprocess.run(
        [sys.executable, "-m", "broadsheet.main", *words],
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.stdout, done.stderr
    yield json.loads(done.stdout), json.loads(kept.read_text())["stories"]
    site.cli("leakcheck", "--weed")


def test_through_nginx_no_withheld_word_comes_to_whom_it_is_withheld_from(checked):
    told, _ = checked

    assert told["leaked"] == []
    assert told["faults"] == []
    assert [name for name, held in told["controls"].items() if not held] == []
    assert told["clean"] is True
    assert told["answers"] > 5_000


@pytest.mark.parametrize(
    "way",
    [
        "{path}",
        "{path}?outputType=amp",
        "{path}?print=1",
        "{path}amp/",
        "{path}print/",
        "/feeds/front.rss",
        "/feeds/all.rss",
        "/sitemap.xml",
        "/news-sitemap.xml",
        "/oembed?url={path}",
        "/api/v1/stories/{number}",
        "/api/v1/stories?limit=50",
        "/desk/stories/preview/{number}/?mode=full",
        "/",
    ],
)
def test_no_form_of_a_story_holds_what_is_withheld(origin: str, checked, way: str):
    """Neither hidden by script or style, nor in JSON-LD, OpenGraph, noscript, comments."""
    _, stories = checked
    wire = Wire(origin)
    shut = [one for one in stories if one["access"] not in ("free", "metered")]
    assert shut
    for story in shut:
        target = way.format(path=story["path"], number=story["story_id"])
        said = wire.ask(Request("", target)).everything
        assert [word for word in story["words"] if word.encode() in said] == []
