"""`broadsheet outbox`: deliveries that failed or wait, and another try."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from .house import open_house


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.pass_context
def outbox(ctx: click.Context, as_json: bool, limit: int) -> None:
    """List the deliveries that failed; `retry` gives them another try."""
    if ctx.invoked_subcommand is not None:
        return
    open_house()
    from broadsheet.plumbing import outbox as box  # noqa: PLC0415  After open_house.

    failed = box.failed(limit)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in failed], default=str))
        return
    backlog = box.backlog()
    for one in failed:
        click.echo(
            f"{one.id}  {one.topic} -> {one.handler}, tried {one.attempts} times"
        )
        click.echo(f"    {one.error}")
    click.echo(f"{backlog.waiting} waiting, {backlog.failed} of them failed before.")


@outbox.command()
@click.argument("delivery", type=int, nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every delivery that failed.")
def retry(delivery: tuple[int, ...], every: bool) -> None:
    """Deliver again now: the given DELIVERY ids, or --all."""
    if bool(delivery) == every:
        raise click.UsageError("Give delivery ids, or --all.")
    open_house()
    from broadsheet.plumbing import outbox as box  # noqa: PLC0415  After open_house.

    ids = [one.id for one in box.failed(1000)] if every else list(delivery)
    refused = [said for one in ids if (said := _try_again(one))]
    for said in refused:
        click.echo(said, err=True)
    click.echo(f"{len(ids) - len(refused)} delivered, {len(refused)} failed again.")
    if refused:
        raise click.exceptions.Exit(1)


def _try_again(delivery_id: int) -> str | None:
    """Return what went wrong, in one line, or None."""
    from broadsheet.plumbing import outbox as box  # noqa: PLC0415  After open_house.
    from broadsheet.plumbing import publication  # noqa: PLC0415  The same.

    try:
        box.deliver(delivery_id, at=publication.now())
    except Exception as error:  # A hearer may fail in any way; the operator reads how.
        return f"{delivery_id}: {type(error).__name__}: {error}".splitlines()[0]
    return None
