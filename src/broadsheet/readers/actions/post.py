"""Handing letters to the mail host, and clearing away what has lapsed."""

from __future__ import annotations

import smtplib
from datetime import datetime, timedelta
from uuid import UUID

from .. import letters
from ..models import MailedKey, Tally
from ..queries import reader_of
from ..rules import Purpose, Standing

KEPT_FOR = timedelta(days=30)  # Support may ask what became of a mail.


def send_key(*, key_id: UUID, at: datetime) -> None:
    """
    Mail the key, if it still opens and was not mailed. A failure is noted, so that the
    page can say so, and raised, so that the job tries again.
    """
    key = MailedKey.objects.filter(pk=key_id, mailed_at=None, refused_at=None).first()
    if key is None or key.standing(at) is not Standing.OPEN:
        return
    try:
        letters.key_letter(key, kind=_kind(key), at=at).send()
    except smtplib.SMTPRecipientsRefused as error:
        if not _is_final(error):
            _note(key, delayed_at=at)
            raise
        _note(key, refused_at=at)
    except (OSError, smtplib.SMTPException):
        _note(key, delayed_at=at)
        raise
    else:
        _note(key, mailed_at=at)


def _kind(key: MailedKey) -> str:
    if key.purpose != Purpose.ADDRESS:
        return key.purpose
    return "address-taken" if reader_of(key.email) else key.purpose


def _is_final(error: smtplib.SMTPRecipientsRefused) -> bool:
    return all(code >= 500 for code, _ in error.recipients.values())


def _note(key: MailedKey, **fields: datetime) -> None:
    MailedKey.objects.filter(pk=key.pk).update(**fields)


def send_notice(
    *, kind: str, to: str, language: str, message_id: str, sent_at: datetime
) -> None:
    """Mail a notice. May raise `OSError` or `SMTPException`; the job tries again."""
    letters.notice_letter(
        kind, to, language=language, message_id=message_id, at=sent_at
    ).send()


def sweep(*, at: datetime) -> int:
    """Delete keys and tallies that no longer matter; return how many."""
    keys, _ = MailedKey.objects.filter(expires_at__lt=at - KEPT_FOR).delete()
    tallies, _ = Tally.objects.filter(ends_at__lt=at).delete()
    return keys + tallies
