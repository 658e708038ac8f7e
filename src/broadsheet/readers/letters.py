"""What we write to people: its words, its headers, and how it is posted."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime, formataddr
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import css_inline
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from procrastinate.contrib.django import app

from broadsheet.kit.ids import new_id
from broadsheet.plumbing import publication

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
        message_id=_message_id(new_id(at)),
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
        message_id=_message_id(key.id),
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
        subject = one_line(render_to_string(f"letters/{kind}.subject.txt", context))
        context["subject"] = subject
        text = render_to_string(f"letters/{kind}.txt", context)
        html = render_to_string(f"letters/{kind}.html", context)
    message = EmailMultiAlternatives(
        subject=subject,
        body=text.strip() + "\n",
        from_email=formataddr((one_line(paper.name), one_line(paper.support_mail))),
        to=[to],
        headers={
            "Message-ID": message_id,
            "Date": format_datetime(at),
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(_inliner().inline(html), "text/html")
    return message


@cache
def _inliner() -> css_inline.CSSInliner:
    """Write the theme's mail sheet into each element; fetch nothing to do so."""
    sheet = finders.find("theme/mail.css")
    return css_inline.CSSInliner(
        extra_css=Path(str(sheet)).read_text() if sheet else None,
        load_remote_stylesheets=False,
    )


def one_line(text: str) -> str:
    """Return `text` fit for a header: a desk-edited name may hold line breaks."""
    return " ".join(text.split())


def _message_id(key: UUID) -> str:
    return f"<{key}@{urlsplit(settings.BROADSHEET.origin).hostname}>"
