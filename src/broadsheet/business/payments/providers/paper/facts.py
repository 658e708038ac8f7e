"""The paper gateway's words, turned into ours. Pure."""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from broadsheet.kit.money import Money

from ...rules import DisputeStatus, Standing, Status
from .. import Disputed, Fact, Notice, Saved, Told, Unreachable, Unreadable

STATUSES = {
    "open": Status.REQUIRES_ACTION,  # The payer has yet to fill in the page.
    "requires_action": Status.REQUIRES_ACTION,
    "pending": Status.PENDING,
    "succeeded": Status.SUCCEEDED,
    "declined": Status.DECLINED,
}


def notice(body: bytes) -> Notice:
    """Return the event in a verified `body`, or raise `Unreadable`."""
    try:
        event = json.loads(body)
        event_id, kind = _text(event, "id"), _text(event, "type")
        if kind.startswith("method."):
            return Notice(event_id, kind, None, _card(event["data"]["method"]))
        if not kind.startswith("payment."):
            return Notice(event_id, kind, None)
        return Notice(event_id, kind, fact(event["data"]["payment"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(f"An event cannot be read: {type(error).__name__}.") from error


def told(data: Any) -> tuple[Told, ...]:
    """Return the events of a page of the gateway's list, or raise `Unreachable`."""
    try:
        return tuple(Told(str(int(one["n"])), json.dumps(one).encode()) for one in data)
    except (ValueError, KeyError, TypeError) as error:
        raise Unreachable("The list of events cannot be read.") from error


def fact(payment: Mapping[str, Any]) -> Fact:
    """Return what a payment of the gateway says, or raise `Unreadable`."""
    try:
        return Fact(
            provider_ref=_text(payment, "id"),
            key=_text(payment, "idempotency_key"),
            reference=_text(payment, "reference"),
            currency=_text(payment, "currency"),
            standing=_standing(payment),
            pay_at=str(payment["pay_url"]),
            saved=_saved(payment["method"]),
            disputes=tuple(
                _dispute(one, _text(payment, "currency")) for one in payment["disputes"]
            ),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(
            f"A payment cannot be read: {type(error).__name__}."
        ) from error


def _standing(payment: Mapping[str, Any]) -> Standing:
    status = STATUSES[_text(payment, "status")]
    declined = status is Status.DECLINED
    return Standing(
        status,
        captured=_whole(payment, "captured"),
        refunded=_whole(payment, "refunded"),
        hard=declined and payment["hard"] is True,
        reason=_text(payment, "reason")[:64] if declined else "",
    )


def _dispute(said: Mapping[str, Any], currency: str) -> Disputed:
    return Disputed(
        dispute_ref=_text(said, "id"),
        amount=Money(_whole(said, "amount"), currency),
        reason=_text(said, "reason")[:64],
        status=DisputeStatus(_text(said, "status")),
    )


def _saved(method: Mapping[str, Any] | None) -> Saved | None:
    """Return the card that a payment saved; None if it saved none, or it is gone."""
    if method is None or method["saved"] is not True or method["removed"] is True:
        return None
    return _card(method)


def _card(method: Mapping[str, Any]) -> Saved:
    last4 = _text(method, "last4")
    expires = re.fullmatch(r"([0-9]{4})-([0-9]{2})", _text(method, "expires"))
    if expires is None or not re.fullmatch(r"[0-9]{4}", last4):
        raise ValueError("not a card")
    year, month = int(expires[1]), int(expires[2])
    last_day = date(year, month, calendar.monthrange(year, month)[1])
    return Saved(
        _text(method, "id"),
        _text(method, "network")[:16],
        last4,
        last_day,
        removed=method["removed"] is True,
        version=_whole(method, "version"),
    )


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder[name]
    if not isinstance(value, str) or not 1 <= len(value) <= 200:
        raise ValueError(f"{name} is not a short text")
    return value


def _whole(holder: Mapping[str, Any], name: str) -> int:
    value = holder[name]
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError(f"{name} is not a whole number")
    return value
