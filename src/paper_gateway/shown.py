"""How the API shows what the store holds. Reads; changes nothing."""

from __future__ import annotations

from typing import Any

from .store import Row, Store

_OF_A_PAYMENT = (
    "id", "reference", "idempotency_key", "amount", "currency", "description", "status",
    "reason", "captured", "refunded", "disputed", "mandate", "created_at", "updated_at",
)  # fmt: skip


def payment_shown(store: Store, address: str, row: Row) -> dict[str, Any]:
    """
    Return all that is to be known of a payment, its disputes included: each event
    carries the whole, so that whoever hears them out of order loses nothing.
    """
    method = store.one("SELECT * FROM methods WHERE id = :id", id=row["method"] or "")
    disputes = store.all(
        "SELECT * FROM disputes WHERE payment = :id ORDER BY created_at, id",
        id=row["id"],
    )
    return {
        "object": "payment",
        "pay_url": "" if row["off_session"] else f"{address}/pay/{row['id']}",
        "method": method_shown(method) if method else None,
        "save_method": bool(row["save_method"]),
        "off_session": bool(row["off_session"]),
        "hard": bool(row["hard"]),
        "disputes": [dispute_shown(one) for one in disputes],
        **{name: row[name] for name in _OF_A_PAYMENT},
    }


def method_shown(row: Row) -> dict[str, Any]:
    """Return a saved method. Its `version` grows: the greatest is the latest."""
    return {
        "object": "method",
        "removed": row["removed_at"] is not None,
        "saved": bool(row["saved"]),
        **_of(row, "id", "network", "last4", "expires", "version", "replaced_by"),
    }


def refund_shown(row: Row) -> dict[str, Any]:
    named = _of(row, "id", "payment", "amount", "created_at")
    return {"object": "refund", "status": "succeeded", **named}


def dispute_shown(row: Row) -> dict[str, Any]:
    named = _of(
        row, "id", "payment", "amount", "reason", "status", "created_at", "decided_at"
    )
    return {"object": "dispute", **named}


def mandate_shown(row: Row) -> dict[str, Any]:
    named = _of(
        row, "id", "method", "max_amount", "currency", "valid_until", "status",
        "created_at",
    )  # fmt: skip
    return {"object": "mandate", "notice": bool(row["notice"]), **named}


def notice_shown(row: Row) -> dict[str, Any]:
    named = _of(row, "id", "mandate", "amount", "debit_at", "status", "created_at")
    return {"object": "notice", **named}


def _of(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}
