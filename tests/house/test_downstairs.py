"""Foreign keys: names in strings hide from import-linter; the floors hold for them too."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
# {container: {room: floor}}, floor 0 on top.
FLOORS: dict[str, dict[str, int]] = {
    contract["containers"][0]: {
        name.strip("() "): floor
        for floor, row in enumerate(contract["layers"])
        for name in row.split("|")
    }
    for contract in CONTRACTS["contracts"]
    if contract["type"] == "layers" and len(contract["containers"]) == 1
}


def stands_on(upper: str, lower: str) -> bool:
    """Test if room `upper` is declared to stand on room `lower`."""
    container = "broadsheet"
    pairs = zip(upper.split(".")[1:], lower.split(".")[1:], strict=False)
    for mine, theirs in pairs:
        if mine != theirs:
            floors = FLOORS[container]
            return floors[mine] < floors[theirs]
        container += f".{mine}"
    return True


def room(model: type) -> str:
    return model.__module__.partition(".models")[0]


def upstairs(models):
    for model in models:
        if not room(model).startswith("broadsheet."):
            continue
        for field in model._meta.get_fields():
            if not field.is_relation or field.auto_created or not field.related_model:
                continue
            there = room(field.related_model)
            if there.startswith("broadsheet.") and not stands_on(room(model), there):
                yield f"{model._meta.label}.{field.name} -> {there}"


def test_every_foreign_key_points_downstairs():
    assert list(upstairs(apps.get_models())) == []


@pytest.mark.parametrize(
    ("upper", "lower", "allowed"),
    [
        ("broadsheet.business.subscriptions", "broadsheet.business.ledger", True),
        ("broadsheet.business.ledger", "broadsheet.business.subscriptions", False),
        ("broadsheet.business.ledger", "broadsheet.business.catalogue", False),
        ("broadsheet.business.ledger", "broadsheet.readers", True),
        ("broadsheet.readers", "broadsheet.business.ledger", False),
        ("broadsheet.news.newsroom", "broadsheet.business.ledger", False),
        ("broadsheet.gate.house", "broadsheet.readers", False),
        ("broadsheet.news.archive", "broadsheet.news.newsroom", True),
        ("broadsheet.news.newsroom", "broadsheet.news.newsroom", True),
    ],
)
def test_the_floors_are_read_right(upper, lower, allowed):
    assert stands_on(upper, lower) is allowed


def model(module: str, label: str, **relations):
    fields = [
        SimpleNamespace(name=n, is_relation=True, auto_created=False, related_model=m)
        for n, m in relations.items()
    ]
    meta = SimpleNamespace(label=label, get_fields=lambda: fields)
    return SimpleNamespace(__module__=module, _meta=meta)


def test_a_key_that_points_upstairs_is_told():
    reader = model("broadsheet.readers.models", "readers.Reader")
    plan = model("broadsheet.business.catalogue.models", "catalogue.Plan", by=reader)
    reader = model("broadsheet.readers.models", "readers.Reader", plan=plan)
    assert list(upstairs([plan, reader])) == [
        "readers.Reader.plan -> broadsheet.business.catalogue"
    ]
