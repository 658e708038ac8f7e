"""
Signing in by mail. One mail carries a link, good in any browser, and a code, good
only on the page that asked. Either opens once, for fifteen minutes, and a newer mail
voids the older one. A known address and a new one are told the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Lower
from django.utils.crypto import constant_time_compare

from broadsheet.kit.ids import new_id
from broadsheet.plumbing import outbox

from .. import letters, rules
from ..events import Joined, LoggedIn
from ..models import MailedKey, Reader, mark
from ..queries import reader_of
from ..rules import KEY_LIVES, SAME_SUBMISSION, Purpose, Standing
from .limits import count


class KeyRefused(Exception):
    """The link or code does not open. `why` says what to tell; ask for a new mail."""

    def __init__(self, why: Standing) -> None:
        super().__init__(str(why))
        self.why = why


class WrongCode(Exception):
    """These are not the digits that were mailed. Try again, `left` times."""

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} tries left")
        self.left = left


class AccountClosed(Exception):
    """The account is closed. Only a person can open it again."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    reader: Reader
    next_path: str
    purpose: Purpose
    joined: bool


def ask_for_key(
    *,
    email: str,
    purpose: Purpose,
    next_path: str,
    network: str,
    browser: str,
    language: str,
    at: datetime,
) -> UUID:
    """
    Mail a link and a code to `email`, and return the key's id. The same browser asking
    twice within ten seconds (a double click) gets one mail. Raise `NotAnAddress`,
    `TooManyTries`.
    """
    address = rules.canonical_address(email)
    count(rules.MAILS_FROM_NETWORK, network, at=at)
    count(rules.MAILS_TO_ADDRESS, address, at=at)
    with transaction.atomic():
        lock_address(address)
        again = open_keys(address).filter(
            asked_with=browser,
            asked_at__gt=at - SAME_SUBMISSION,
            purpose=purpose,
            next_path=next_path,
        )
        if browser and (same := again.first()):
            return same.id
        open_keys(address).update(voided_at=at)
        key = new_key(
            purpose=purpose,
            email=address,
            reader=None,
            next_path=next_path,
            browser=browser,
            language=language,
            at=at,
        )
        letters.post_key(key.id)
    return key.id


def new_key(
    *,
    purpose: Purpose,
    email: str,
    reader: Reader | None,
    next_path: str,
    browser: str,
    language: str,
    at: datetime,
) -> MailedKey:
    key = MailedKey(
        id=new_id(at),
        purpose=purpose,
        email=email,
        reader=reader,
        next_path=next_path,
        language=language,
        asked_at=at,
        asked_with=browser,
        expires_at=at + KEY_LIVES,
    )
    key.token_mark = mark("token", key.token)
    key.code_mark = mark("code", str(key.id), key.code)
    key.save(force_insert=True)
    return key


def open_keys(address: str) -> QuerySet[MailedKey]:
    """Return the unused sign-ins mailed to this address, however it was cased."""
    return MailedKey.objects.alias(folded=Lower("email")).filter(
        folded=address.lower(), used_at=None, voided_at=None, reader=None
    )


def lock_address(address: str) -> None:
    """Let one transaction at a time write for this address, known to us or not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            ["readers:" + address.lower()],
        )


def sign_in_by_link(
    *, token: str, browser: str, device: UUID | None, at: datetime
) -> SignedIn:
    """Use the link. Raise `KeyRefused`, `AccountClosed`. Takes a lock on the key."""
    with transaction.atomic():
        key = locked(MailedKey.objects.filter(token_mark=mark("token", token)))
        return _sign_in(key, browser=browser, device=device, at=at)


def sign_in_by_code(
    *,
    key_id: UUID,
    code: str,
    network: str,
    browser: str,
    device: UUID | None,
    at: datetime,
) -> SignedIn:
    """
    Use the code, typed where it was asked for (`key_id` comes from that browser's own
    cookie). Raise `WrongCode`, `KeyRefused`, `AccountClosed`, `TooManyTries`.
    """
    check_code(key_id, code, network=network, browser=browser, at=at)
    with transaction.atomic():
        key = locked(MailedKey.objects.filter(pk=key_id))
        return _sign_in(key, browser=browser, device=device, at=at)


def check_code(
    key_id: UUID, code: str, *, network: str, browser: str, at: datetime
) -> None:
    """
    Count a try, and raise unless `code` is the one. Commits before it raises, so that
    a refusal does not take the count back.
    """
    count(rules.CODES_FROM_NETWORK, network, at=at)
    address = (
        MailedKey.objects.filter(pk=key_id).values_list("email", flat=True).first()
    )
    count(rules.CODES_FOR_ADDRESS, address or "", at=at)
    with transaction.atomic():
        key = locked(MailedKey.objects.filter(pk=key_id))
        _refuse_unless_open(key, browser=browser, at=at)
        given = mark("code", str(key.id), "".join(code.split()))
        right = constant_time_compare(given, key.code_mark)
        if not right:
            MailedKey.objects.filter(pk=key.pk).update(wrong_tries=F("wrong_tries") + 1)
    if not right:
        left = rules.WRONG_TRIES - key.wrong_tries - 1
        if left == 0:
            raise KeyRefused(Standing.EXHAUSTED)
        raise WrongCode(left)


def _sign_in(
    key: MailedKey, *, browser: str, device: UUID | None, at: datetime
) -> SignedIn:
    if key.purpose == Purpose.ADDRESS:
        raise KeyRefused(Standing.EXPIRED)
    first_time = take(key, browser=browser, at=at)
    reader, joined = _find_or_join(key.email, at=at)
    if not reader.is_active:
        raise AccountClosed(key.email)
    if joined:
        outbox.announce(Joined(reader.public_id), at=at)
    if first_time:
        outbox.announce(LoggedIn(reader.public_id, device), at=at)
    return SignedIn(reader, key.next_path, Purpose(key.purpose), joined)


def _find_or_join(address: str, *, at: datetime) -> tuple[Reader, bool]:
    lock_address(address)
    reader = reader_of(address)
    if reader is not None:
        return reader, False
    return Reader.objects.create_user(address, joined_at=at), True


def locked(keys: QuerySet[MailedKey]) -> MailedKey:
    key = keys.select_for_update().first()
    if key is None:
        raise KeyRefused(Standing.EXPIRED)
    return key


def take(key: MailedKey, *, browser: str, at: datetime) -> bool:
    """
    Mark the key used, and return whether this was the first time. The same browser
    sending the same form twice within ten seconds is one submission: without that, a
    double click would end on an error page with the fresh session thrown away.
    """
    _refuse_unless_open(key, browser=browser, at=at)
    if key.used_at is not None:
        return False
    key.used_at, key.used_with = at, browser
    key.save(update_fields=["used_at", "used_with"])
    return True


def _refuse_unless_open(key: MailedKey, *, browser: str, at: datetime) -> None:
    why = key.standing(at)
    if why is Standing.OPEN:
        return
    again = (
        key.used_at is not None
        and bool(browser)
        and constant_time_compare(key.used_with, browser)
        and at < key.used_at + SAME_SUBMISSION
    )
    if not again:
        raise KeyRefused(why)
