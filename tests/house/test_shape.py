"""The shape of our tree, and a broken tree for each rule, to see that it bites."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import shape

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [ROOT / "src" / "broadsheet", ROOT / "src" / "paper_gateway"]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
@pytest.mark.parametrize("check", shape.CHECKS, ids=lambda check: check.__name__)
def test_our_tree_keeps_the_shape(check, package):
    assert list(check(package)) == []


def test_no_test_file_is_too_long():
    assert list(shape.long_tests(ROOT / "tests")) == []


FUNCTION = "def long():\n" + "    pass\n" * 60
BROKEN = [
    (shape.long_files, "kit/a.py", "#\n" * 401, ["kit/a.py has 401 lines"]),
    (shape.long_files, "kit/a.py", "#\n" * 400, []),
    (shape.long_tests, "test_a.py", "#\n" * 601, ["test_a.py has 601 lines"]),
    (shape.long_functions, "kit/a.py", FUNCTION, ["kit/a.py:1 long has 61 lines"]),
    (shape.long_functions, "kit/a.py", FUNCTION[:-9], []),
    (shape.junk_drawers, "a/utils.py", "", ["a/utils.py is a junk drawer"]),
    (shape.junk_drawers, "helpers/a.py", "", ["helpers is a junk drawer"]),
    (
        shape.floats_near_money,
        "business/ledger/rules.py",
        "a = 0.5\nb: float\n",
        [
            "business/ledger/rules.py:1 a float near money",
            "business/ledger/rules.py:2 a float near money",
        ],
    ),
    (shape.floats_near_money, "news/a.py", "a = 0.5\n", []),
    (
        shape.nameless_migrations,
        "a/migrations/0002_auto_20260803.py",
        "",
        ["0002_auto_20260803.py does not say what it does"],
    ),
    (
        shape.nameless_migrations,
        "a/migrations/0002_alter_plan_name_and_more.py",
        "",
        ["0002_alter_plan_name_and_more.py does not say what it does"],
    ),
    (shape.nameless_migrations, "a/migrations/0002_price_versions.py", "", []),
    (
        shape.migrations_that_import_us,
        "a/migrations/0002_b.py",
        "from broadsheet.plumbing import ids\nfrom .. import rules\nimport django\n"
        "import broadsheet.kit.clock\n",
        [
            "a/migrations/0002_b.py:1 imports broadsheet.plumbing",
            "a/migrations/0002_b.py:2 imports broadsheet",
        ],
    ),
    (
        shape.other_answers,
        "front/web/views.py",
        "open = Decision(1)\nshut = vocabulary.Decision(2)\n",
        [
            "front/web/views.py:1 makes a Decision of its own",
            "front/web/views.py:2 makes a Decision of its own",
        ],
    ),
    (shape.other_answers, "gate/core/decide.py", "Decision(1)\n", []),
    (shape.untold_rooms, "news/a/apps.py", "", ["news/a does not say what it is"]),
]


@pytest.mark.parametrize(("check", "path", "text", "said"), BROKEN)
def test_a_broken_tree_is_told(tmp_path, check, path, text, said):
    package = tmp_path / "broadsheet"
    file = package / path
    file.parent.mkdir(parents=True)
    (file.parent / "__init__.py").touch()
    file.write_text(text)

    assert list(check(package)) == said


def test_every_rule_has_a_tree_that_breaks_it():
    bitten = {check for check, _, _, said in BROKEN if said}
    assert bitten == {*shape.CHECKS, shape.long_tests}
