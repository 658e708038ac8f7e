"""`broadsheet explain`: what a reader sees of a story, or saw, and why."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import click

from .house import open_house

if TYPE_CHECKING:
    from broadsheet.gate.house.explaining import Explanation, Question

_NUMBER = re.compile(r"/[^/]+/[^/]*-(\d{1,18})/?")


class Story(click.ParamType[int]):
    """A story's number, or its address."""

    name = "STORY"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if value.isascii() and value.isdigit() and len(value) <= 18:
            return int(value)
        found = _NUMBER.fullmatch(urlsplit(value).path)
        if found is None:
            self.fail(f"{value!r} is neither a story's number nor its address.")
        return int(found[1])


class Moment(click.ParamType[datetime]):
    """A moment such as 2026-08-03T10:00; without a zone, in the publication's."""

    name = "WHEN"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no moment; give one such as 2026-08-03T10:00.")


@click.command()
@click.option(
    "--story", type=Story(), required=True, help="Its number, or its address."
)
@click.option("--reader", metavar="MAIL|UUID", help="A registered reader.")
@click.option("--device", metavar="COOKIE|UUID", help="A browser, by its cookie.")
@click.option(
    "--anonymous", is_flag=True, help="A browser that comes for the first time."
)
@click.option("--at", type=Moment(), help="When; now, unless said.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(
    story: int,
    reader: str | None,
    device: str | None,
    anonymous: bool,
    at: datetime | None,
    as_json: bool,
) -> None:
    """
    Say what she sees of a story, or saw, by which rule, and what would change it. A view
    that was recorded within five minutes of WHEN is replayed exactly.
    """
    if [bool(reader), device is not None, anonymous].count(True) != 1:
        raise click.UsageError("Say who: one of --reader, --device, --anonymous.")
    open_house()
    told = _explained(_question(story, reader, device, at))
    if as_json:
        from broadsheet.gate.house import telling  # noqa: PLC0415  After open_house.

        click.echo(json.dumps(telling.as_json(told), ensure_ascii=False, indent=2))
        return
    for line in _lines(told):
        click.echo(line)


def _question(
    story: int, reader: str | None, device: str | None, at: datetime | None
) -> Question:
    from broadsheet.gate.house.explaining import (  # noqa: PLC0415  After open_house.
        Question,
        Who,
    )
    from broadsheet.plumbing import publication  # noqa: PLC0415  The same.

    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=publication.current().zone)
    if reader is not None:
        return Question(story, Who.READER, _reader(reader), at)
    if device is not None:
        return Question(story, Who.DEVICE, _browser(device), at)
    return Question(story, Who.ANONYMOUS, None, at)


def _browser(named: str) -> UUID:
    from broadsheet.gate.house import queries  # noqa: PLC0415  After open_house.

    found = queries.device_called(named)
    if found is None:
        raise click.ClickException("No browser of ours has this cookie or number.")
    return found


def _reader(named: str) -> UUID:
    from broadsheet.readers import queries  # noqa: PLC0415  After open_house.

    try:
        found = queries.reader(UUID(named))
    except ValueError:
        found = queries.reader_of(named)
    if found is None:
        raise click.ClickException("No reader has this mail address or number.")
    return found.public_id


def _explained(question: Question) -> Explanation:
    from broadsheet.gate.house import explaining, queries  # noqa: PLC0415  After open_house.
    from broadsheet.plumbing import publication  # noqa: PLC0415  The same.

    try:
        return explaining.explain(question, now=publication.now())
    except queries.UnknownStory as error:
        raise click.ClickException(str(error)) from error


def _lines(told: Explanation) -> list[str]:
    from broadsheet.gate.house import telling  # noqa: PLC0415  After open_house.

    facts = told.scene.facts
    lines = [f"Story {facts.story_id}, {facts.path} ({facts.access}, {facts.section})"]
    lines.append(telling.head(told))
    for part in telling.parts(told):
        lines += ["", f"{part.title}:", *(f"  {line}" for line in part.lines)]
    return lines
