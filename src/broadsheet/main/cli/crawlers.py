"""`broadsheet crawlers`: who a crawler is and what it gets, and newer lists."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from .house import open_house


@click.group()
def crawlers() -> None:
    """Crawlers: explain one, or load newer lists of their addresses."""


@crawlers.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path)
)
def refresh(files: tuple[Path, ...]) -> None:
    """
    Load newer lists of addresses, as their operators publish them. A FILE keeps the
    name that it is published by: googlebot.json, gptbot.json. All are loaded or none.
    """
    open_house()
    from django.db import transaction  # noqa: PLC0415  After open_house.

    from broadsheet.gate.house import actions  # noqa: PLC0415  The same.
    from broadsheet.plumbing import publication  # noqa: PLC0415  The same.

    with transaction.atomic():
        for file in files:
            try:
                text = _read(file)
                count = actions.file_ranges(file.stem, text, at=publication.now())
            except (actions.UnknownList, actions.BadRanges) as error:
                raise click.ClickException(f"{file}: {error}") from error
            click.echo(f"{file.stem}: {count} ranges")


@crawlers.command()
@click.argument("host")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
def trust(host: str, file: Path) -> None:
    """
    Trust the keys in FILE to sign for the agent at HOST (Web Bot Auth). The file is what
    HOST serves at /.well-known/http-message-signatures-directory.
    """
    open_house()
    from broadsheet.gate.house import actions  # noqa: PLC0415  After open_house.
    from broadsheet.plumbing import publication  # noqa: PLC0415  The same.

    try:
        count = actions.file_agent_keys(host, _read(file), at=publication.now())
    except (actions.NotAHost, actions.BadKeys) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{host}: {count} keys")


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}: cannot be read.") from error


@crawlers.command()
@click.argument("address")
@click.option("--user-agent", required=True, help="What the request says of itself.")
@click.option("--no-dns", is_flag=True, help="By the lists alone.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(address: str, user_agent: str, no_dns: bool, as_json: bool) -> None:
    """Say who a request from ADDRESS with this User-Agent is, and what it gets."""
    from broadsheet.gate.core.crawlers import read_address  # noqa: PLC0415  On demand.

    if read_address(address) is None:
        raise click.UsageError(f"{address!r} is not an address.")
    open_house()
    told = _told(address, user_agent, no_dns)
    click.echo(json.dumps(told) if as_json else _sentences(told))


def _told(address: str, user_agent: str, no_dns: bool) -> dict[str, Any]:
    from broadsheet.gate.asgi.dns import NoDns, SystemDns  # noqa: PLC0415  After open_house.
    from broadsheet.gate.core import crawlers as core  # noqa: PLC0415  The same.
    from broadsheet.gate.core.vocabulary import Action, Proof  # noqa: PLC0415  The same.
    from broadsheet.gate.house import queries  # noqa: PLC0415  The same.

    crawler = core.claimed(user_agent.encode())
    if crawler is None:
        return {"crawler": None}
    lists = {d.name: d.text for d in queries.crawler_documents() if d.what == "ranges"}
    newer = {name: core.parse_ranges(text) for name, text in lists.items()}
    ranges = core.Ranges.of({**core.shipped(), **newer})
    resolver = NoDns() if no_dns else SystemDns()
    found = asyncio.run(
        core.verify(crawler, core.read_address(address), ranges, resolver)
    )
    action = queries.policy().rule(found).action
    if action is Action.FULL and found.proof is Proof.NONE:
        action = Action.CUT
    return {
        "crawler": found.name,
        "kind": found.kind.value,
        "proof": found.proof.value,
        "action": action.value,
        "published": crawler.ranges or None,
        "domains": list(crawler.suffixes),
    }


_PROOFS = {
    "address": "It comes from an address that its operator publishes.",
    "dns": "Its address and its name in DNS belong together, both ways.",
    "none": "Nothing proves it; it only says so.",
}
_ACTIONS = {
    "full": "It gets every story whole.",
    "cut": "It gets what a stranger sees.",
    "licence": "It is asked for a licence (402).",
    "refuse": "It is refused (403).",
}


def _sentences(told: dict[str, Any]) -> str:
    if told["crawler"] is None:
        return "It claims to be no crawler; it is treated as a reader."
    claim = f"It claims to be {told['crawler']} ({told['kind']})."
    return " ".join((claim, _PROOFS[told["proof"]], _ACTIONS[told["action"]]))
