"""`broadsheet doctor`: what is wrong, and what to do."""

from __future__ import annotations

import json

import click

from .house import open_house


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Examine this installation: one line each, `ok`, `warn` or `fail`."""
    open_house()
    from broadsheet.main import doctor as practice  # noqa: PLC0415  After open_house.

    findings = practice.examine()
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in findings]))
    else:
        for what, level, said in findings:
            click.echo(f"{level:4}  {what:11} {said}")
    if any(finding.level == "fail" for finding in findings):
        raise click.exceptions.Exit(1)
