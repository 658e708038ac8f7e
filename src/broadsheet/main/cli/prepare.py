"""`broadsheet prepare` and `broadsheet demo`: a database and static files made ready."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from tqdm import tqdm

from .house import open_house

if TYPE_CHECKING:
    from collections.abc import Iterable

    from broadsheet.main.demo.manuscripts import Manuscript


@click.command()
@click.option("--demo", "with_demo", is_flag=True, help="Open the demo if it is empty.")
def prepare(with_demo: bool) -> None:
    """Migrate the database and collect static files. Safe to run at every deploy."""
    open_house()
    from broadsheet.main import readiness  # noqa: PLC0415  After open_house.

    readiness.prepare(with_demo=with_demo, progress=_bar)
    click.echo("The database is migrated and the static files are collected.")


@click.command()
def demo() -> None:
    """Open the demo paper in this database. Run again, it changes nothing."""
    open_house()
    from broadsheet.main import demo as paper  # noqa: PLC0415  After open_house.
    from broadsheet.plumbing import publication  # noqa: PLC0415  The same.

    for login in paper.open_demo(publication.now(), progress=_bar):
        click.echo(f"{login.email:28} {login.password:8} {login.who}")


def _bar(stories: Iterable[Manuscript]) -> Iterable[Manuscript]:
    """
    Show how many stories are printed, their rate and the time left. On stdout, for
    `broadsheet run` keeps stderr to say what went wrong.
    """
    bar: Iterable[Manuscript] = tqdm(
        list(stories),
        desc="Printing the demo",
        unit=" stories",
        file=sys.stdout,
        disable=None,
    )
    return bar
