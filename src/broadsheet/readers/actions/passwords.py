"""Passwords. A reader may have one; staff do."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from broadsheet.plumbing import outbox

from .. import letters, rules
from ..events import LoggedIn, PasswordChanged
from ..models import Reader
from ..rules import NotAnAddress
from .limits import count
from .mail_sign_in import open_keys
from .sessions import drop_sessions


class WrongPassword(Exception):
    """Address and password do not fit. Says not which, nor whether there is a reader."""


class NotProved(Exception):
    """Neither the current password nor a fresh mail sign-in. Prove it and try again."""


def sign_in_with_password(
    *, email: str, password: str, network: str, device: UUID | None, at: datetime
) -> Reader:
    """Raise `WrongPassword`, `TooManyTries`. Takes a password hash's time, always."""
    count(rules.PASSWORDS_FROM_NETWORK, network, at=at)
    address = _address_or_as_typed(email)
    count(rules.PASSWORDS_FOR_ADDRESS, address, at=at)
    reader = authenticate(None, username=address, password=password)
    if not isinstance(reader, Reader):
        raise WrongPassword
    with transaction.atomic():
        outbox.announce(LoggedIn(reader.public_id, device), at=at)
    return reader


def _address_or_as_typed(email: str) -> str:
    try:
        return rules.canonical_address(email)
    except NotAnAddress:
        # Goes on to be wrong like any other, in the same time.
        return email.strip()[:254]


def prove(
    reader: Reader,
    *,
    password: str,
    proved_at: datetime | None,
    network: str,
    at: datetime,
) -> None:
    """
    Raise `NotProved` unless the reader gave her password, or came by mail a moment
    ago. Raise `TooManyTries`.
    """
    if rules.is_fresh(proved_at, at):
        return
    if not reader.has_usable_password() or not password:
        raise NotProved
    count(rules.PASSWORDS_FROM_NETWORK, network, at=at)
    count(rules.PASSWORDS_FOR_ADDRESS, reader.email, at=at)
    if not reader.check_password(password):
        raise NotProved


def set_password(
    *,
    reader: Reader,
    new: str,
    current: str,
    proved_at: datetime | None,
    network: str,
    language: str,
    at: datetime,
) -> None:
    """
    Give the reader a password, and end all her sessions; the caller opens the one she
    is in anew. Raise `NotProved`, `TooManyTries`, or Django's `ValidationError` for a
    weak password.
    """
    prove(reader, password=current, proved_at=proved_at, network=network, at=at)
    validate_password(new, reader)
    with transaction.atomic():
        reader.set_password(new)
        reader.save(update_fields=["password"])
        # A link still lying in an inbox must not outlive what it may have been for.
        open_keys(reader.email).update(voided_at=at)
        drop_sessions(reader)
        outbox.announce(PasswordChanged(reader.public_id), at=at)
        letters.post_notice("password-changed", reader.email, language=language, at=at)
