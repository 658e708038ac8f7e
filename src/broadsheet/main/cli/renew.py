"""`broadsheet renew`: renew what is due, or say exactly what would be charged."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from .house import open_house

if TYPE_CHECKING:
    from broadsheet.business.subscriptions.queries import WouldCharge


@click.command()
@click.option(
    "--at",
    "when",
    metavar="WHEN",
    help="As of this instant (2026-11-03T00:00+05:30); the present, unless said.",
)
@click.option("--dry-run", is_flag=True, help="Charge nobody; say who would be.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line each.")
def renew(when: str | None, dry_run: bool, as_json: bool) -> None:
    """Renew what is due."""
    if when and not dry_run:
        raise click.UsageError("--at is for a --dry-run; a run is at the present.")
    open_house()
    from broadsheet.plumbing import publication  # noqa: PLC0415  After open_house.

    at = _instant(when) if when else publication.now()
    if dry_run:
        _foresee(at, as_json)
    else:
        _run(at, as_json)


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not an instant.") from error
    if at.tzinfo is None:
        raise click.BadParameter("WHEN says its zone, such as +05:30.")
    return at


def _foresee(at: datetime, as_json: bool) -> None:
    from broadsheet.business.subscriptions import queries  # noqa: PLC0415  As above.

    sums: dict[str, int] = {}
    count = 0
    for would in queries.dry_run(at):
        count += 1
        currency = would.amount.currency
        sums[currency] = sums.get(currency, 0) + would.amount.minor
        click.echo(json.dumps(_facts(would)) if as_json else _line(would))
    if not as_json:
        click.echo(f"{count} would be renewed. {_totals(sums)}".rstrip())


def _run(at: datetime, as_json: bool) -> None:
    from broadsheet.business.subscriptions import actions  # noqa: PLC0415  As above.

    done = actions.RenewalRun()
    while True:
        run = actions.renew_due(at=at)
        done = done + run
        if not run.claimed:
            break
    if as_json:
        click.echo(json.dumps(done.facts))
        return
    click.echo(
        f"{done.claimed} were due: {done.renewed} renewed, {done.declined} declined,"
        f" {done.unknown} not known yet."
    )


def _facts(would: WouldCharge) -> dict[str, Any]:
    return {
        "subscription": str(would.subscription_id),
        "reader": str(would.reader),
        "plan": would.plan_code,
        "period_index": would.period_index,
        "starts": would.starts.isoformat(),
        "ends": would.ends.isoformat(),
        "minor": would.amount.minor,
        "currency": would.amount.currency,
        "how": would.how,
        "why": would.why,
    }


def _line(would: WouldCharge) -> str:
    return (
        f"{would.subscription_id}  {would.plan_code}  {would.starts} to {would.ends}"
        f"  {would.amount}  {would.how}  {would.why}"
    )


def _totals(sums: dict[str, int]) -> str:
    from broadsheet.kit.money import Money  # noqa: PLC0415  As above.

    return " ".join(str(Money(minor, code)) for code, minor in sorted(sums.items()))
