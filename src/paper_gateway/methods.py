"""Saved methods: what a payer, her bank and the merchant do to a card between payments."""

from __future__ import annotations

import re
from typing import Any

from .events import Subject, emit
from .shown import method_shown
from .store import Row
from .till import Refused, Till


def saved(till: Till) -> list[Row]:
    """Return the methods that can be charged, the newest first, at most a hundred."""
    return till.store.all(
        "SELECT * FROM methods WHERE saved = 1 AND removed_at IS NULL"
        " ORDER BY rowid DESC LIMIT 100"
    )


def remove(till: Till, method: str, *, replaced_by: str = "") -> Row:
    """Forget that `method` may be charged. Refunds to it still work. Twice is once."""
    row = till.method(method)
    if replaced_by:
        _usable(till, replaced_by, method)
    if row["removed_at"] is not None:
        return row
    return _change(
        till, method, removed_at=till.clock.now(), replaced_by=replaced_by or None
    )


def reissue(till: Till, method: str, *, expires: str, last4: str = "") -> Row:
    """
    Let the bank send its holder a new card: the network tells us its expiry and digits,
    and the same token goes on. An expiry in the past makes it a card that has expired.
    """
    row = till.method(method)
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", expires):
        raise Refused(422, "bad_expires", "Give expires as year and month: 2031-08.")
    if last4 and not re.fullmatch(r"[0-9]{4}", last4):
        raise Refused(422, "bad_last4", "Give last4 as four digits.")
    return _change(till, method, expires=expires, last4=last4 or row["last4"])


def _usable(till: Till, method: str, other: str) -> None:
    if method == other or till.method(method)["removed_at"] is not None:
        raise Refused(422, "bad_by", "Give `by` as another saved method.")


def _change(till: Till, method: str, **values: Any) -> Row:
    names = ", ".join(f"{name} = :{name}" for name in values)
    till.store.run(
        f"UPDATE methods SET {names}, version = version + 1"  # noqa: S608  Our own names.
        " WHERE id = :id",
        id=method,
        **values,
    )
    row = till.method(method)
    subject = Subject(method, _webhook_url(till, method), method=method)
    data = {"method": method_shown(row)}
    emit(till.store, till.clock, "method.updated", subject, data)
    return row


def _webhook_url(till: Till, method: str) -> str:
    """Return where the merchant heard of the last payment with this method."""
    row = till.store.one(
        "SELECT webhook_url FROM payments WHERE method = :method"
        " ORDER BY created_at DESC, rowid DESC LIMIT 1",
        method=method,
    )
    return row["webhook_url"] if row else ""
