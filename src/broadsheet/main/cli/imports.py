"""`broadsheet import …`: bring in what another system holds."""

from __future__ import annotations

import getpass
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

if TYPE_CHECKING:
    from broadsheet.news.archive.actions import Options, Report


@click.group("import")
def imports() -> None:
    """Bring stories in from another system."""


def _pairs(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for value in values:
        old, equals, new = value.partition("=")
        if not (equals and old.strip() and new.strip()):
            raise click.BadParameter(f"“{value}” is not OLD=NEW.")
        pairs[old.strip()] = new.strip()
    return pairs


@imports.command("wxr")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…"
)
@click.option("--dry-run", is_flag=True, help="Do everything, then take it back.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--limit", type=click.IntRange(min=1), help="Bring in N stories at most.")
@click.option(
    "--section-map",
    multiple=True,
    callback=_pairs,
    metavar="OLD=NEW",
    help="Put a category (by its slug) into this section. May be repeated.",
)
@click.option(
    "--also",
    multiple=True,
    metavar="TYPE",
    help="Make stories of this custom post type too. May be repeated.",
)
@click.option(
    "--allow-host",
    multiple=True,
    metavar="HOST",
    help="Fetch pictures from this host even if its address is private.",
)
@click.option(
    "--pictures-from",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Take pictures from this copy of wp-content/uploads, not from the web.",
)
@click.option("--no-pictures", is_flag=True, help="Bring in no pictures.")
def wxr(**given: Any) -> None:
    """Bring in the stories of a WordPress export (WXR), in one file or several.

    Safe to run again: what was brought in before is left as it is, what changed there
    is changed here.
    """
    files: tuple[Path, ...] = given.pop("files")
    as_json: bool = given.pop("as_json")
    _print(_bring_in(files, given), as_json=as_json)


def _bring_in(files: tuple[Path, ...], given: dict[str, Any]) -> Report:
    # Django wakes only here, so that `broadsheet --help` stays quick.
    import django  # noqa: PLC0415  see above
    from django.db import Error  # noqa: PLC0415  see above

    from broadsheet.plumbing.settings import BadSetting  # noqa: PLC0415  see above

    try:
        django.setup()
        # Wagtail tells of two tasks a story, right through the progress bar.
        logging.getLogger("django_tasks").setLevel(logging.WARNING)
        from broadsheet.news.archive import actions  # noqa: PLC0415  needs Django set up
        from broadsheet.plumbing import publication  # noqa: PLC0415  needs Django set up

        size = sum(path.stat().st_size for path in files if path.is_file())
        with _bar(2 * size) as progress:
            return actions.bring_in(
                files, _options(given), at=publication.now(), progress=progress
            )
    except (BadSetting, Error) as error:
        raise click.ClickException(str(error).splitlines()[0]) from error
    except ValueError as error:
        # `NotAnExport`, which cannot be named before Django is awake.
        raise click.ClickException(str(error)) from error


def _options(given: dict[str, Any]) -> Options:
    from broadsheet.news.archive.actions import Options  # noqa: PLC0415  needs Django

    return Options(
        dry_run=given["dry_run"],
        limit=given["limit"],
        section_map=given["section_map"],
        also=frozenset(given["also"]),
        fetch_pictures=not given["no_pictures"],
        pictures_from=given["pictures_from"],
        allowed_hosts=frozenset(given["allow_host"]),
        by=_who(),
    )


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # A container may run as a number without a name.
        return ""


@contextmanager
def _bar(size: int) -> Iterator[Callable[[int], None]]:
    """Show the bytes read, their rate and the time left on stderr, if it is a screen."""
    with tqdm(
        total=size,
        unit="B",
        unit_scale=True,
        unit_divisor=1024,
        desc="import",
        file=sys.stderr,
        disable=None,
        mininterval=0.3,
    ) as bar:
        yield bar.update


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        json.dump(report.as_json(), sys.stdout, ensure_ascii=False, indent=2)
        click.echo()
        return
    for line in report.as_text():
        click.echo(line)
