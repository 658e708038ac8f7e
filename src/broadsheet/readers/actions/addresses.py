"""
Changing the address. The new one proves itself by mail; the old one is told.
If the new one is another reader's, only its owner learns that, by mail.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from broadsheet.plumbing import outbox

from .. import letters, rules
from ..events import EmailChanged
from ..models import MailedKey, Reader, mark
from ..queries import reader_of
from ..rules import Purpose, Standing
from .limits import count
from .mail_sign_in import KeyRefused, lock_address, locked, new_key, open_keys, take
from .passwords import prove


class AddressTaken(Exception):
    """Another reader has this address. Log in with it instead."""


def ask_to_change_address(
    *,
    reader: Reader,
    new: str,
    password: str,
    proved_at: datetime | None,
    network: str,
    browser: str,
    language: str,
    at: datetime,
) -> UUID:
    """
    Mail a link to the new address, and return the key's id. Nothing changes until the
    link is used. Raise `NotAnAddress`, `NotProved`, `TooManyTries`.
    """
    address = rules.canonical_address(new)
    prove(reader, password=password, proved_at=proved_at, network=network, at=at)
    count(rules.MAILS_FROM_NETWORK, network, at=at)
    count(rules.MAILS_TO_ADDRESS, address, at=at)
    with transaction.atomic():
        Reader.objects.select_for_update().get(pk=reader.pk)
        MailedKey.objects.filter(reader=reader, used_at=None, voided_at=None).update(
            voided_at=at
        )
        key = new_key(
            purpose=Purpose.ADDRESS,
            email=address,
            reader=reader,
            next_path="",
            browser=browser,
            language=language,
            at=at,
        )
        letters.post_key(key.id)
    return key.id


def change_address(*, token: str, browser: str, at: datetime) -> Reader:
    """
    Use the link that the new address was mailed. Raise `KeyRefused`, `AddressTaken`.
    """
    with transaction.atomic():
        key = locked(MailedKey.objects.filter(token_mark=mark("token", token)))
        if key.purpose != Purpose.ADDRESS or key.reader is None:
            raise KeyRefused(Standing.EXPIRED)
        reader = key.reader
        if not take(key, browser=browser, at=at):
            return reader
        lock_address(key.email)
        owner = reader_of(key.email)
        if owner is not None and owner != reader:
            raise AddressTaken
        _move(reader, key.email, language=key.language, at=at)
    return reader


def _move(reader: Reader, address: str, *, language: str, at: datetime) -> None:
    old = reader.email
    reader.email = address
    reader.save(update_fields=["email"])
    # A sign-in mailed to the old address would otherwise found a second account.
    open_keys(old).update(voided_at=at)
    outbox.announce(EmailChanged(reader.public_id), at=at)
    letters.post_notice("address-changed", old, language=language, at=at)
