"""
How a letter is put together, whichever room writes it: text beside HTML, the mail
sheet written into each element, and the headers by which mail programs know what it is.

These letters answer what one reader did, so they name no list and offer no way off one;
they say that a machine wrote them, and nothing in them reports that they were read.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime, formataddr
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.mail import EmailMultiAlternatives

from . import publication

SHEET = "theme/mail.css"  # Found by its name: the theme stands on a floor above.


def compose(
    *, subject: str, text: str, html: str, to: str, message_id: str, at: datetime
) -> EmailMultiAlternatives:
    """Return the letter, ready to be sent. `html` extends the theme's mail/base.html."""
    paper = publication.current()
    message = EmailMultiAlternatives(
        subject=one_line(subject),
        body=text.strip() + "\n",
        from_email=formataddr((one_line(paper.name), one_line(paper.support_mail))),
        to=[to],
        headers={
            "Message-ID": message_id,
            "Date": format_datetime(at),
            "Auto-Submitted": "auto-generated",
            # Without it, Outlook's out-of-office answers come back to the support.
            "X-Auto-Response-Suppress": "All",
        },
    )
    message.attach_alternative(inlined(html), "text/html")
    return message


def message_id(key: object) -> str:
    """Return the Message-ID of the letter about `key`: a second copy has the same."""
    return f"<{key}@{urlsplit(settings.BROADSHEET.origin).hostname}>"


def one_line(text: str) -> str:
    """Return `text` fit for a header: a desk-edited name may hold line breaks."""
    return " ".join(text.split())


def inlined(html: str) -> str:
    """Return `html` with the mail sheet written into each element; fetch nothing."""
    return str(_inliner().inline(html))


@cache
def _inliner() -> css_inline.CSSInliner:
    sheet = finders.find(SHEET)
    return css_inline.CSSInliner(
        extra_css=Path(str(sheet)).read_text() if sheet else None,
        load_remote_stylesheets=False,
    )
