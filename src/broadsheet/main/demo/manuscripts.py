"""The demo paper's stories as they lie in `stories/`, one file a section."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from broadsheet.news.newsroom.queries import Block

SECTIONS = (
    ("nation", "Nation", "How a large country runs, told from where it happens."),
    ("world", "World", "Beyond the border, without the alarm."),
    ("markets", "Markets", "Money, and what it is trying to say."),
    (
        "companies",
        "Companies",
        "Firms that make things, and what they learned doing it.",
    ),
    ("technology", "Technology", "New machines, old problems."),
    ("opinion", "Opinion", "Argument, in whole sentences."),
    ("culture", "Culture", "What people make when nobody asks them to."),
    ("sport", "Sport", "Games, and the people who cannot leave them alone."),
)


@dataclass(frozen=True, slots=True)
class Manuscript:
    """One story, with `hours` since it was first published."""

    section: str
    headline: str
    standfirst: str
    author: str
    scene: str
    hours: int
    blocks: tuple[Block, ...]
    access: str = "metered"
    dateline: str = ""
    agency: str = ""
    tags: tuple[str, ...] = ()
    lead: bool = False


def manuscripts() -> Iterator[Manuscript]:
    """Yield every story, section by section."""
    for section, _, _ in SECTIONS:
        text = files(__package__).joinpath(f"stories/{section}.txt").read_text("utf-8")
        for part in text.split("\n===\n"):
            yield _read(section, part.strip())


def _read(section: str, text: str) -> Manuscript:
    head, _, body = text.partition("\n\n")
    given = dict(line.split(": ", 1) for line in head.splitlines())
    return Manuscript(
        section=section,
        headline=given["headline"],
        standfirst=given["standfirst"],
        author=given["by"],
        scene=given["picture"],
        hours=int(given["hours"]),
        blocks=tuple(_block(part) for part in body.split("\n\n")),
        access=given.get("access", "metered"),
        dateline=given.get("dateline", ""),
        agency=given.get("agency", ""),
        tags=tuple(given["tags"].split(", ")),
        lead="lead" in given,
    )


def _block(text: str) -> Block:
    text = text.strip()
    if text.startswith("## "):
        return Block("heading", {"text": text[3:], "level": 2})
    if text.startswith("> "):
        words, _, attribution = text[2:].partition(" — ")
        return Block(
            "quote", {"html": escape(words, quote=False), "attribution": attribution}
        )
    if text.startswith("| "):
        rows = [
            [escape(cell.strip()) for cell in row.strip("| ").split("|")]
            for row in text.splitlines()
        ]
        return Block("table", {"rows": rows, "header": True, "caption": ""})
    return Block("paragraph", {"html": f"<p>{escape(text, quote=False)}</p>"})
