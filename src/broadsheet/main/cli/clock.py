"""`broadsheet clock`: the publication's present, and living through what comes."""

from __future__ import annotations

import json
import re
from collections import Counter
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
@click.option("--dry-run", is_flag=True, help="Move nothing; say what comes due.")
@click.option("--jump", is_flag=True, help="Skip what is due; workers catch up.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def move(span: timedelta, dry_run: bool, jump: bool, as_json: bool) -> None:
    """
    Move the present by SPAN (30d, 12h, -45m), and let everything that is due meanwhile
    happen in order, at its own moment. For demos and tests only. Ctrl-C stops at the
    moment that it has come to.
    """
    open_house()
    if dry_run:
        _foresee(span, as_json)
    elif jump or span <= timedelta(0):
        from broadsheet.plumbing import publication  # noqa: PLC0415  After open_house.

        publication.move_clock(publication.current().clock_offset + span)
        _tell_sandboxes()
        _show(as_json)
    else:
        _live_through(span, as_json)


@clock.command()
def reset() -> None:
    """Set the publication back to the wall clock."""
    open_house()
    from broadsheet.plumbing import publication  # noqa: PLC0415  After open_house.

    publication.move_clock(timedelta(0))
    _tell_sandboxes()
    _show(as_json=False)


def _foresee(span: timedelta, as_json: bool) -> None:
    from broadsheet.business.subscriptions import queries  # noqa: PLC0415  As above.
    from broadsheet.plumbing import publication  # noqa: PLC0415  As above.

    now, zone = publication.now(), publication.current().zone
    found = queries.coming(now, now + span)
    if as_json:
        facts = [
            {"what": one.what, "count": one.count, "first": one.first.isoformat()}
            for one in found
        ]
        click.echo(json.dumps(facts))
        return
    for one in found:
        first = one.first.astimezone(zone)
        click.echo(f"{one.count:8} {one.what}, the first {first:%d %B %Y, %H:%M}")
    days = max(span, timedelta(0)).days
    click.echo(f"And the work of {days} days. What follows from these is not in it.")


def _live_through(span: timedelta, as_json: bool) -> None:
    """
    Go from stop to stop. The clock is set before the work that is due there, so that a
    worker who is up meanwhile, or after a Ctrl-C, sees the same present as we do.
    """
    from broadsheet.business.payments import (  # noqa: PLC0415  As above.
        actions as payments,
    )
    from broadsheet.main import agenda  # noqa: PLC0415  As above.
    from broadsheet.main.progress import Progress  # noqa: PLC0415  As above.
    from broadsheet.plumbing import publication  # noqa: PLC0415  As above.

    start, zone = publication.now(), publication.current().zone
    offset, end = publication.current().clock_offset, start + span
    done: Counter[str] = Counter()
    progress = Progress(start, end)
    try:
        for at in agenda.stops(start, end, zone):
            publication.move_clock(offset + (at - start))
            done.update(agenda.work(at, zone))
            if agenda.is_round(at, zone):
                agenda.keep_house(at)
                payments.tell_time(at=at)  # Days go by for the sandbox's banks too.
            progress.at(at)
    except KeyboardInterrupt:
        progress.done()
        raise click.ClickException(
            f"Stopped. The publication lives at {publication.now():%Y-%m-%d %H:%M} UTC;"
            " what was due there and is not done is done by a worker, or the next move."
        ) from None
    progress.done()
    _tell_sandboxes()
    if not as_json:
        for name, count in sorted(done.items()):
            click.echo(f"{count:8} {name}")
    _show(as_json)


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
    side = "before" if offset < timedelta(0) else "after"
    moved = f"{abs(offset)} {side} the wall clock" if offset else "the wall clock"
    click.echo(f"{local:%A %d %B %Y, %H:%M:%S %Z} ({moved})")
