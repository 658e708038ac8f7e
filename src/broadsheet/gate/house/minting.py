"""Passes, minted for readers whose session vouches for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest

from broadsheet.gate.core import passes, visitor
from broadsheet.gate.core.passes import READER_LIFE, Keyring
from broadsheet.gate.core.vocabulary import TROUBLE, Pass
from broadsheet.plumbing import publication

from . import models

Owes = Callable[[UUID, datetime], object]
_owes: Owes | None = None


def ask_who_owes(owes: Owes) -> None:
    """Say what tells, truly or not, that a payment of a reader's did not go through."""
    global _owes
    _owes = owes


@lru_cache(maxsize=1)
def keyring() -> Keyring:
    """Return the keys: of our secret, and of SECRET_KEY_FALLBACKS while they overlap."""
    earlier = (str(secret) for secret in settings.SECRET_KEY_FALLBACKS)
    return Keyring.of(settings.BROADSHEET.secret, *earlier)


def mint(cookies: Mapping[str, str]) -> str | None:
    """Return a pass for the reader whose session the cookies name, or None."""
    reader = reader_in(cookies)
    return None if reader is None else token(reader, publication.now())


def token(reader: UUID, at: datetime) -> str:
    return passes.reader_pass(keyring(), pass_for(reader, at))


def pass_for(reader: UUID, at: datetime) -> Pass:
    """
    Return what a pass minted at `at` says: the features that hold now, until the first
    of them ends. It expires early if another feature is about to begin.
    """
    # The epoch is read before the grants: if a grant changes in between, the epoch is
    # already the older one and the pass is void, never the other way round.
    before = epoch(reader)
    grants = models.Grant.objects.filter(reader=reader, ends__gt=at)
    held = [grant for grant in grants if grant.starts <= at]
    features = {grant.feature for grant in held}
    if features and _owes is not None and _owes(reader, at):
        features.add(TROUBLE)
    expires = int(at.timestamp()) + READER_LIFE
    begins = [int(grant.starts.timestamp()) for grant in grants if grant.starts > at]
    return Pass(
        identity=reader,
        expires=min([expires, *begins]),
        entitled_until=_until(reader, held, at),
        epoch=before,
        bits=visitor.bits_of(features, verticals()),
    )


def _until(reader: UUID, held: list[models.Grant], at: datetime) -> int:
    """
    Return when the first of her rights ends. Without any, when the last one did, which
    tells the wall that she has been a subscriber, and opens nothing; 0 if she never was.
    """
    ends = [grant.ends for grant in held]
    if not ends:
        past = models.Grant.objects.filter(reader=reader, ends__lte=at)
        ends = list(past.order_by("-ends").values_list("ends", flat=True)[:1])
    return min((int(end.timestamp()) for end in ends), default=0)


def epoch(reader: UUID) -> int:
    row = models.ReaderEpoch.objects.filter(reader=reader).first()
    return row.epoch if row else 0


def verticals() -> tuple[tuple[str, int], ...]:
    return tuple(models.Vertical.objects.order_by("bit").values_list("name", "bit"))


def reader_in(cookies: Mapping[str, str]) -> UUID | None:
    """Return the reader whose live session the cookies name."""
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    if not (key and key.isascii() and key.isalnum()):  # A NUL would be a server error.
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = auth.get_user(request)
    return reader_of(user)


def reader_of(user: object) -> UUID | None:
    """Return the logged-in reader's id. The gate knows nothing else of her."""
    if not getattr(user, "is_authenticated", False):
        return None
    found = getattr(user, "public_id", None)
    return found if isinstance(found, UUID) else None
