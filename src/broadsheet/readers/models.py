"""People: one model for readers and staff."""

from __future__ import annotations

import base64
import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from broadsheet.kit import clock

from . import rules


def mark(kind: str, *values: str) -> str:
    """
    Return a keyed mark of `values`. Keyed, because six digits or an address could
    otherwise be found again from a stolen table by trying all of them.
    """
    return _digest(f"mark.{kind}", "\0".join(values)).hex()


def _digest(kind: str, value: str) -> bytes:
    salt = "broadsheet.readers." + kind
    return salted_hmac(salt, value, algorithm="sha256").digest()


class ReaderManager(BaseUserManager["Reader"]):
    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> Reader:
        reader = self.model(email=rules.canonical_address(email), **fields)
        reader.set_password(password)
        reader.save(using=self._db)
        return reader

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> Reader:
        return self.create_user(
            email, password, is_staff=True, is_superuser=True, **fields
        )

    def get_by_natural_key(self, username: str | None) -> Reader:
        """Return the reader of this address, however its letters are cased."""
        return self.alias(folded=Lower("email")).get(folded=(username or "").lower())


class Reader(AbstractBaseUser, PermissionsMixin):
    """A person with a login. The gate knows her by `public_id` alone."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(default=clock.wall, editable=False)
    # Part of every session's hash: one more, and all her sessions are void.
    session_epoch = models.PositiveIntegerField(default=0, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = ReaderManager()

    class Meta:
        verbose_name = _("reader")
        verbose_name_plural = _("readers")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_reader_an_address")
        ]
        indexes = [
            # How the desk finds a reader: by the beginning of her address or of any word
            # of her name. Both come with PostgreSQL itself; pg_trgm does not everywhere.
            models.Index(
                OpClass(Lower("email"), name="text_pattern_ops"),
                name="readers_by_address",
            ),
            GinIndex(SearchVector("name", config="simple"), name="readers_by_name"),
        ]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        # Django's own hash covers the password alone; readers without one need the
        # epoch to be logged out everywhere.
        return salted_hmac(
            "broadsheet.readers.session",
            f"{self.password}:{self.session_epoch}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()


class MailedKey(models.Model):
    """
    One mail with a link and a code. Neither is stored: both are derived from `id` and
    our secret when the mail is written, and only their marks are kept here.
    """

    id = models.UUIDField(primary_key=True)
    purpose = models.CharField(max_length=8)
    email = models.EmailField()
    # Whose address is to change. A sign-in has none: the reader may not exist yet.
    reader = models.ForeignKey(Reader, on_delete=models.CASCADE, null=True)
    token_mark = models.CharField(max_length=64, unique=True)
    code_mark = models.CharField(max_length=64)
    next_path = models.TextField(blank=True)
    language = models.CharField(max_length=16)
    asked_at = models.DateTimeField()
    asked_with = models.CharField(max_length=64)  # The browser's mark.
    expires_at = models.DateTimeField(db_index=True)
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
    used_with = models.CharField(max_length=64, blank=True)
    voided_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    delayed_at = models.DateTimeField(null=True)  # Sending failed; it is tried again.
    refused_at = models.DateTimeField(null=True)  # The mail host will not have it.

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=models.Q(used_at=None, voided_at=None, reader=None),
                name="one_open_sign_in_an_address",
            ),
            models.UniqueConstraint(
                fields=["reader"],
                condition=models.Q(used_at=None, voided_at=None),
                name="one_open_change_of_address",
            ),
        ]
        indexes = [models.Index(Lower("email"), name="keys_by_address")]

    @property
    def token(self) -> str:
        """The link's token: 256 bits that only our secret can derive."""
        digest = _digest("token", str(self.id))
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    @property
    def code(self) -> str:
        """The six digits mailed with the link."""
        return f"{int.from_bytes(_digest('code', str(self.id)), 'big') % 10**6:06d}"

    def standing(self, at: datetime) -> rules.Standing:
        return rules.standing(
            used_at=self.used_at,
            voided_at=self.voided_at,
            wrong_tries=self.wrong_tries,
            expires_at=self.expires_at,
            at=at,
        )


class Tally(models.Model):
    """Tries counted in a window. `key` is a mark, never an address or a network."""

    key = models.CharField(max_length=64, primary_key=True)
    tries = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)


class Erasure(models.Model):
    """A reader's data was erased, on whose word, and when."""

    reader = models.OneToOneField(Reader, on_delete=models.PROTECT)
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
