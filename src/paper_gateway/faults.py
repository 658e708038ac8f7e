"""
Faults on request: how the gateway is told to fail, and when it is due to.

A fault is scoped to a payment's id or reference, to a method, or to anything; it is
spent when it strikes. The narrower scope strikes first.
"""

from __future__ import annotations

from dataclasses import dataclass

from .store import Store

# What the bank says to the next payment or charge.
OUTCOMES = frozenset(
    {
        "decline_soft",
        "decline_hard",
        "expired_method",
        "late_authorisation",
        "short_capture",
        "requires_action",
        "pending_then_succeed",
        "pending_then_fail",
    }
)
# What becomes of the next request to the API.
TRANSPORT = frozenset(
    {
        "drop_before",
        "lost_response",
        "error_after",
        "error_before",
        "slow",
        "rate_limited",
        "key_in_use",
    }
)
# What becomes of the next event.
EVENTS = frozenset(
    {
        "webhook_duplicate",
        "webhook_drop",
        "webhook_delay",
        "webhook_reorder",
        "webhook_replay",
    }
)
# What becomes of the next notice before a debit.
NOTICES = frozenset({"notice_fails"})
KINDS = OUTCOMES | TRANSPORT | EVENTS | NOTICES
SCOPES = ("payment", "reference", "method", "any")


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    seconds: float


def arm(
    store: Store, *, scope: str, value: str, kind: str, times: int, seconds: float
) -> None:
    """Let `kind` strike the next `times` times that something in `scope` happens."""
    store.run(
        "INSERT INTO faults (scope, value, kind, times, seconds)"
        " VALUES (:scope, :value, :kind, :times, :seconds)",
        scope=scope,
        value=value,
        kind=kind,
        times=times,
        seconds=seconds,
    )


def take(
    store: Store,
    kinds: frozenset[str],
    *,
    payment: str = "",
    reference: str = "",
    method: str = "",
) -> Fault | None:
    """Return the fault that strikes now, spending it, or None."""
    named = {"payment": payment, "reference": reference, "method": method, "any": ""}
    for scope in SCOPES:
        for row in store.all(
            "SELECT * FROM faults WHERE scope = :scope AND value = :value ORDER BY id",
            scope=scope,
            value=named[scope],
        ):
            if row["kind"] in kinds:
                _spend(store, row["id"])
                return Fault(row["kind"], row["seconds"])
    return None


def _spend(store: Store, fault: int) -> None:
    store.run("UPDATE faults SET times = times - 1 WHERE id = :fault", fault=fault)
    store.run("DELETE FROM faults WHERE id = :fault AND times < 1", fault=fault)
