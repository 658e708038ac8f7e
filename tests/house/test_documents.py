"""The documents are held to the code, and the tree to what may stand in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from broadsheet.main.cli import COMMANDS, main
from tools import reference

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = ROOT / "docs" / "decisions"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def documents(tracked):
    found = [path for path in tracked if path.suffix == ".md"]
    assert len(found) > 20
    return found


def test_the_reference_is_fresh():
    assert reference.PAGE.read_text() == reference.page(), "run `make reference`"


def test_every_verb_event_and_job_says_what_it_is():
    silent = [
        f"{room}.{name}"
        for found in (reference.verbs, reference.events, reference.jobs)
        for room, name, told in found()
        # A job is thin; its verb has the sentence.
        if not told and found is not reference.jobs
    ]
    assert silent == []


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 80


def test_links_between_documents_lead_somewhere(documents):
    broken = [
        f"{document.relative_to(ROOT)} -> {target}"
        for document in documents
        for target in LINK.findall(document.read_text())
        if not target.startswith(("http:", "https:", "mailto:", "#"))
        and not (document.parent / target.partition("#")[0]).exists()
    ]
    assert broken == []


def test_the_tour_is_seven_files_that_exist():
    stops = re.findall(r"^\d+\. \[`(.+?)`\]", (ROOT / "docs/tour.md").read_text(), re.M)
    assert len(stops) == 7
    assert [stop for stop in stops if not (ROOT / stop).exists()] == []


def test_decisions_are_numbered_without_a_gap_and_titled_with_a_sentence():
    records = sorted(DECISIONS.glob("[0-9]*.md"))
    assert [path.name[:4] for path in records] == [
        f"{n:04}" for n in range(1, len(records) + 1)
    ]
    listed = (DECISIONS / "README.md").read_text()
    for path in records:
        text = path.read_text()
        title = text.splitlines()[0]
        assert re.fullmatch(r"# \d+\. [A-Z“].+[^.]", title), path.name
        for part in ("## Context", "## Decision", "## Consequences"):
            assert part in text, path.name
        assert f"({path.name})" in listed
        assert len(text.splitlines()) <= 60, f"{path.name} is more than a page"


def commands(group, *before):
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        yield (*before, name), command
        if hasattr(command, "list_commands"):
            yield from commands(command, *before, name)


@pytest.mark.parametrize("words", [words for words, _ in commands(main)], ids=" ".join)
def test_every_command_explains_itself(words):
    done = CliRunner().invoke(main, [*words, "--help"])
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: main {' '.join(words)}")
    assert len(done.output.splitlines()[2].strip()) >= 10


def test_the_list_of_commands_is_the_table():
    said = CliRunner().invoke(main, ["--help"]).output
    for name, entry in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(entry.told)}$", said, re.M), name


# What may stand in no file of ours: a registry's address, a path of some machine.
# Written in two halves, so that this file does not hold them either.
NEVER = re.compile(
    "|".join(
        re.escape(first + second)
        for first, second in (
            ("pypi", ".org"),
            ("files.python", "hosted.org"),
            ("registry.npm", "js.org"),
            ("--index", "-url"),
            ("--find", "-links"),
            ("/ho", "me/"),
            ("/ro", "ot/"),
            ("/Us", "ers/"),
            ("/wo", "rk/"),
        )
    )
)
ABOUT_LOCKS = {"tools/lock.py"}  # It names the options that keep addresses out.


def test_no_file_holds_a_registrys_address_or_a_machines_path(tracked):
    found = []
    for path in tracked:
        name = path.relative_to(ROOT).as_posix()
        if path.suffix in (".woff2", ".png", ".jpg", ".webp", ".ico", ".mo"):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if NEVER.search(line) and name not in ABOUT_LOCKS:
                found.append(f"{name}:{number}: {line.strip()[:80]}")
    assert found == []


def test_every_lock_has_only_hashed_pins():
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-build.txt"):
        text = (ROOT / name).read_text()
        pins = re.findall(
            r"^[A-Za-z0-9][^\n]*?==[^\n]*\n    --hash=sha256:", text, re.M
        )
        named = re.findall(r"^[A-Za-z0-9][^\n]*", text, re.M)
        assert len(pins) == len(named) > 1
