"""`broadsheet simulate`: years of readers' lives in minutes, and whether all held."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .house import ground

if TYPE_CHECKING:
    from broadsheet.main.simulation.report import Report

PREFIX = "broadsheet_simulation_"


@click.command()
@click.option("--readers", type=click.IntRange(1, 1_000_000), default=100)
@click.option("--years", type=click.IntRange(1, 50), default=5)
@click.option("--faults", type=click.FloatRange(0, 0.5), default=0.05,
              help="The share of calls, webhooks and steps that go wrong.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**63), default=1,
              help="The same seed is the same run.")  # fmt: skip
@click.option("--check-every", type=click.IntRange(1, 3660), default=90, metavar="DAYS",
              help="How often everything is verified on the way.")  # fmt: skip
@click.option("--keep", is_flag=True, help="Leave the database there, and name it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def simulate(
    readers: int,
    years: int,
    faults: float,
    seed: int,
    check_every: int,
    keep: bool,
    as_json: bool,
) -> None:
    """
    Let made-up readers live for years, with faults, in a database of its own that is
    thrown away; verify every invariant. Exit 1 if one breaks, and name the first.
    """
    with _own_database(keep), tempfile.TemporaryDirectory() as folder:
        from broadsheet.main.simulation import report, world  # noqa: PLC0415  Django.

        plan = world.Plan(readers, years * 365, faults, seed)
        found = report.run(plan, Path(folder), check_every=check_every)
    click.echo(json.dumps(found.facts) if as_json else found.words)
    if found.broken:
        raise click.ClickException(_sentence(found))


def _sentence(found: Report) -> str:
    plan = found.plan
    return (
        f"{found.broken[0]}. Seed {plan.seed}; to see it again: broadsheet simulate"
        f" --readers {plan.readers} --years {plan.days // 365} --faults {plan.faults}"
        f" --seed {plan.seed} --keep"
    )


@contextmanager
def _own_database(keep: bool) -> Iterator[None]:
    """Make a database beside the publication's, and let Django know no other."""
    import psycopg  # noqa: PLC0415  --help needs no driver.
    from psycopg import sql  # noqa: PLC0415  The same.
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415  The same.

    _, url = ground()
    name = PREFIX + secrets.token_hex(6)
    with psycopg.connect(url, autocommit=True) as server:
        try:
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise click.ClickException(
                "A simulation makes a database of its own, never uses the publication's;"
                " let this PostgreSQL user CREATEDB."
            ) from error
        server.execute(
            sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(
                sql.Identifier(name)
            )
        )
    os.environ["DATABASE_URL"] = make_conninfo(url, dbname=name)
    try:
        _build(name)
        yield
    finally:
        _leave(url, name, keep)


def _build(name: str) -> None:
    import django  # noqa: PLC0415  --help must not start Django.
    from django.core.management import call_command  # noqa: PLC0415  The same.

    django.setup()
    from django.db import connection  # noqa: PLC0415  After setup.

    if connection.settings_dict["NAME"] != name:
        raise click.ClickException("A simulation does not run in another database.")
    click.echo("A database of its own is made …", err=True)
    call_command("migrate", verbosity=0)


def _leave(url: str, name: str, keep: bool) -> None:
    import psycopg  # noqa: PLC0415  As above.
    from psycopg import sql  # noqa: PLC0415  As above.

    if keep:
        click.echo(f"The database {name} was kept.", err=True)
        return
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(name)
            )
        )
