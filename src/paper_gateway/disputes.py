"""
Disputes: a payer asks her bank for the money back. The bank takes it from the merchant
at once, and gives it back if the merchant wins.
"""

from __future__ import annotations

import secrets

from .store import Row
from .till import Refused, Till

REVERSED = "reversed"  # The bank took back what it had said: nobody is to decide it.


def dispute(till: Till, payment: str, amount: int = 0, reason: str = "fraud") -> Row:
    """
    Take `amount` (all that is left, if none is given) from the merchant, and tell her.
    Refused beyond what is left of the capture.
    """
    return _take(till, payment, amount, reason, "open")


def reverse(till: Till, payment: str) -> Row:
    """Let a success prove to be a failure after all: what it captured is gone at once."""
    return _take(till, payment, 0, REVERSED, "lost")


def decide(till: Till, dispute: str, status: str) -> Row:
    """Decide an open dispute: `won` gives the money back to the merchant, `lost` not."""
    row = _read(till, dispute)
    if status not in ("won", "lost") or row["status"] not in ("open", status):
        raise Refused(
            409,
            "cannot_decide",
            f"A dispute that is {row['status']} cannot become {status}.",
        )
    if row["status"] == status:
        return row
    till.store.run(
        "UPDATE disputes SET status = :status, decided_at = :at WHERE id = :id",
        status=status,
        at=till.clock.now(),
        id=dispute,
    )
    if status == "won":
        disputed = till.payment(row["payment"])["disputed"] - row["amount"]
        till.change(row["payment"], disputed=disputed)
    till.tell(f"payment.dispute_{status}", till.payment(row["payment"]))
    return _read(till, dispute)


def newest(till: Till, payment: str) -> Row:
    """Return the last dispute about a payment."""
    row = till.store.one(
        "SELECT * FROM disputes WHERE payment = :payment ORDER BY rowid DESC LIMIT 1",
        payment=payment,
    )
    if row is None:
        raise Refused(404, "no_such_dispute", "Nobody disputes this payment.")
    return row


def _take(till: Till, payment: str, amount: int, reason: str, status: str) -> Row:
    row = till.payment(payment)
    left = row["captured"] - row["refunded"] - row["disputed"]
    amount = amount or left
    if not 1 <= amount <= left:
        raise Refused(
            422,
            "over_dispute",
            f"Only {left} of {row['captured']} can still be disputed.",
        )
    made = f"dp_{secrets.token_urlsafe(16)}"
    till.store.run(
        "INSERT INTO disputes (id, payment, amount, reason, status, created_at)"
        " VALUES (:id, :payment, :amount, :reason, :status, :at)",
        id=made,
        payment=payment,
        amount=amount,
        reason=reason,
        status=status,
        at=till.clock.now(),
    )
    till.change(payment, disputed=row["disputed"] + amount)
    kind = "payment.disputed" if status == "open" else "payment.reversed"
    till.tell(kind, till.payment(payment))
    return _read(till, made)


def _read(till: Till, dispute: str) -> Row:
    row = till.store.one("SELECT * FROM disputes WHERE id = :id", id=dispute)
    if row is None:
        raise Refused(404, "no_such_dispute", "There is no such dispute.")
    return row
