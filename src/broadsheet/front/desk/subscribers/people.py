"""Who a reader is, as far as this one of the staff may know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from broadsheet.plumbing import audit
from broadsheet.readers import queries as readers

from .. import roles

REVEALED_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Person:
    """What may be shown of her. `masked`: it is not all that we know."""

    id: UUID
    name: str
    mail: str
    masked: bool


def person(reader: Any, *, masked: bool) -> Person:
    if not masked:
        return Person(reader.public_id, reader.name, reader.email, masked=False)
    return Person(
        reader.public_id, hidden_name(reader.name), hidden_mail(reader.email), True
    )


def is_masked(staff: Any, reader: UUID | None, at: datetime) -> bool:
    """Say whether this one of the staff sees a reader masked. A query for support."""
    if staff.has_perm(roles.SEE_PERSONAL):
        return False
    if reader is None or not staff.has_perm(roles.REVEAL):
        return True
    return not audit.revealed(
        actor=staff.public_id, subject=reader, since=at - REVEALED_FOR
    )


def hidden_mail(address: str) -> str:
    """Return `a***@e***.com`: enough to recognise with the reader on the telephone."""
    local, _at, domain = address.rpartition("@")
    host, _dot, end = domain.rpartition(".")
    return f"{local[:1]}***@{host[:1]}***.{end}"


def hidden_name(name: str) -> str:
    """Return `A*** R***`."""
    return " ".join(f"{word[:1]}***" for word in name.split())


def names(ids: set[str]) -> dict[str, str]:
    """Return the names of those of the staff whose ids these are. One query."""
    known = readers.readers(found for each in ids if (found := number(each)))
    return {str(one): reader.name or reader.email for one, reader in known.items()}


def by(who: str, subject: UUID, known: dict[str, str]) -> str:
    """Return who did something, in words."""
    if who == str(subject):
        return _("the reader")
    if who in ("", "house"):
        return _("Broadsheet")
    return known.get(who, who)


def number(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
