"""`broadsheet leakcheck`: whether a withheld word reaches who may not have it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from broadsheet.kit.clock import wall

from .house import open_house

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("base_url", required=False)
@click.option("--plant", is_flag=True, help="Plant stories here, to check BASE_URL.")
@click.option("--stories", type=FILE, help="Check the stories that FILE names instead.")
@click.option("--keep", type=FILE, help="Leave what is planted, and name it in FILE.")
@click.option("--weed", is_flag=True, help="Only take away what was kept.")
@click.option("--thorough", is_flag=True, help="Ask even what is unlikely to differ.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def leakcheck(
    base_url: str | None,
    plant: bool,
    stories: Path | None,
    keep: Path | None,
    weed: bool,
    thorough: bool,
    as_json: bool,
) -> None:
    """
    Ask for everything as everybody, and look for withheld words. Exit 1 on a leak.

    Without BASE_URL, stories with words of their own are planted in this publication,
    checked at its own address, and withdrawn. They are seen by readers meanwhile. Any
    other site is checked by --stories, a JSON file; --keep writes one.
    """
    if weed:
        _weed()
        return
    if base_url and not (plant or stories):
        raise click.UsageError("With BASE_URL, give --stories FILE, or --plant.")
    if stories and (plant or keep):
        raise click.UsageError("--stories checks what is there: no --plant, no --keep.")
    findings = _check(base_url, stories, keep, thorough)
    from broadsheet.main.leakcheck import report  # noqa: PLC0415  Not for --help.

    lines = [report.as_json(findings)] if as_json else report.as_table(findings)
    for line in lines:
        click.echo(line)
    if not findings.clean:
        raise click.exceptions.Exit(1)


def _check(
    base_url: str | None, stories: Path | None, keep: Path | None, thorough: bool
) -> Any:
    from broadsheet.main.leakcheck import (  # noqa: PLC0415  Not for --help.
        canaries,
        kinds,
        running,
        wire,
    )

    try:
        if stories is not None and base_url:
            return running.of_file(
                wire.Wire(base_url), stories, wall(), _say, thorough=thorough
            )
        origin, at = _here()
        site = wire.Wire(base_url or origin)
        if stories is not None:
            return running.of_file(site, stories, at, _say, thorough=thorough)
        return running.planted(site, at, _say, keep=keep, thorough=thorough)
    except (canaries.BadStories, kinds.CannotSpend, wire.Unreachable) as error:
        raise click.ClickException(str(error)) from error


def _here() -> tuple[str, datetime]:
    origin = open_house().origin
    from broadsheet.plumbing import publication  # noqa: PLC0415  After open_house.

    return origin, publication.now()


def _weed() -> None:
    _, at = _here()
    from broadsheet.main.leakcheck import running  # noqa: PLC0415  After open_house.

    click.echo(f"{running.weed(at)} stories withdrawn.")


def _say(line: str) -> None:
    click.echo(line, err=True)
