"""The leak check against a whole site; and a leak made on purpose, to see it reported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from broadsheet.main.leakcheck.wire import Request, Wire
from tests.site import RunningSite

pytestmark = [pytest.mark.process, pytest.mark.timeout(420)]

# Opens the premium story among those that were kept: the mistake of an editor.
RECLASS = """
from broadsheet.main.cli.house import open_house
open_house()
from broadsheet.news.newsroom import actions, queries
from broadsheet.main.leakcheck import planting
from broadsheet.plumbing import publication
at = publication.now()
story_id = {story_id}
blocks = queries.body(story_id, planting.gate.for_pressing(story_id)[0])
filed = [b for b in blocks if b.kind == "paragraph"]
planting.newsroom.file(headline="Opened", blocks=filed, section_slug={section!r},
    access="free", origin=planting.ORIGIN, origin_id="premium", at=at)
actions.publish(story_id=story_id, at=at)
"""


def leakcheck(site: RunningSite, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "broadsheet.main", "leakcheck", *words],
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


def run(site: RunningSite, code: str) -> str:
    """Run Python in the site's own environment and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_withheld_word_comes_to_whom_it_is_withheld_from(
    site: RunningSite, tmp_path: Path
):
    kept = tmp_path / "kept.json"
    done = leakcheck(site, "--json", "--keep", str(kept))
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)

    assert told["leaked"] == []
    assert told["faults"] == []
    assert [name for name, held in told["controls"].items() if not held] == []
    assert (done.returncode, told["clean"]) == (0, True)
    assert told["answers"] > 5_000
    readers = {row["reader"] for row in told["asked"]}
    assert {"no cookie", "metered out", "lapsed", "refunded", "logged out"} <= readers

    # Now the premium story is opened by mistake, and the same words come to anybody.
    story = json.loads(kept.read_text())["stories"][0]
    assert story["access"] == "premium"
    section = story["path"].split("/")[1]
    run(site, RECLASS.format(story_id=story["story_id"], section=section))
    one = tmp_path / "one.json"
    one.write_text(json.dumps({"stories": [story]}))
    done = leakcheck(site, site.origin, "--stories", str(one))

    assert done.returncode == 1
    word = next(w for w, place in story["words"].items() if place == "paragraph 2")
    said = done.stdout.splitlines()
    row = next(line for line in said if line.startswith("no cookie"))
    assert row.split()[2:4] == ["LEAK", "ok"]  # The page leaks; other spellings move.
    line = f"LEAK  no cookie: GET {story['path']}: {word} (paragraph 2 of story"
    assert any(each.startswith(line) for each in said)

    # What was kept is taken away: the stories are gone, and their words with them.
    assert int(leakcheck(site, "--weed").stdout.split()[0]) >= 4
    gone = Wire(site.origin).ask(Request("", story["path"]))
    assert gone.status == 410
    assert not any(word.encode() in gone.everything for word in story["words"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["http://127.0.0.1:1/", "--stories", "{good}"], "gives no answer"),
        (["http://127.0.0.1:1/", "--stories", "{bad}"], "is no list of stories"),
        (["not-a-site", "--stories", "{good}"], "is no address of a site"),
        (["http://127.0.0.1:1/"], "give --stories FILE, or --plant"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_one_sentence(
    site: RunningSite, tmp_path: Path, words: list[str], said: str
):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    story = {"story_id": 1, "path": "/a/b-1/", "access": "free"}
    good.write_text(json.dumps({"stories": [story | {"words": {"wordless": "x"}}]}))
    bad.write_text("[]")

    done = leakcheck(site, *(word.format(good=good, bad=bad) for word in words))

    assert done.returncode in (1, 2)
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
