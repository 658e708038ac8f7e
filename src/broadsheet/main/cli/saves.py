"""`broadsheet saves`: whether an offer to who is leaving keeps anybody."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from .house import open_house

if TYPE_CHECKING:
    from broadsheet.business.subscriptions.queries import Effect

DAYS = 90


@click.command()
@click.option("--days", default=DAYS, show_default=True, help="Who asked since then.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def saves(days: int, as_json: bool) -> None:
    """
    Compare readers who were shown the save offer with those who were held out: how many
    of each still have a subscription that renews.
    """
    if not 1 <= days <= 3660:
        raise click.BadParameter("DAYS is from 1 to 3660.")
    open_house()
    from broadsheet.business.subscriptions import queries  # noqa: PLC0415  After it.
    from broadsheet.plumbing import publication  # noqa: PLC0415  As above.

    until: datetime = publication.now()
    groups = queries.save_effect(since=until - timedelta(days=days), until=until)
    if as_json:
        click.echo(json.dumps([asdict(group) for group in groups]))
        return
    for group in groups:
        click.echo(_line(group))


def _line(group: Effect) -> str:
    share = f"{group.stayed * 100 / group.asked:.1f} %" if group.asked else "–"
    name = group.group.replace("_", " ")
    return (
        f"{name:<9} {group.asked:>7,} asked to leave, {group.accepted:>7,} took the "
        f"offer, {group.stayed:>7,} renew today: {share}"
    )
