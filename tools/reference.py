"""
`python -m tools.reference` writes docs/reference.md: every command, verb, event, job
and hearer, each with the first sentence that its author wrote. A house test holds the
page fresh, so that nothing of the kind exists without a line here.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from broadsheet.main.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "broadsheet"
PAGE = ROOT / "docs" / "reference.md"
HEAD = """# Reference

Written by `make reference` from the sources; do not edit. Settings have
[a page of their own](operating/settings.md).
"""
Definition = ast.FunctionDef | ast.AsyncFunctionDef


def room_of(path: Path) -> str:
    """Return the room of a file: `business.ledger` of business/ledger/actions.py."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    place = next(i for i, part in enumerate(parts) if part in PLACES)
    return ".".join(parts[:place])


PLACES = ("actions", "events", "jobs")


def files(place: str) -> Iterator[Path]:
    """Yield a place's files in every room: `actions.py`, or all of `actions/`."""
    yield from sorted(
        path
        for pattern in (f"**/{place}.py", f"**/{place}/*.py")
        for path in PACKAGE.glob(pattern)
    )


def sentence(node: ast.AST) -> str:
    """Return the first sentence of a docstring, on one line."""
    assert isinstance(node, Definition | ast.ClassDef)
    text = " ".join((ast.get_docstring(node) or "").split())
    for end in (". ", "! "):
        text = text.partition(end)[0]
    return text.rstrip(".")


def offered(path: Path) -> set[str] | None:
    """Return what a package's front page offers of this module; None: all of it."""
    if path.parent.name not in PLACES:
        return None
    front = ast.parse((path.parent / "__init__.py").read_text())
    return {
        alias.asname or alias.name
        for node in front.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def verbs() -> Iterator[tuple[str, str, str]]:
    for path in files("actions"):
        names = offered(path)
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, Definition) or node.name.startswith("_"):
                continue
            if names is None or node.name in names:
                yield room_of(path), node.name, sentence(node)


def events() -> Iterator[tuple[str, str, str]]:
    for path in files("events"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield room_of(path), node.name, sentence(node)


def jobs() -> Iterator[tuple[str, str, str]]:
    for path in files("jobs"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, Definition):
                for name in _task_names(node):
                    yield room_of(path), name, sentence(node)


def _task_names(node: Definition) -> Iterator[str]:
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(".task"):
            named = {word.arg: word.value for word in call.keywords}
            name = named.get("name")
            yield name.value if isinstance(name, ast.Constant) else node.name


def commands() -> Iterator[tuple[str, str, str]]:
    for name, entry in COMMANDS.items():
        yield "", f"broadsheet {name}", entry.told.rstrip(".")


SECTIONS = (
    ("Commands", commands),
    ("Verbs", verbs),
    ("Events", events),
    ("Jobs", jobs),
)


def page() -> str:
    """Return docs/reference.md as it ought to be."""
    lines = [HEAD]
    for title, found in SECTIONS:
        lines.append(f"## {title}\n")
        last = None
        for room, name, told in found():
            if room != last and room:
                lines.append(f"\n**{room}**\n" if last else f"**{room}**\n")
            last = room
            lines.append(f"- `{name}`{': ' + told if told else ''}")
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
