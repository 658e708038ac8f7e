from __future__ import annotations

import pytest

from broadsheet.plumbing.meter_address import MeterAddress, parse
from broadsheet.plumbing.settings import BadSetting, read


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("valkey://127.0.0.1", MeterAddress((("127.0.0.1", 6379),))),
        (
            "redis://db.example:6380/3",
            MeterAddress((("db.example", 6380),), database=3),
        ),
        (
            "rediss://me:p%40s%2Fs@db.example",
            MeterAddress((("db.example", 6379),), False, True, "me", "p@s/s"),
        ),
        (
            "valkeys://:word@[::1]:7/",
            MeterAddress((("::1", 7),), False, True, None, "word"),
        ),
        (
            "valkey+cluster://a:1,b,c:3/0",
            MeterAddress((("a", 1), ("b", 6379), ("c", 3)), cluster=True),
        ),
        (
            "rediss+cluster://me:word@a:1",
            MeterAddress((("a", 1),), True, True, "me", "word"),
        ),
    ],
)
def test_an_address_says_which_servers_and_how(text, meant):
    assert parse(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://:word@a", "the scheme is 'http'"),
        ("word", "the scheme is ''"),
        ("redis://", "a host is missing"),
        ("redis://:word@a:x", "'a:x' is not a host and a port"),
        ("redis://:word@a:99999", "'a:99999' is not a host and a port"),
        ("redis://:word@a:1,b:2", "it names several servers but no cluster"),
        ("redis+cluster://:word@a:1,", "a host is missing"),
        ("redis+cluster://:word@a:1/2", "a cluster has no database but 0"),
        ("redis://:word@a/two", "'two' is not the number of a database"),
        ("redis://:word@a?ssl=1", "nothing may follow the address"),
        ("redis://:word@[::1", "a bracket in it is not closed"),
    ],
)
def test_an_unusable_address_is_refused_in_a_sentence_without_its_password(
    tmp_path, text, said
):
    environ = {"BROADSHEET_VAR": str(tmp_path), "BROADSHEET_METER_URL": text}

    with pytest.raises(BadSetting) as refused:
        read(environ)

    assert str(refused.value) == (
        f"BROADSHEET_METER_URL cannot be used, because {said}; give an address such as "
        "valkey://127.0.0.1:6379/0, or for a cluster "
        "valkey+cluster://10.0.0.1:6379,10.0.0.2:6379."
    )
    assert "word@" not in str(refused.value)


def test_without_one_the_meter_is_in_postgresql(tmp_path):
    for environ in ({}, {"BROADSHEET_METER_URL": ""}):
        assert read({"BROADSHEET_VAR": str(tmp_path), **environ}).meter_url is None


def test_what_people_are_shown_holds_no_password():
    address = parse("valkey+cluster://me:secret@a:1,b:2")

    assert address.shown == "a:1, b:2"
    assert "secret" not in repr(address)
