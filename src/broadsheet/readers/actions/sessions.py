"""Sessions: the browsers in which a reader is logged in."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F

from broadsheet.plumbing import outbox

from ..events import LoggedOutEverywhere, SessionEnded
from ..models import Reader

SEEN_EVERY = timedelta(minutes=5)


class NoSuchSession(Exception):
    """The session has ended already, or is another reader's. Nothing to do."""


def register_session(
    *, reader: Reader, session_key: str, ip: str, user_agent: str, at: datetime
) -> None:
    """Write down that the reader is logged in here, for her list of devices."""
    UserSession.objects.update_or_create(
        session_key=session_key,
        defaults={
            "user": reader,
            "ip": ip,
            "user_agent": user_agent[:200],
            "created_at": at,
            "last_seen_at": at,
        },
    )


def see(*, session_key: str, ip: str, at: datetime) -> None:
    """Note that the session is in use. At most one row is written in five minutes."""
    UserSession.objects.filter(
        session_key=session_key, last_seen_at__lt=at - SEEN_EVERY
    ).update(last_seen_at=at, ip=ip)


def end_session(*, reader: Reader, session_id: int, at: datetime) -> None:
    """End one session of the reader's own. Raise `NoSuchSession`."""
    with transaction.atomic():
        row = UserSession.objects.filter(user=reader, pk=session_id).first()
        if row is None:
            raise NoSuchSession
        _drop([row.session_key])
        outbox.announce(SessionEnded(reader.public_id), at=at)


def end_this_session(*, reader: Reader, session_key: str, at: datetime) -> None:
    """Log the reader out of the browser she is in."""
    with transaction.atomic():
        _drop([session_key])
        outbox.announce(SessionEnded(reader.public_id), at=at)


def log_out_everywhere(*, reader: Reader, at: datetime) -> None:
    """End every session of the reader, the listed and the unlisted, this one too."""
    with transaction.atomic():
        Reader.objects.filter(pk=reader.pk).update(session_epoch=F("session_epoch") + 1)
        drop_sessions(reader)
        outbox.announce(LoggedOutEverywhere(reader.public_id), at=at)


def drop_sessions(reader: Reader) -> None:
    rows = UserSession.objects.filter(user=reader)
    _drop(list(rows.values_list("session_key", flat=True)))


def _drop(keys: list[str]) -> None:
    UserSession.objects.filter(session_key__in=keys).delete()
    Session.objects.filter(session_key__in=keys).delete()
