"""A provider is a folder, and every folder has the same places (HOUSE decision 14)."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from broadsheet.business.payments import providers
from broadsheet.business.payments.providers import NoSuchProvider, Provider

FOLDER = Path(providers.__file__).parent
PLACES = {"__init__.py", "client.py", "facts.py", "signature.py"}


def folders():
    return sorted(
        path for path in FOLDER.iterdir() if path.is_dir() and path.name[0] != "_"
    )


def test_every_folder_is_a_provider_and_nothing_else_is():
    assert providers.names() == tuple(folder.name for folder in folders())
    assert "paper" in providers.names()


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_each_has_the_same_set_of_files(folder):
    assert {path.name for path in folder.glob("**/*.py")} == PLACES


@pytest.mark.parametrize("name", providers.names())
def test_each_answers_to_every_verb_of_the_protocol(name):
    verbs = {
        verb: inspect.signature(function)
        for verb, function in inspect.getmembers(Provider, inspect.isfunction)
        if not verb.startswith("_")
    }
    assert sorted(verbs) == [
        *("came_back", "cancel", "charge", "find", "find_refund", "forget", "open"),
        *("read", "refund", "tell_time", "told_since", "verify"),
    ]
    one = type(providers.provider(name))
    assert {verb: inspect.signature(getattr(one, verb)) for verb in verbs} == verbs


@pytest.mark.parametrize("name", ["", "nobody", "paper.client", "..", "__init__"])
def test_a_name_without_a_folder_is_refused(name):
    with pytest.raises(NoSuchProvider):
        providers.provider(name)
