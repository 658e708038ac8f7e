"""`broadsheet ledger`: whether the books may be believed."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from .house import open_house


@click.group()
def ledger() -> None:
    """The books."""


@ledger.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(as_json: bool) -> None:
    """Verify the books' invariants. Exit 1 if one does not hold."""
    open_house()
    from broadsheet.business.ledger import queries  # noqa: PLC0415  After open_house.

    findings = queries.check()
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            click.echo(f"{finding.invariant}: {finding.subject}: {finding.message}")
        click.echo(f"{len(findings)} findings.")
    if findings:
        raise click.exceptions.Exit(1)
