"""Calls to the paper gateway, with timeouts, and what their failures mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings

from broadsheet.kit.money import Money

from .. import Ask, Fact, Notice, Refused, Told, Unreachable
from . import facts, signature

TIMEOUT = httpx.Timeout(10, connect=2)  # Seconds.

# The request is at fault, and nothing was done. Others say nothing about the payment:
# 401, 403 and 429 are our own trouble or a passing one, and 409 means that something
# *was* done under this key, which a look will find.
AT_FAULT = frozenset({400, 404, 410, 422})


class Paper:
    """The provider `paper`. Holds nothing; settings are read at each call."""

    def open(self, ask: Ask, *, at: datetime) -> Fact:
        body = {**_money(ask), "return_url": ask.return_url, "save_method": True}
        return facts.fact(_call("POST", "/v1/payments", at, key=ask.key, body=body))

    def charge(self, ask: Ask, *, at: datetime) -> Fact:
        body = {**_money(ask), "method": ask.method}
        return facts.fact(_call("POST", "/v1/charges", at, key=ask.key, body=body))

    def find(self, *, provider_ref: str, key: str, at: datetime) -> Fact | None:
        if provider_ref:
            return facts.fact(_call("GET", f"/v1/payments/{quote(provider_ref)}", at))
        query = f"/v1/payments?idempotency_key={quote(key, safe='')}"
        found = _call("GET", query, at).get("data")
        return facts.fact(found[0]) if found else None

    def cancel(self, provider_ref: str, *, at: datetime) -> Fact:
        path = f"/v1/payments/{quote(provider_ref)}/cancel"
        return facts.fact(_call("POST", path, at, body={}))

    def refund(
        self, *, provider_ref: str, amount: Money, key: str, at: datetime
    ) -> str:
        body = {"payment": provider_ref, "amount": amount.minor}
        return str(_call("POST", "/v1/refunds", at, key=key, body=body)["id"])

    def find_refund(self, *, key: str, at: datetime) -> str:
        query = f"/v1/refunds?idempotency_key={quote(key, safe='')}"
        found = _call("GET", query, at).get("data")
        return str(found[0]["id"]) if found else ""

    def forget(self, token: str, *, at: datetime) -> None:
        _call("DELETE", f"/v1/methods/{quote(token)}", at)

    def told_since(self, place: str, *, at: datetime) -> tuple[Told, ...]:
        data = _call("GET", f"/v1/events?after={quote(place or '0')}", at).get("data")
        return facts.told(data)

    def tell_time(self, at: datetime) -> None:
        _call("GET", "/v1/clock", at)

    def came_back(
        self, query: Mapping[str, str], *, provider_ref: str, reference: str
    ) -> bool:
        return signature.came_back(
            query, payment=provider_ref, reference=reference, secrets=secrets()
        )

    def verify(self, body: bytes, headers: Mapping[str, str], *, at: datetime) -> str:
        return signature.verify(body, headers, secrets(), at=at)

    def read(self, body: bytes) -> Notice:
        return facts.notice(body)


def secrets() -> tuple[str, ...]:
    """
    Return the secrets that are shared with the gateway, newest first. While one is
    being changed the setting holds two, parted by a comma.
    """
    said: str = settings.BROADSHEET.gateway_secret
    return tuple(one for one in said.replace(",", " ").split() if one)


_transport: httpx.BaseTransport | None = None


def reach_through(transport: httpx.BaseTransport | None) -> None:
    """
    Call the gateway through `transport`, such as one that is in this process; None:
    through the network again. For simulations and benchmarks.
    """
    global _transport
    _transport = transport
    _client.cache_clear()


@cache
def _client(base: str) -> httpx.Client:
    # No proxy from the environment: what is meant for the gateway goes to the gateway.
    return httpx.Client(
        base_url=base, timeout=TIMEOUT, trust_env=False, transport=_transport
    )


def _call(
    method: str,
    path: str,
    at: datetime,
    *,
    key: str = "",
    body: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    headers = {
        "Authorization": f"Bearer {secrets()[0]}",
        # The sandbox lives in the publication's time, its test clock included.
        "Paper-Now": str(int(at.timestamp())),
    }
    if key:
        headers["Idempotency-Key"] = key
    try:
        answer = _client(settings.BROADSHEET.gateway_url).request(
            method, path, headers=headers, json=body
        )
    except httpx.HTTPError as error:
        raise Unreachable(f"{method} {path}: {type(error).__name__}") from error
    return _read(answer)


def _read(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError as error:
        raise Unreachable(f"{answer.status_code} without JSON") from error
    if answer.is_success and isinstance(said, dict):
        return said
    fault = said.get("error") if isinstance(said, dict) else None
    if answer.status_code in AT_FAULT and isinstance(fault, dict):
        raise Refused(str(fault.get("code", "")), str(fault.get("message", "")))
    raise Unreachable(f"The gateway answered {answer.status_code}.")


def _money(ask: Ask) -> dict[str, Any]:
    return {
        "amount": ask.amount.minor,
        "currency": ask.amount.currency,
        "reference": ask.reference,
        "description": ask.description,
        "webhook_url": ask.webhook_url,
    }
