"""`broadsheet preview-policy`: another policy, tried on what was recorded."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from .clock import Span
from .house import open_house

if TYPE_CHECKING:
    from broadsheet.gate.core.record import Record

LIMIT = click.IntRange(0, 100)
CAVEAT = (
    "Who met a wall may have left, and would have read more: where walls fall, the real "
    "number of views is higher."
)


@click.command("preview-policy")
@click.option("--limit-anonymous", type=LIMIT, help="Free stories for everybody.")
@click.option("--extra-registered", type=LIMIT, help="More of them after signing up.")
@click.option("--period", type=click.Choice(["month", "rolling30"]))
@click.option(
    "--since", type=Span(), default="7d", show_default=True, help="How far back."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def preview_policy(since: timedelta, as_json: bool, **wished: Any) -> None:
    """
    Say how many walls another policy would have made of the views that were recorded.
    What is not given stays as it was at each view.
    """
    if since <= timedelta(0):
        raise click.UsageError("--since is how far back, such as 7d.")
    if all(value is None for value in wished.values()):
        raise click.UsageError(
            "Say what is to be otherwise, such as --limit-anonymous 5."
        )
    open_house()
    told = _tried(since, wished)
    click.echo(json.dumps(told, indent=2) if as_json else "\n".join(_lines(told)))


def _tried(since: timedelta, wished: dict[str, Any]) -> dict[str, Any]:
    from broadsheet.gate.core.previewing import Wish  # noqa: PLC0415  After open_house.
    from broadsheet.gate.house import previewing  # noqa: PLC0415  The same.
    from broadsheet.plumbing import publication  # noqa: PLC0415  The same.

    until = publication.now()
    found = previewing.tried(
        Wish(**wished), since=until - since, until=until, progress=_bar
    )
    if not found.views:
        raise click.ClickException("Nothing was recorded in that time.")
    return previewing.as_json(found, until=until)


def _bar(records: Iterator[Record], count: int) -> Iterator[Record]:
    """Show the views replayed, their rate and the time left on stderr, if it is a screen."""
    bar: Iterator[Record] = iter(
        tqdm(
            records,
            total=count,
            desc="replaying",
            unit=" views",
            unit_scale=True,
            file=sys.stderr,
            disable=None,
        )
    )
    return bar


def _lines(told: dict[str, Any]) -> list[str]:
    before, after = told["before"], told["after"]
    rows = [
        ("Walls", before["walls"], after["walls"]),
        ("Readers who met one", before["walled"], after["walled"]),
        ("Free stories read", before["free_reads"], after["free_reads"]),
    ]
    lines = [
        f"{told['views']} views by {told['identities']} browsers and readers, "
        f"from {told['since'][:16]} on.",
        "",
        *_table("", rows),
        "",
        *_table("Walls by section", _pairs(told["sections"], "section")),
        "",
        *_table("Walls by day", _pairs(told["days"], "day")),
        "",
        CAVEAT,
    ]
    return lines


def _pairs(rows: list[dict[str, Any]], name: str) -> list[tuple[str, int, int]]:
    return [(row[name], row["before"], row["after"]) for row in rows]


def _table(title: str, rows: list[tuple[str, int, int]]) -> list[str]:
    return [
        f"{title:24}{'was':>10}{'would be':>10}",
        *(f"{name[:23]:24}{was:>10}{would:>10}" for name, was, would in rows),
    ]
