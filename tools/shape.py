"""
The shape of the house: what no linter we have can see. Each check takes a tree and
yields one sentence a fault; tests/house/ runs them on our tree and on broken ones.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

FILE_LINES_MAX = 400
TEST_FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 60
JUNK_DRAWERS = frozenset({"utils", "helpers", "services", "common", "misc"})
# The business side and the money type; nothing else in the house touches amounts.
NEAR_MONEY = ("business/", "kit/money.py")
# The one function that may say what somebody may read.
ANSWERS_WHO_MAY_READ = "gate/core/decide.py"

Check = Callable[[Path], Iterator[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(package: Path) -> Iterator[tuple[str, ast.Module, int]]:
    """Yield (path under the package, syntax tree, lines) of each file of ours."""
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        if "/migrations/" not in name:
            text = path.read_text()
            yield name, ast.parse(text), text.count("\n")


def long_files(package: Path) -> Iterator[str]:
    for name, _, lines in sources(package):
        if lines > FILE_LINES_MAX:
            yield f"{name} has {lines} lines"


def long_tests(tests: Path) -> Iterator[str]:
    for name, _, lines in sources(tests):
        if lines > TEST_FILE_LINES_MAX:
            yield f"{name} has {lines} lines"


def long_functions(package: Path) -> Iterator[str]:
    for name, tree, _ in sources(package):
        for node in ast.walk(tree):
            if isinstance(node, Function):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    yield f"{name}:{node.lineno} {node.name} has {lines} lines"


def junk_drawers(package: Path) -> Iterator[str]:
    for path in sorted(package.rglob("*")):
        if path.stem in JUNK_DRAWERS and path.suffix in ("", ".py"):
            yield f"{path.relative_to(package).as_posix()} is a junk drawer"


def floats_near_money(package: Path) -> Iterator[str]:
    for name, tree, _ in sources(package):
        if name.startswith(NEAR_MONEY):
            for node in ast.walk(tree):
                if isinstance(node, ast.expr) and _is_float(node):
                    yield f"{name}:{node.lineno} a float near money"


def _is_float(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    return isinstance(node, ast.Name) and node.id == "float"


def nameless_migrations(package: Path) -> Iterator[str]:
    for path in sorted(package.rglob("migrations/[0-9]*.py")):
        if re.search(r"_auto_|_alter_\w+_and_more$", path.stem):
            yield f"{path.name} does not say what it does"


def migrations_that_import_us(package: Path) -> Iterator[str]:
    """A migration must go on meaning what it meant; our code will not stand still."""
    for path in sorted(package.rglob("migrations/[0-9]*.py")):
        name = path.relative_to(package).as_posix()
        for node in ast.parse(path.read_text()).body:
            for module in _imported(node):
                if _is_ours(module):
                    yield f"{name}:{node.lineno} imports {module}"


def _imported(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        # One dot is the migrations folder itself; two are the room's code.
        yield "broadsheet" if node.level > 1 else (node.module or "")


def _is_ours(module: str) -> bool:
    # The kit is no app: a column's default may name it (kit.clock.wall).
    return module.split(".")[0] == "broadsheet" and not (module + ".").startswith(
        "broadsheet.kit."
    )


def other_answers(package: Path) -> Iterator[str]:
    """`Decision(…)` anywhere else would be a second opinion on who may read."""
    for name, tree, _ in sources(package):
        if name != ANSWERS_WHO_MAY_READ:
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and _called(node) == "Decision":
                    yield f"{name}:{node.lineno} makes a Decision of its own"


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def untold_rooms(package: Path) -> Iterator[str]:
    """Every room says what it is, what it promises and what it refuses."""
    for path in sorted(package.rglob("apps.py")):
        room = path.parent
        if room.name in ("main", "house"):
            continue
        if not ast.get_docstring(ast.parse((room / "__init__.py").read_text())):
            yield f"{room.relative_to(package).as_posix()} does not say what it is"


CHECKS: tuple[Check, ...] = (
    long_files,
    long_functions,
    junk_drawers,
    floats_near_money,
    nameless_migrations,
    migrations_that_import_us,
    other_answers,
    untold_rooms,
)
