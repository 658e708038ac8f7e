"""A reader's own name, and her right to be forgotten."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models.functions import Lower

from broadsheet.plumbing import outbox

from ..events import Erased
from ..models import Erasure, MailedKey, Reader
from .sessions import drop_sessions


def rename(*, reader: Reader, name: str) -> None:
    """Keep the name that letters and the account greet the reader by."""
    reader.name = " ".join(name.split())[:120]
    reader.save(update_fields=["name"])


def erase(*, reader: Reader, by: str, at: datetime) -> None:
    """
    Take out of this room all that tells who the reader was. Her row stays, nameless,
    because invoices that the law keeps point at it. Safe to call again.
    """
    with transaction.atomic():
        row = Reader.objects.select_for_update().get(pk=reader.pk)
        if Erasure.objects.filter(reader=row).exists():
            return
        MailedKey.objects.alias(folded=Lower("email")).filter(
            folded=row.email.lower()
        ).delete()
        MailedKey.objects.filter(reader=row).delete()
        drop_sessions(row)
        row.email = f"erased-{row.public_id}@erased.invalid"
        row.name = ""
        row.is_active = row.is_staff = row.is_superuser = False
        row.session_epoch += 1
        row.set_unusable_password()
        row.save()
        row.groups.clear()
        row.user_permissions.clear()
        Erasure.objects.create(reader=row, at=at, by=by)
        outbox.announce(Erased(row.public_id), at=at)
