"""One box to find a reader by: mail, name, invoice, payment, subscription."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import queries as payments
from broadsheet.business.subscriptions import queries as subscriptions
from broadsheet.readers import queries as readers

from . import people

MOST = 20
SHORTEST = 2
_NUMBER = re.compile(r"[A-Za-z0-9]{1,3}/[0-9/-]*")


def find(asked: str, *, masked: bool) -> list[Any]:
    """
    Return at most twenty readers that fit, the surest first. Whoever sees readers masked
    finds by a whole address only: letter by letter, the beginning would betray it.
    """
    text = " ".join(asked.split())[:200]
    if len(text) < SHORTEST:
        return []
    found: dict[UUID, Any] = {}
    for reader in _found(text, masked=masked):
        found.setdefault(reader.public_id, reader)
    return list(found.values())[:MOST]


def _found(text: str, *, masked: bool) -> Iterator[Any]:
    known = people.number(text)
    if known is not None:
        return _by_number(known)
    if _NUMBER.fullmatch(text):
        return _known(books.readers_of_number(text, limit=MOST))
    if "@" in text:
        return _by_address(text, masked=masked)
    return _by_words(text, masked=masked)


def _by_number(known: UUID) -> Iterator[Any]:
    """A subscription's, a payment's, an invoice's or a reader's own."""
    asking: tuple[Callable[[UUID], UUID | None], ...] = (
        subscriptions.reader_of,
        payments.reader_of,
        books.reader_of,
    )
    yield from _known([known, *filter(None, (ask(known) for ask in asking))])


def _by_address(text: str, *, masked: bool) -> Iterator[Any]:
    exact = readers.reader_of(text)
    if exact is not None:
        yield exact
    if not masked:
        yield from readers.found_by_address(text, limit=MOST)


def _by_words(text: str, *, masked: bool) -> Iterator[Any]:
    paid = payments.reader_of_reference(text)
    yield from _known([paid] if paid else [])
    yield from readers.found_by_name(text, limit=MOST)
    if not masked and " " not in text:
        yield from readers.found_by_address(text, limit=MOST)


def _known(ids: Any) -> Iterator[Any]:
    wanted = list(ids)
    found = readers.readers(wanted) if wanted else {}
    return (found[each] for each in wanted if each in found)
