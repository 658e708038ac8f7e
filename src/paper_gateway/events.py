"""Events: written in the transaction of the fact, with a delivery for the courier."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from . import faults
from .clock import Clock, wall
from .store import Store

HELD_AT_MOST = 30.0  # Seconds that a reordered event waits for one to overtake it.


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about, and where the merchant wants to hear of it."""

    id: str
    webhook_url: str
    reference: str = ""
    method: str = ""


def emit(
    store: Store, clock: Clock, kind: str, subject: Subject, data: dict[str, Any]
) -> None:
    """Write an event about `subject`, and queue it for the merchant."""
    event = {
        "id": f"evt_{secrets.token_urlsafe(16)}",
        "type": kind,
        "created_at": clock.now(),
        "data": data,
    }
    store.run(
        "INSERT INTO events (id, type, payment, created_at, body)"
        " VALUES (:id, :type, :payment, :at, :body)",
        id=event["id"],
        type=kind,
        payment=subject.id,
        at=event["created_at"],
        body=json.dumps(event, ensure_ascii=False),
    )
    _overtake(store, subject.id)
    if subject.webhook_url:
        _queue(store, str(event["id"]), subject)


def replay(store: Store, event: str) -> bool:
    """Queue an event once more, as it was first told; say whether there is one."""
    row = store.one(
        "SELECT payment, url FROM deliveries WHERE event = :event ORDER BY id LIMIT 1",
        event=event,
    )
    if row is None:
        return False
    _deliver_after(store, event, Subject(row["payment"], row["url"]), 0.0, False)
    return True


def _queue(store: Store, event: str, subject: Subject) -> None:
    fault = faults.take(
        store,
        faults.EVENTS,
        payment=subject.id,
        reference=subject.reference,
        method=subject.method,
    )
    kind = fault.kind if fault else ""
    if kind == "webhook_drop":
        return
    wait = fault.seconds if fault and kind == "webhook_delay" else 0.0
    held = kind == "webhook_reorder"
    for _ in range(2 if kind == "webhook_duplicate" else 1):
        _deliver_after(store, event, subject, HELD_AT_MOST if held else wait, held)
    if fault and kind == "webhook_replay":
        _deliver_after(store, event, subject, fault.seconds, False)


def _deliver_after(
    store: Store, event: str, subject: Subject, wait: float, held: bool
) -> None:
    store.run(
        "INSERT INTO deliveries (event, payment, url, made_at, due_at, held)"
        " VALUES (:event, :payment, :url, :now, :due, :held)",
        event=event,
        payment=subject.id,
        url=subject.webhook_url,
        now=wall(),
        due=wall() + wait,
        held=int(held),
    )


def _overtake(store: Store, payment: str) -> None:
    """Let held events of this payment go, a second after the one that overtakes them."""
    store.run(
        "UPDATE deliveries SET held = 0, due_at = :due"
        " WHERE payment = :payment AND held = 1 AND due_at IS NOT NULL",
        payment=payment,
        due=wall() + 1.0,
    )
