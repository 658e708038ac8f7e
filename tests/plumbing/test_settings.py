from __future__ import annotations

import re
import stat
from dataclasses import fields
from pathlib import Path

import pytest

from broadsheet.plumbing.database import django_database, ping
from broadsheet.plumbing.settings import BadSetting, Settings, read

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operating" / "settings.md"


def test_defaults_serve_a_demo_on_this_machine(tmp_path):
    given = read({"BROADSHEET_VAR": str(tmp_path), "PORT": "8123"})
    assert (given.origin, given.host) == ("http://127.0.0.1:8123", "127.0.0.1")
    assert (given.smtp_url, given.gateway_url) == (
        "smtp://127.0.0.1:8025",
        "http://127.0.0.1:8090",
    )
    assert (given.debug, given.database_url, given.metrics_token) == (False, None, "")


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path):
    first, second = (read({"BROADSHEET_VAR": str(tmp_path)}) for _ in range(2))
    assert first == second
    assert len(first.secret) == 64 and first.secret != first.gateway_secret
    for name in ("secret", "gateway-secret"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "BROADSHEET_NAME",
            "x",
            "BROADSHEET_NAME is not a setting; the known ones are",
        ),
        ("BROADSHEET_DATABASE_URL", "x", "BROADSHEET_DATABASE_URL is not a setting"),
        ("BROADSHEET_DEBUG", "yes", "BROADSHEET_DEBUG is 'yes'; give 0 or 1."),
        (
            "BROADSHEET_ORIGIN",
            "example.com",
            "BROADSHEET_ORIGIN is 'example.com'; give an address such as http://",
        ),
        ("BROADSHEET_SMTP_URL", "http://a", "give an address such as smtp://"),
        ("BROADSHEET_GATEWAY_URL", "ftp://a", "give an address such as http://"),
        ("BROADSHEET_VAR", "/dev/null/var", "which cannot be used as a folder"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_in_one_line(
    tmp_path, name, value, said
):
    with pytest.raises(BadSetting) as refused:
        read({"BROADSHEET_VAR": str(tmp_path), name: value})
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("rubbish", "DATABASE_URL cannot be read; give one such as postgresql://"),
        ("postgresql://127.0.0.1:1/x", "No PostgreSQL answers at the address in"),
    ],
)
def test_an_unusable_database_is_told_in_one_line(url, said):
    with pytest.raises(BadSetting) as refused:
        ping(url)
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("keys", ["stubby", "x" * 40 + ",stubby", "é" * 40])
def test_an_edges_key_is_long_and_never_repeated(tmp_path, keys):
    with pytest.raises(BadSetting) as refused:
        read({"BROADSHEET_VAR": str(tmp_path), "BROADSHEET_EDGE_KEYS": keys})
    assert "BROADSHEET_EDGE_KEYS holds a key that is too short" in str(refused.value)
    assert keys not in str(refused.value)


def test_an_edges_key_can_be_replaced_while_the_other_holds(tmp_path):
    given = {"BROADSHEET_VAR": str(tmp_path)}
    two = f"{'a' * 40}, {'b' * 40}"

    assert read(given).edge_keys == ()
    assert read({**given, "BROADSHEET_EDGE_KEYS": two}).edge_keys == (
        "a" * 40,
        "b" * 40,
    )


def test_the_benchmarks_edge_has_a_key_that_is_taken(tmp_path):
    servers = Path(__file__).parents[2] / "benchmarks" / "_servers.py"
    found = re.search(r'^EDGE_KEY = "(.+)"$', servers.read_text(), re.MULTILINE)
    assert found is not None
    given = {"BROADSHEET_VAR": str(tmp_path), "BROADSHEET_EDGE_KEYS": found[1]}
    assert read(given).edge_keys == (found[1],)


def test_an_address_with_a_password_becomes_djangos_entry():
    entry = django_database(
        "postgresql://me:p%40ss@db.example:6432/paper?sslmode=require"
    )
    assert (entry["NAME"], entry["USER"], entry["PASSWORD"]) == ("paper", "me", "p@ss")
    assert (entry["HOST"], entry["PORT"]) == ("db.example", "6432")
    assert entry["OPTIONS"]["sslmode"] == "require"


def test_the_page_about_settings_lists_each_and_no_other():
    told = set(re.findall(r"^\| `([A-Z_]+)` ", PAGE.read_text(), re.MULTILINE))
    ours = {f"BROADSHEET_{field.name.upper()}" for field in fields(Settings)}
    assert told == ours - {"BROADSHEET_DATABASE_URL"} | {"DATABASE_URL", "PORT"}
