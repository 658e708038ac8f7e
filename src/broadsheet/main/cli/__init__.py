"""
The `broadsheet` command: one module a group, each thin over a room's verbs.

A module is imported when its command is asked for, so that `--help` starts neither
Django nor PostgreSQL. Exit 0: done. 1: refused, with one line on stderr. 2: wrong usage.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, NamedTuple

import click

from broadsheet.plumbing.settings import BadSetting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.main.settings")


class Entry(NamedTuple):
    module: str  # In this package.
    attribute: str
    told: str  # What the list of commands says; the module is not opened for it.


COMMANDS: dict[str, Entry] = {
    "run": Entry("run", "run", "Everything on one machine, with the demo paper."),
    "serve": Entry("serve", "serve", "The web server."),
    "worker": Entry("serve", "worker", "A job worker."),
    "prepare": Entry("prepare", "prepare", "Migrate, and collect static files."),
    "demo": Entry("prepare", "demo", "Open the demo paper."),
    "import": Entry("imports", "imports", "Stories from another system."),
    "doctor": Entry("doctor", "doctor", "What is wrong, and what to do."),
    "clock": Entry("clock", "clock", "Show or move the publication's test clock."),
    "simulate": Entry("simulate", "simulate", "Years of readers' lives, in minutes."),
    "leakcheck": Entry("leakcheck", "leakcheck", "Whether a withheld word gets out."),
    "renew": Entry("renew", "renew", "Renew what is due; foretell what will be."),
    "saves": Entry("saves", "saves", "Whether save offers keep anybody."),
    "ledger": Entry("ledger", "ledger", "Check the books."),
    "crawlers": Entry("crawlers", "crawlers", "Who a crawler is; newer lists."),
    "explain": Entry("explain", "explain", "What a reader sees, and why."),
    "preview-policy": Entry("preview", "preview_policy", "Another policy, tried."),
    "outbox": Entry("outbox", "outbox", "Deliveries that failed or wait."),
}


class Commands(click.Group):
    """A group whose commands are opened one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(import_module(f"{__name__}.{entry.module}"), entry.attribute)
        assert isinstance(command, click.Command)  # noqa: S101  Our own table.
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.told) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BadSetting as error:
            raise click.ClickException(str(error)) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise  # Click's own ways to end.
        except Exception as error:
            sentence = _database_fault(error)
            if sentence is None:
                raise
            raise click.ClickException(sentence) from error


def _database_fault(error: Exception) -> str | None:
    """Return one sentence if the database failed us, or None."""
    import psycopg  # noqa: PLC0415  Only after something went wrong.
    from django.db import OperationalError  # noqa: PLC0415  The same.

    if not isinstance(error, (psycopg.OperationalError, OperationalError)):
        return None
    first = (str(error).splitlines() or [type(error).__name__])[0]
    return f"The database does not answer ({first}); see `broadsheet doctor`."


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="broadsheet")
def main() -> None:
    """Run and look after a Broadsheet publication."""
