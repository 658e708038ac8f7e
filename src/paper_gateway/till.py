"""
The till: what can be done to a payment. Each verb runs in the caller's transaction.

A payment is `open` (its page waits for a payer), `requires_action` (her bank asks her),
`pending`, `succeeded` or `declined`. Nothing leaves `succeeded`; refunds and disputes are
counted beside it. `declined` is left only by `settle`: a late authorisation.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from . import cards, faults
from .cards import Card
from .clock import Clock
from .events import Subject, emit
from .shown import payment_shown
from .store import Row, Store

WAITING = ("open", "requires_action")
TOLD_TO_DECLINE = {
    "decline_soft": cards.DECLINE_SOFT,
    "decline_hard": "do_not_retry",
    "expired_method": cards.DECLINE_EXPIRED,
}


class Refused(Exception):
    """The request asks for what cannot be. Carries an HTTP status, a code, a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Asked:
    """A payment as the merchant asks for it."""

    key: str
    amount: int
    currency: str
    reference: str
    description: str
    webhook_url: str
    return_url: str = ""
    save_method: bool = False
    mandate: str = ""


@dataclass(frozen=True, slots=True)
class Till:
    store: Store
    clock: Clock
    address: str  # Where this gateway is reached, for the addresses of its pages.
    pending_seconds: float

    # --- Reading ----------------------------------------------------------------

    def payment(self, payment: str) -> Row:
        row = self.store.one("SELECT * FROM payments WHERE id = :id", id=payment)
        if row is None:
            raise Refused(404, "no_such_payment", "There is no such payment.")
        return row

    def method(self, method: str) -> Row:
        row = self.store.one(
            "SELECT * FROM methods WHERE id = :id AND saved = 1", id=method
        )
        if row is None:
            raise Refused(404, "no_such_method", "There is no such saved method.")
        return row

    def shown(self, row: Row) -> dict[str, Any]:
        """Return a payment as the API shows it."""
        return payment_shown(self.store, self.address, row)

    # --- On the hosted page -----------------------------------------------------

    def open(self, asked: Asked) -> Row:
        """Make a payment whose page waits for its payer."""
        return self._insert(asked, method=None, off_session=False)

    def pay(self, payment: str, card: Card) -> Row:
        """Charge `card`, unless this payment has been paid or tried: then do nothing."""
        row = self.payment(payment)
        if row["status"] != "open":
            return row
        self.change(
            payment, method=self._keep(card, saved=False), updated_at=self.clock.now()
        )
        return self._decide(self.payment(payment), card.behaviour)

    def confirm(self, payment: str, approved: bool) -> Row:
        """Take the payer's answer to her bank's question."""
        row = self.payment(payment)
        if row["status"] != "requires_action":
            return row
        if approved:
            return self._succeed(row)
        return self._decline(row, "authentication_failed")

    def cancel(self, payment: str) -> Row:
        """Close a payment that nobody has paid. One that is decided is left alone."""
        row = self.payment(payment)
        return self._decline(row, "cancelled") if row["status"] in WAITING else row

    # --- Between the merchant and the gateway -------------------------------------

    def charge(self, asked: Asked, method: str, barred: str = "") -> Row:
        """Charge a saved method, its owner being away, unless its mandate bars it."""
        kept = self.method(method)
        row = self._insert(asked, method=method, off_session=True)
        if kept["removed_at"] is not None:
            return self._decline(row, "method_removed")
        if barred:
            return self._decline(row, barred)
        year, month = kept["expires"].split("-")
        if (int(year), int(month)) < self.clock.today():
            return self._decline(row, cards.DECLINE_EXPIRED)
        declines = kept["behaviour"] == cards.SAVE_THEN_DECLINE
        return self._decide(row, cards.DECLINE_SOFT if declines else cards.SUCCEED)

    def refund(self, payment: str, amount: int, key: str) -> Row:
        """Give `amount` back. Never more, in all, than was captured."""
        row = self.payment(payment)
        left = row["captured"] - row["refunded"] - row["disputed"]
        if amount > left:
            raise Refused(
                422,
                "over_refund",
                f"Only {left} of {row['captured']} can still be refunded.",
            )
        made = f"re_{secrets.token_urlsafe(16)}"
        self.store.run(
            "INSERT INTO refunds (id, payment, idempotency_key, amount, created_at)"
            " VALUES (:id, :payment, :key, :amount, :at)",
            id=made,
            payment=payment,
            key=key,
            amount=amount,
            at=self.clock.now(),
        )
        self.change(payment, refunded=row["refunded"] + amount)
        self.tell("payment.refunded", self.payment(payment))
        refund = self.store.one("SELECT * FROM refunds WHERE id = :id", id=made)
        if refund is None:
            raise RuntimeError("The refund just written cannot be read.")
        return refund

    def settle(self, payment: str, to: str) -> Row:
        """
        Let the bank's last word on a pending payment arrive, or, for one that was
        declined, a late authorisation.
        """
        row = self.payment(payment)
        if to == "succeeded" and row["status"] in ("pending", "declined"):
            return self._succeed(row)
        if to == "declined" and row["status"] == "pending":
            return self._decline(row, cards.DECLINE_SOFT)
        raise Refused(
            409, "cannot_settle", f"A payment that {row['status']} cannot become {to}."
        )

    def settle_due(self) -> int:
        """Settle every pending payment whose time has come; return how many."""
        due = self.store.all(
            "SELECT id, settle_to FROM payments WHERE settle_at <= :now",
            now=self.clock.present(),
        )
        for row in due:
            self.settle(row["id"], row["settle_to"])
        return len(due)

    # --- Inside -------------------------------------------------------------------

    def _decide(self, row: Row, behaviour: str) -> Row:
        """Let the bank answer: as it was told to for once, or as the card does."""
        fault = faults.take(
            self.store,
            faults.OUTCOMES,
            payment=row["id"],
            reference=row["reference"],
            method=row["method"] or "",
        )
        told = fault.kind if fault else ""
        if told.startswith("pending") or (not told and behaviour == cards.PEND):
            to = "declined" if told == "pending_then_fail" else "succeeded"
            seconds = fault.seconds if fault else self.pending_seconds
            return self._pend(row, to, seconds)
        if fault and told == "late_authorisation":
            return self._decline_for_now(row, fault.seconds)
        if told == "short_capture":
            return self._succeed(row, captured=max(1, row["amount"] // 2))
        if told == "requires_action" or (not told and behaviour == cards.AUTHENTICATE):
            return self._ask(row)
        code = TOLD_TO_DECLINE.get(told, behaviour)
        if code in (cards.SUCCEED, cards.SAVE_THEN_DECLINE):
            return self._succeed(row)
        return self._decline(row, code)

    def _succeed(self, row: Row, captured: int = 0) -> Row:
        self.change(
            row["id"],
            status="succeeded",
            reason="",
            hard=0,
            captured=captured or row["amount"],
            settle_at=None,
        )
        if row["save_method"] and row["method"]:
            self.store.run(
                "UPDATE methods SET saved = 1 WHERE id = :id", id=row["method"]
            )
        return self.tell("payment.succeeded", self.payment(row["id"]))

    def _decline(self, row: Row, code: str) -> Row:
        self.change(
            row["id"],
            status="declined",
            reason=code,
            hard=int(code in cards.HARD),
            settle_at=None,
        )
        return self.tell("payment.declined", self.payment(row["id"]))

    def _decline_for_now(self, row: Row, seconds: float) -> Row:
        self._decline(row, cards.DECLINE_SOFT)
        self.change(row["id"], settle_to="succeeded", settle_at=self._in(seconds))
        return self.payment(row["id"])

    def _in(self, seconds: float) -> float | None:
        # No seconds: the bank says nothing until /control makes it.
        return self.clock.present() + seconds if seconds > 0 else None

    def _pend(self, row: Row, to: str, seconds: float) -> Row:
        due = self._in(seconds)
        self.change(row["id"], status="pending", settle_to=to, settle_at=due)
        return self.tell("payment.pending", self.payment(row["id"]))

    def _ask(self, row: Row) -> Row:
        if row["off_session"]:  # Nobody is there to answer her bank.
            return self._decline(row, "authentication_required")
        self.change(row["id"], status="requires_action")
        return self.tell("payment.requires_action", self.payment(row["id"]))

    def _keep(self, card: Card, *, saved: bool) -> str:
        method = f"pm_{secrets.token_urlsafe(16)}"
        self.store.run(
            "INSERT INTO methods (id, network, last4, expires, behaviour, saved)"
            " VALUES (:id, :network, :last4, :expires, :behaviour, :saved)",
            id=method,
            network=card.network,
            last4=card.last4,
            expires=card.expires,
            behaviour=card.behaviour,
            saved=int(saved),
        )
        return method

    def _insert(self, asked: Asked, *, method: str | None, off_session: bool) -> Row:
        payment = f"pay_{secrets.token_urlsafe(18)}"
        self.store.run(
            "INSERT INTO payments (id, reference, idempotency_key, amount, currency,"
            " description, return_url, webhook_url, save_method, off_session, status,"
            " method, mandate, created_at, updated_at) VALUES (:id, :reference, :key, :amount,"
            " :currency, :description, :return_url, :webhook_url, :save_method,"
            " :off_session, 'open', :method, :mandate, :at, :at)",
            id=payment,
            reference=asked.reference,
            key=asked.key,
            amount=asked.amount,
            currency=asked.currency,
            description=asked.description,
            return_url=asked.return_url,
            webhook_url=asked.webhook_url,
            save_method=int(asked.save_method),
            off_session=int(off_session),
            method=method,
            mandate=asked.mandate or None,
            at=self.clock.now(),
        )
        return self.payment(payment)

    def change(self, payment: str, **values: Any) -> None:
        """Write these columns of a payment."""
        values["updated_at"] = self.clock.now()
        names = ", ".join(f"{name} = :{name}" for name in values)
        self.store.run(
            f"UPDATE payments SET {names} WHERE id = :id",  # noqa: S608  Our own names.
            id=payment,
            **values,
        )

    def tell(self, kind: str, row: Row) -> Row:
        """Tell the merchant how a payment stands now."""
        subject = Subject(
            row["id"], row["webhook_url"], row["reference"], row["method"] or ""
        )
        emit(self.store, self.clock, kind, subject, {"payment": self.shown(row)})
        return row
