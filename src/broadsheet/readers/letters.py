"""What we write to people: its words, its headers, and how it is posted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from procrastinate.contrib.django import app

from broadsheet.kit.ids import new_id
from broadsheet.plumbing import letters, publication

from . import rules
from .models import MailedKey


def post_key(key_id: UUID) -> None:
    """Queue the key's letter, in the caller's transaction. The job holds no secret."""
    app.configure_task("readers.send_key", queue="mail").defer(key_id=str(key_id))


def post_notice(kind: str, to: str, *, language: str, at: datetime) -> None:
    """Queue a notice, in the caller's transaction, with the id it keeps on retries."""
    app.configure_task("readers.send_notice", queue="mail").defer(
        kind=kind,
        to=to,
        language=language,
        message_id=letters.message_id(new_id(at)),
        sent_at=at.isoformat(),
    )


def key_letter(key: MailedKey, *, kind: str, at: datetime) -> EmailMultiAlternatives:
    """Return the letter with the link and the code, in the asker's language."""
    path = reverse("accounts:link", kwargs={"token": key.token})
    facts: dict[str, object] = {
        "link": settings.BROADSHEET.origin + path,
        "code": f"{key.code[:3]} {key.code[3:]}",
        "minutes": rules.minutes(key.expires_at - at),
    }
    return _letter(
        kind,
        key.email,
        facts,
        language=key.language,
        message_id=letters.message_id(key.id),
        at=key.asked_at,
    )


def notice_letter(
    kind: str, to: str, *, language: str, message_id: str, at: datetime
) -> EmailMultiAlternatives:
    """Return a letter that only tells. `kind` names its templates."""
    return _letter(kind, to, {}, language=language, message_id=message_id, at=at)


def _letter(
    kind: str,
    to: str,
    facts: dict[str, object],
    *,
    language: str,
    message_id: str,
    at: datetime,
) -> EmailMultiAlternatives:
    paper = publication.current()
    security = settings.BROADSHEET.origin + reverse("security:index")
    context: dict[str, object] = {
        **facts,
        "paper": paper,
        "publication": paper.name,
        "origin": settings.BROADSHEET.origin,
        "security": security,
        "support": paper.support_mail,
        "at": at,
        "zone": paper.zone.key,
        "language": language,
        "address": to,
    }
    with translation.override(language):
        subject = letters.one_line(
            render_to_string(f"letters/{kind}.subject.txt", context)
        )
        context["subject"] = subject
        text = render_to_string(f"letters/{kind}.txt", context)
        html = render_to_string(f"letters/{kind}.html", context)
    return letters.compose(
        subject=subject, text=text, html=html, to=to, message_id=message_id, at=at
    )
