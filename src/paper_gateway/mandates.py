"""
Mandates: a payer's standing consent to be debited, with a ceiling and a last day; and
the notice that may have to reach her before each debit, of exactly that amount.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from . import faults
from .events import Subject, emit
from .shown import mandate_shown, notice_shown
from .store import Row
from .till import Refused, Till

HOUR = 3600
SOONEST, LATEST = 24 * HOUR, 48 * HOUR  # From a notice to its debit.
ACTS = {"pause": "paused", "resume": "active", "revoke": "revoked"}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a payer consents to."""

    max_amount: int
    currency: str
    valid_until: int
    notice: bool
    webhook_url: str


def register(till: Till, method: str, terms: Terms) -> Row:
    """Write down the consent that the payer gave with her first payment."""
    if till.method(method)["removed_at"] is not None:
        raise Refused(422, "method_removed", "This method was removed.")
    if terms.valid_until <= till.clock.now():
        raise Refused(422, "bad_valid_until", "A mandate ends in the future.")
    made = f"md_{secrets.token_urlsafe(16)}"
    till.store.run(
        "INSERT INTO mandates (id, method, max_amount, currency, valid_until, notice,"
        " webhook_url, status, created_at) VALUES (:id, :method, :most, :currency,"
        " :until, :notice, :url, 'active', :at)",
        id=made,
        method=method,
        most=terms.max_amount,
        currency=terms.currency,
        until=terms.valid_until,
        notice=int(terms.notice),
        url=terms.webhook_url,
        at=till.clock.now(),
    )
    return _tell(till, "mandate.registered", made)


def act(till: Till, mandate: str, verb: str) -> Row:
    """Let the payer pause, resume or revoke it at her bank. What is revoked stays so."""
    row = read(till, mandate)
    status = ACTS.get(verb)
    if status is None or (row["status"] == "revoked" and status != "revoked"):
        raise Refused(409, "cannot_act", f"It is {row['status']}; {verb} is no more.")
    if status == row["status"]:
        return row
    till.store.run(
        "UPDATE mandates SET status = :status WHERE id = :id", status=status, id=mandate
    )
    return _tell(till, f"mandate.{status}", mandate)


def notify(till: Till, mandate: str, amount: int, debit_at: int) -> Row:
    """Tell the payer of a debit to come. Whether it reached her, its status says."""
    row = read(till, mandate)
    fault = faults.take(till.store, faults.NOTICES, method=row["method"])
    made = f"nt_{secrets.token_urlsafe(16)}"
    till.store.run(
        "INSERT INTO notices (id, mandate, amount, debit_at, status, created_at)"
        " VALUES (:id, :mandate, :amount, :debit_at, :status, :at)",
        id=made,
        mandate=mandate,
        amount=amount,
        debit_at=debit_at,
        status="failed" if fault else "delivered",
        at=till.clock.now(),
    )
    return _tell_notice(till, row, made)


def opt_out(till: Till, notice: str) -> Row:
    """Let the payer stop this one debit, and keep the mandate."""
    row = _notice(till, notice)
    till.store.run("UPDATE notices SET status = 'opted_out' WHERE id = :id", id=notice)
    return _tell_notice(till, read(till, row["mandate"]), notice)


def barred(till: Till, mandate: str, method: str, amount: int, currency: str) -> str:
    """Return why this debit may not be made, in a decline's code; "" if it may."""
    row = read(till, mandate)
    now = till.clock.now()
    checks = {
        "mandate_other_method": row["method"] != method,
        "mandate_other_currency": row["currency"] != currency,
        "mandate_revoked": row["status"] == "revoked",
        "mandate_paused": row["status"] == "paused",
        "mandate_expired": row["valid_until"] <= now,
        "above_mandate": amount > row["max_amount"],
        "notice_missing": bool(row["notice"]) and not _told(till, mandate, amount, now),
    }
    return next((code for code, bars in checks.items() if bars), "")


def read(till: Till, mandate: str) -> Row:
    row = till.store.one("SELECT * FROM mandates WHERE id = :id", id=mandate)
    if row is None:
        raise Refused(404, "no_such_mandate", "There is no such mandate.")
    return row


def _told(till: Till, mandate: str, amount: int, now: int) -> bool:
    """Say whether a notice of exactly this amount reached her, neither too early."""
    found = till.store.one(
        "SELECT 1 FROM notices WHERE mandate = :mandate AND amount = :amount"
        " AND status = 'delivered' AND created_at BETWEEN :first AND :last",
        mandate=mandate,
        amount=amount,
        first=now - LATEST,
        last=now - SOONEST,
    )
    return found is not None


def _notice(till: Till, notice: str) -> Row:
    row = till.store.one("SELECT * FROM notices WHERE id = :id", id=notice)
    if row is None:
        raise Refused(404, "no_such_notice", "There is no such notice.")
    return row


def _tell(till: Till, kind: str, mandate: str) -> Row:
    row = read(till, mandate)
    _emit(till, kind, row, {"mandate": mandate_shown(row)})
    return row


def _tell_notice(till: Till, mandate: Row, notice: str) -> Row:
    row = _notice(till, notice)
    _emit(till, f"notice.{row['status']}", mandate, {"notice": notice_shown(row)})
    return row


def _emit(till: Till, kind: str, mandate: Row, data: dict[str, Any]) -> None:
    subject = Subject(mandate["id"], mandate["webhook_url"], method=mandate["method"])
    emit(till.store, till.clock, kind, subject, data)
