"""Filing what crawlers' operators publish: their addresses, and the keys they sign with."""

from __future__ import annotations

import re
from datetime import datetime

from broadsheet.gate.core import crawlers, known, signatures
from broadsheet.gate.core.crawlers import BadRanges as BadRanges
from broadsheet.gate.core.signatures import BadKeys as BadKeys
from broadsheet.gate.store.crawlers import KEYS, RANGES

from . import models

_HOST = re.compile(r"(?=.{4,120}$)[a-z0-9-]+(\.[a-z0-9-]+)+")


class UnknownList(Exception):
    """No crawler in our table publishes a list of this name. Do not try again."""


class NotAHost(Exception):
    """An agent is known by its host. Do not try again."""


def file_ranges(name: str, document: str, *, at: datetime) -> int:
    """
    File the newest list of an operator's addresses; `name` is its file's, without
    `.json`. Return how many ranges it has. The gates look once a minute. Raise
    `UnknownList`, `BadRanges`.
    """
    if name not in known.RANGES:
        names = ", ".join(sorted(known.RANGES))
        raise UnknownList(f"{name!r} is no list of a crawler's; known are {names}.")
    networks = crawlers.parse_ranges(document)
    _file_document(RANGES, name, document, at)
    return len(networks)


def file_agent_keys(agent: str, document: str, *, at: datetime) -> int:
    """
    File the directory of keys that the agent at this host signs its requests with.
    Return how many they are. Raise `NotAHost`, `BadKeys`.
    """
    if not _HOST.fullmatch(agent):
        raise NotAHost(f"{agent!r} is no host; give one such as chatgpt.com.")
    keys = signatures.read_keys(document)
    _file_document(KEYS, agent, document, at)
    return len(keys)


def _file_document(what: str, name: str, document: str, at: datetime) -> None:
    models.CrawlerDocument.objects.update_or_create(
        what=what, name=name, defaults={"document": document, "filed_at": at}
    )
