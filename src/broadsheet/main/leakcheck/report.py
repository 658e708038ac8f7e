"""What was found, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from .checking import Findings, totals
from .surfaces import GROUPS

SHOWN = 40  # Leaks that are listed; one hole makes hundreds.


def as_json(findings: Findings) -> str:
    rows = [
        {"reader": kind, "surface": group, "answers": count}
        for (kind, group), count in findings.asked.items()
    ]
    return json.dumps(
        {
            **totals(findings),
            "clean": findings.clean,
            "controls": findings.controls,
            "faults": sorted(findings.faults),
            "asked": rows,
            "leaked": [asdict(leak) for leak in findings.leaks],
        }
    )


def as_table(findings: Findings) -> Iterator[str]:
    """Yield lines: a reader a line, a surface a column; then what leaked and where."""
    leaked = {(leak.kind, leak.group) for leak in findings.leaks}
    kinds = list(dict.fromkeys(kind for kind, _ in findings.asked))
    width = max([6, *(len(kind) for kind in kinds)])
    yield f"{'reader':{width}}  " + "  ".join(f"{group:>6}" for group in GROUPS)
    for kind in kinds:
        cells = (_cell(findings, leaked, kind, group) for group in GROUPS)
        yield f"{kind:{width}}  " + "  ".join(f"{cell:>6}" for cell in cells)
    for name, held in findings.controls.items():
        if not held:
            yield f"CONTROL FAILED  {name}"
    for request in sorted(findings.faults):
        yield f"BROKE THE SITE, WITHOUT A LEAK  {request}"
    for leak in findings.leaks[:SHOWN]:
        yield f"LEAK  {leak}"
    if len(findings.leaks) > SHOWN:
        yield f"… and {len(findings.leaks) - SHOWN} more."
    counts = totals(findings)
    yield (
        f"{counts['answers']} answers looked at, {len(findings.controls)} controls: "
        f"{counts['leaks']} leaks, {counts['failed controls']} failed controls."
    )


def _cell(
    findings: Findings, leaked: set[tuple[str, str]], kind: str, group: str
) -> str:
    if (kind, group) in leaked:
        return "LEAK"
    return "ok" if findings.asked[kind, group] else "-"
