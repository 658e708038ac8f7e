"""The one sentence that a reader is told for each named error."""

from __future__ import annotations

from datetime import timedelta

from django.forms import Form
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import rules
from ..rules import Standing


def too_many_tries(wait: timedelta) -> str:
    minutes = rules.minutes(wait)
    return ngettext(
        "Too many tries. Try again in %(minutes)s minute.",
        "Too many tries. Try again in %(minutes)s minutes.",
        minutes,
    ) % {"minutes": minutes}


def wrong_code(left: int) -> str:
    return ngettext(
        "That is not the code in our mail. You have %(left)s try left.",
        "That is not the code in our mail. You have %(left)s tries left.",
        left,
    ) % {"left": left}


def key_refused(why: Standing) -> str:
    return {
        Standing.USED: _("This mail has been used already. Each works once."),
        Standing.VOIDED: _("We have sent you a newer mail. Please use that one."),
        Standing.EXHAUSTED: _("Too many wrong codes. Please ask for a new mail."),
        Standing.EXPIRED: _(
            "This link is no longer valid. Links work for 15 minutes; "
            "please ask for a new mail."
        ),
    }[why]


def not_an_address() -> str:
    return _("Enter an e-mail address such as name@example.com.")


def wrong_password() -> str:
    return _("The e-mail address and the password do not match.")


def account_closed() -> str:
    return _("This account is closed. Please write to our support.")


def not_proved() -> str:
    return _("Enter your current password, or confirm by mail that it is you.")


def refuse(form: Form, field: str | None, *sentences: str) -> None:
    """Put the sentences beside the field, or above the form."""
    for sentence in sentences:
        form.add_error(field, sentence)


def address_taken() -> str:
    return _("Another account has this address. Log in with it instead.")


def mail_sent(address: str) -> str:
    return _(
        "We have sent a mail to %(address)s. The address changes when you use it."
    ) % {"address": address}
