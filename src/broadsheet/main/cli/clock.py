"""`broadsheet clock`: the publication's present, and moving it."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import click

from .house import open_house

UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


class Span(click.ParamType[timedelta]):
    """A span such as 30d, 12h, -45m."""

    name = "SPAN"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        match = re.fullmatch(r"([+-]?\d{1,6})([dhms])", value)
        if match is None:
            self.fail(f"{value!r} is no span; give one such as 30d, 12h or -45m.")
        return timedelta(**{UNITS[match[2]]: int(match[1])})


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def clock(ctx: click.Context, as_json: bool) -> None:
    """Show the publication's present; `move` and `reset` its test clock."""
    if ctx.invoked_subcommand is None:
        open_house()
        _show(as_json)


# Without -h for help, for `-1h` is a span.
SPANS = {"ignore_unknown_options": True, "help_option_names": ["--help"]}


@clock.command(context_settings=SPANS)
@click.argument("span", type=Span())
def move(span: timedelta) -> None:
    """Move the present by SPAN (30d, 12h, -45m). For demos and tests only."""
    open_house()
    from broadsheet.plumbing import publication  # noqa: PLC0415  After open_house.

    publication.move_clock(publication.current().clock_offset + span)
    _tell_sandboxes()
    _show(as_json=False)


@clock.command()
def reset() -> None:
    """Set the publication back to the wall clock."""
    open_house()
    from broadsheet.plumbing import publication  # noqa: PLC0415  After open_house.

    publication.move_clock(timedelta(0))
    _tell_sandboxes()
    _show(as_json=False)


def _tell_sandboxes() -> None:
    """A payment sandbox lives in the publication's time; what is due there happens."""
    from broadsheet.business.payments import (  # noqa: PLC0415  After open_house.
        actions as payments,
    )
    from broadsheet.plumbing import publication  # noqa: PLC0415  After open_house.

    for name in payments.tell_time(at=publication.now()):
        click.echo(f"{name} cannot be reached; it will follow when it is.", err=True)


def _show(as_json: bool) -> None:
    from broadsheet.plumbing import publication  # noqa: PLC0415  After open_house.

    now, offset = publication.now(), publication.current().clock_offset
    if as_json:
        seconds = int(offset.total_seconds())
        click.echo(json.dumps({"now": now.isoformat(), "offset_seconds": seconds}))
        return
    local = now.astimezone(publication.current().zone)
    moved = f"{offset} after the wall clock" if offset else "the wall clock"
    click.echo(f"{local:%A %d %B %Y, %H:%M:%S %Z} ({moved})")
