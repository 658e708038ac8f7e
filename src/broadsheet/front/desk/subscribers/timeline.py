"""Everything that happened about a reader, from every room, newest first."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import queries as payments
from broadsheet.business.subscriptions import queries as subscriptions
from broadsheet.plumbing import audit, outbox
from broadsheet.readers import queries as readers

from . import people, telling

PAGE = 25
# Of each room, so that what happened at one and the same instant is not cut in two.
ASKED = 2 * PAGE


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `kind`: contract, money, letter, visit or desk."""

    at: datetime
    key: str
    kind: str
    words: str
    beside: str = ""
    by: str = ""
    why: str = ""

    @property
    def place(self) -> tuple[datetime, str]:
        return self.at, self.key


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[Line, ...]
    older: str  # What to ask for to go on; empty at the end.


def page(reader: Any, *, cursor: str = "") -> Page:
    """Return a page of her history. Ten queries, however much there is."""
    before = _read(cursor)
    until = before[0] if before else None
    found = sorted(_all(reader, until), key=lambda line: line.place, reverse=True)
    if before:
        found = [line for line in found if line.place < before]
    shown = found[:PAGE]
    known = people.names({line.by for line in shown})
    lines = tuple(_named(line, reader.public_id, known) for line in shown)
    return Page(lines, _write(shown[-1]) if len(found) > PAGE else "")


def _all(reader: Any, until: datetime | None) -> Iterator[Line]:
    who: UUID = reader.public_id
    for happening in subscriptions.happenings(who, until=until, limit=ASKED):
        words, beside = telling.event(happening)
        key = f"event-{happening.subscription_id}-{happening.n:06}"
        yield Line(happening.at, key, "contract", words, beside, happening.by)
    for paper in books.papers(who, until=until, limit=ASKED):
        yield Line(paper.at, f"paper-{paper.id}", "money", _paper(paper))
    for moment in payments.moments(who, until=until, limit=ASKED):
        words, beside = _moment(moment)
        yield Line(moment.at, f"pay-{moment.id}", "money", words, beside)
    for told in outbox.told_of(who, handlers=".send_", until=until, limit=ASKED):
        beside = "" if told.done_at else _("not sent yet")
        words = telling.letter(told.handler)
        yield Line(told.at, f"letter-{told.id:012}", "letter", words, beside)
    for coming in readers.comings(reader, until=until, limit=ASKED):
        yield Line(coming.at, coming.key, "visit", _coming(coming.kind), coming.browser)
    for deed in audit.deeds(subject=who, until=until, limit=ASKED):
        words, by = str(telling.DEEDS.get(deed.verb, deed.verb)), str(deed.actor)
        key = f"desk-{deed.id}"
        yield Line(deed.at, key, "desk", words, change(deed), by, deed.reason)


def _named(line: Line, subject: UUID, known: dict[str, str]) -> Line:
    by = people.by(line.by, subject, known) if line.by else ""
    return Line(line.at, line.key, line.kind, line.words, line.beside, by, line.why)


def _paper(paper: books.Paper) -> str:
    said = {"number": paper.number or _("without a number")}
    said["amount"] = telling.money(paper.total)
    return {
        "open": _("Billed: invoice %(number)s, %(amount)s"),
        "paid": _("Invoice %(number)s, %(amount)s, is paid"),
        "void": _("An invoice of %(amount)s was withdrawn"),
        "uncollectible": _("Invoice %(number)s, %(amount)s, was given up"),
        "credited": _("Credit note %(number)s, %(amount)s"),
    }.get(paper.kind, _("Invoice %(number)s, %(amount)s")) % said


def _moment(moment: payments.Moment) -> tuple[str, str]:
    said = {"amount": telling.money(moment.amount)}
    if moment.kind == "refund":
        words = {
            "succeeded": _("Refunded: %(amount)s"),
            "refused": _("A refund of %(amount)s was refused"),
        }.get(moment.status, _("A refund of %(amount)s is under way"))
    else:
        words = {
            "succeeded": _("Paid: %(amount)s"),
            "declined": _("A payment of %(amount)s was declined"),
        }.get(moment.status, _("A payment of %(amount)s was asked for"))
    return words % said, " · ".join(filter(None, (moment.reason, moment.reference)))


def _coming(kind: str) -> str:
    return {
        "session": _("Logged in"),
        "mailed": _("A link and a code to sign in were mailed"),
    }.get(kind, _("Asked for a link to sign in; it is not mailed yet"))


def change(deed: audit.Deed) -> str:
    """Return what was otherwise afterwards: `paid_through: a → b`."""
    both = deed.before.keys() & deed.after.keys()
    said = [
        f"{name.replace('_', ' ')}: {_plain(deed.before[name])} → {_plain(deed.after[name])}"
        for name in sorted(both)
        if deed.before[name] != deed.after[name]
    ]
    said += [
        f"{name}: {_plain(value)}"
        for name, value in deed.before.items()
        if name not in both and deed.after
    ]
    return "; ".join(said)


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)[:16] if "T" in str(value)[:11] else str(value)


def _write(line: Line) -> str:
    stamp = f"{line.at.astimezone(UTC).isoformat()} {line.key}"
    return base64.urlsafe_b64encode(stamp.encode()).decode()


def _read(cursor: str) -> tuple[datetime, str] | None:
    try:
        at, _space, key = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        return (datetime.fromisoformat(at).astimezone(UTC), key) if key else None
    except (ValueError, binascii.Error):
        return None
