"""`broadsheet ledger`: what the books say, and whether they may be believed."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from .house import open_house

if TYPE_CHECKING:
    from broadsheet.kit.money import Money

NAMED = 20  # How many findings are printed in words; --json prints all.
AT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"])


@click.group()
def ledger() -> None:
    """The books."""


@ledger.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(as_json: bool) -> None:
    """Verify the books' invariants. Exit 1 if one does not hold, and name the first."""
    open_house()
    from broadsheet.business.ledger import queries  # noqa: PLC0415  After open_house.
    from broadsheet.business.payments import queries as payments  # noqa: PLC0415  Too.

    # Ledger and payments do not know each other; what was captured is carried over here.
    findings = queries.check(payments.held())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings[:NAMED]:
            click.echo(f"{finding.invariant}: {finding.subject}: {finding.message}")
        click.echo(f"{len(findings)} findings.")
    if findings:
        raise click.exceptions.Exit(1)


@ledger.command("trial-balance")
@click.option("--at", type=AT, help="As they stood at the end of this day, or instant.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def trial_balance(at: datetime | None, as_json: bool) -> None:
    """What every account stands at: debits positive, credits negative."""
    open_house()
    from broadsheet.business.ledger import queries  # noqa: PLC0415  After open_house.

    rows = queries.trial_balance(_until(at) if at else None)
    if as_json:
        click.echo(
            json.dumps([{"account": name, **_plain(money)} for name, money in rows])
        )
        return
    for name, money in rows:
        click.echo(f"{name:20} {money.format(exact=True):>20}")


@ledger.command()
@click.argument("account")
@click.option("--currency", default="INR", show_default=True)
@click.option("--since", type=AT, required=True, help="From the beginning of this day.")
@click.option("--until", type=AT, help="Until the end of this day; else now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def statement(
    account: str,
    currency: str,
    since: datetime,
    until: datetime | None,
    as_json: bool,
) -> None:
    """What moved on an account, with the balance after each line."""
    open_house()
    from broadsheet.business.ledger import queries  # noqa: PLC0415  After open_house.
    from broadsheet.plumbing import publication  # noqa: PLC0415  After open_house.

    if account not in queries.CHART:
        raise click.ClickException(f"The chart has no account {account!r}.")
    lines = queries.statement(
        account,
        currency,
        since=_zoned(since),
        until=_until(until) if until else publication.now(),
    )
    if as_json:
        rows = [
            {
                "at": line.at.isoformat(),
                "reference": line.reference,
                "memo": line.memo,
                **_plain(line.amount),
                "balance_minor": line.balance.minor,
            }
            for line in lines
        ]
        click.echo(json.dumps(rows))
        return
    for line in lines:
        amount, after = (m.format(exact=True) for m in (line.amount, line.balance))
        click.echo(f"{line.at:%Y-%m-%d %H:%M} {amount:>16} {after:>16}  {line.memo}")


def _plain(money: Money) -> dict[str, Any]:
    return {"currency": money.currency, "minor": money.minor}


def _zoned(at: datetime) -> datetime:
    """Return the instant; a day begins at its midnight in the publication's zone."""
    from broadsheet.plumbing import publication  # noqa: PLC0415  After open_house.

    return at if at.tzinfo else at.replace(tzinfo=publication.current().zone)


def _until(at: datetime) -> datetime:
    """Return the instant; of a day, its last moment."""
    if at.tzinfo:
        return at
    return _zoned(at.replace(hour=23, minute=59, second=59, microsecond=999_999))
