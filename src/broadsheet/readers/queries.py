"""Questions about people, their keys and their sessions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.contrib.sessions.models import Session
from django.db.models.functions import Lower

from broadsheet.gate.house import queries as gate
from broadsheet.kit import clock

from . import rules
from .models import MailedKey, Reader, mark
from .rules import Inbox, Purpose, Standing

MOST_NAMED = 200


@dataclass(frozen=True, slots=True)
class KeyView:
    """A mailed key as a page may show it: nothing that opens anything."""

    id: UUID
    purpose: Purpose
    email: str  # Only for the browser that typed it.
    masked: str
    next_path: str
    standing: Standing
    minutes_left: int
    mail: str  # "sent", "sending", "delayed" or "refused"
    inbox: Inbox | None


@dataclass(frozen=True, slots=True)
class Device:
    """A session, in words that its owner knows it by."""

    id: int
    browser: str
    system: str
    network: str
    signed_in_at: datetime
    last_seen_at: datetime
    is_this: bool


@dataclass(frozen=True, slots=True)
class Coming:
    """A reader asked to be let in, or came: `kind` is asked, mailed or session."""

    key: str
    kind: str
    browser: str
    at: datetime


def reader(public_id: UUID) -> Reader | None:
    return Reader.objects.filter(public_id=public_id).first()


def reader_of(email: str) -> Reader | None:
    """Return the reader of this address, however its letters are cased."""
    return (
        Reader.objects.alias(folded=Lower("email")).filter(folded=email.lower()).first()
    )


def found_by_address(begins: str, *, limit: int) -> list[Reader]:
    """Return readers whose address begins so, in the order of addresses. One query."""
    rows = Reader.objects.alias(folded=Lower("email")).filter(
        folded__startswith=begins.lower()
    )
    return list(rows.order_by("folded", "pk")[:limit])


def found_by_name(words: str, *, limit: int) -> list[Reader]:
    """
    Return readers in whose name a word begins with each of `words`, however cased. Of
    more than two hundred, those that the index gives first. One query.
    """
    prefixes = re.findall(r"\w+", words)
    if not prefixes:
        return []
    asked = SearchQuery(
        " & ".join(f"{word}:*" for word in prefixes),
        config="simple",
        search_type="raw",
    )
    rows = Reader.objects.alias(words=SearchVector("name", config="simple"))
    some = rows.filter(words=asked).order_by()[:MOST_NAMED].values("pk")
    return list(Reader.objects.filter(pk__in=some).order_by("name", "pk")[:limit])


def readers(ids: Iterable[UUID]) -> dict[UUID, Reader]:
    """Return the readers of these ids, those that there are. One query."""
    return {row.public_id: row for row in Reader.objects.filter(public_id__in=ids)}


def comings(
    reader: Reader, *, until: datetime | None = None, limit: int
) -> list[Coming]:
    """
    Return when a reader asked for a mail to sign in with and used it, and when her
    living sessions began, newest first; never from which address. Two queries.
    """
    keys = MailedKey.objects.alias(folded=Lower("email")).filter(
        folded=reader.email.lower()
    )
    sessions = UserSession.objects.filter(user=reader)
    if until is not None:
        keys = keys.filter(asked_at__lte=until)
        sessions = sessions.filter(created_at__lte=until)
    found = [
        Coming(
            f"key-{row.pk}", "mailed" if row.mailed_at else "asked", "", row.asked_at
        )
        for row in keys.order_by("-asked_at", "-pk")[:limit]
    ]
    for row in sessions.order_by("-created_at", "-pk")[:limit]:
        browser, system = rules.browser_in_words(row.user_agent)
        what = f"{browser}, {system}"
        found.append(Coming(f"session-{row.pk}", "session", what, row.created_at))
    return sorted(found, key=lambda coming: coming.at, reverse=True)[:limit]


def link(token: str, *, at: datetime) -> KeyView | None:
    """Return what the link opens. Asking changes nothing, however often it is done."""
    key = MailedKey.objects.filter(token_mark=mark("token", token)).first()
    return _view(key, at) if key else None


def key(key_id: UUID, *, at: datetime) -> KeyView | None:
    found = MailedKey.objects.filter(pk=key_id).first()
    return _view(found, at) if found else None


def _view(key: MailedKey, at: datetime) -> KeyView:
    return KeyView(
        id=key.id,
        purpose=Purpose(key.purpose),
        email=key.email,
        masked=rules.masked(key.email),
        next_path=key.next_path,
        standing=key.standing(at),
        minutes_left=rules.minutes(key.expires_at - at),
        mail=_mail_state(key, at),
        inbox=rules.inbox_of(key.email),
    )


def _mail_state(key: MailedKey, at: datetime) -> str:
    if key.mailed_at is not None:
        return "sent"
    if key.refused_at is not None:
        return "refused"
    late = key.delayed_at is not None or at > key.asked_at + rules.LATE_AFTER
    return "delayed" if late else "sending"


def devices(reader: Reader, *, this_session: str | None) -> Sequence[Device]:
    """
    Return the reader's living sessions, the last seen first. Two queries, however
    many there are. Sessions lapse by the wall clock, as Django keeps them.
    """
    rows = list(
        UserSession.objects.filter(user=reader).order_by("-last_seen_at", "-pk")
    )
    living = set(
        Session.objects.filter(
            session_key__in=[row.session_key for row in rows],
            expire_date__gt=clock.wall(),
        ).values_list("session_key", flat=True)
    )
    return [_device(row, this_session) for row in rows if row.session_key in living]


def _device(row: Any, this_session: str | None) -> Device:
    browser, system = rules.browser_in_words(row.user_agent)
    return Device(
        id=row.pk,
        browser=browser,
        system=system,
        network=rules.network(row.ip),
        signed_in_at=row.created_at,
        last_seen_at=row.last_seen_at,
        is_this=row.session_key == this_session,
    )


def own_data(reader: Reader, *, at: datetime) -> dict[str, Any]:
    """Return what this room and the gate hold about the reader, ready for JSON."""
    sessions = UserSession.objects.filter(user=reader).order_by("pk")
    keys = MailedKey.objects.alias(folded=Lower("email")).filter(
        folded=reader.email.lower()
    )
    return {
        "exported_at": at.isoformat(),
        "reader": {
            "id": str(reader.public_id),
            "email": reader.email,
            "name": reader.name,
            "joined_at": reader.joined_at.isoformat(),
            "has_password": reader.has_usable_password(),
            "is_staff": reader.is_staff,
        },
        "sessions": [
            {
                "signed_in_at": row.created_at.isoformat(),
                "last_seen_at": row.last_seen_at.isoformat(),
                "address": row.ip,
                "browser": row.user_agent,
            }
            for row in sessions
        ],
        "mails": [
            {
                "purpose": row.purpose,
                "asked_at": row.asked_at.isoformat(),
                "used_at": row.used_at.isoformat() if row.used_at else None,
            }
            for row in keys.order_by("asked_at", "pk")
        ],
        "decisions": gate.decisions(reader.public_id),
    }
