"""The HTTP API of merchants: JSON, a bearer key, an idempotency key on what moves money."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from . import faults, mandates, outage
from .shown import dispute_shown, refund_shown
from .signing import fingerprint
from .till import Asked, Refused, Till

MOST = 10**12  # Minor units. More than this is a mistake, not a payment.
LARGEST_BODY = 64 * 1024
KEYS_KEPT = 24 * 3600  # Seconds. An older key is forgotten: it would be a new request.
Body = Mapping[str, Any]
Effect = Callable[[Till, Body, str], tuple[int, dict[str, Any]]]
Handler = Callable[[Request], Awaitable[Response]]


class Lost(Response):
    """An answer that breaks off before its body: the line went dead."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"512"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": False})


def guarded(handler: Handler) -> Handler:
    """Let only the merchant in; turn a refusal into its status and a JSON body."""

    async def wrapped(request: Request) -> Response:
        try:
            _let_in(request)
            _follow_clock(request)
            if request.url.path.startswith("/v1/"):
                outage.refuse(request.app.state.till)
            return await handler(request)
        except Refused as refused:
            return JSONResponse(_error(refused), refused.status)

    return wrapped


def effect(verb: Effect) -> Handler:
    """Return the handler of a verb that moves money: once for one idempotency key."""

    async def handler(request: Request) -> Response:
        till: Till = request.app.state.till
        key = request.headers.get("idempotency-key", "")
        if not 8 <= len(key) <= 200:
            raise Refused(
                400, "no_key", "Send an Idempotency-Key of 8 to 200 characters."
            )
        body = await read_json(request)
        fault = _strike(till, body)
        if fault is not None and fault.kind in BEFORE:
            return BEFORE[fault.kind]()
        status, answer = _once(till, verb, request, body, key, fault)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind == "lost_response":
            return Lost()
        return JSONResponse(answer, status)

    return guarded(handler)


def _once(
    till: Till,
    verb: Effect,
    request: Request,
    body: Body,
    key: str,
    fault: faults.Fault | None,
) -> tuple[int, dict[str, Any]]:
    """Do it and write the answer down, in one transaction; or repeat the answer."""
    canonical = json.dumps(body, sort_keys=True).encode()
    mark = fingerprint(request.method, request.url.path, canonical)
    with till.store.transaction():
        seen = till.store.one("SELECT * FROM answers WHERE key = :key", key=key)
        if seen is not None and till.clock.now() - seen["created_at"] < KEYS_KEPT:
            if seen["fingerprint"] != mark:
                raise Refused(
                    409,
                    "key_reused",
                    "This idempotency key was used for another request.",
                )
            return seen["status"], json.loads(seen["body"])
        status, answer = verb(till, body, key)
        if fault is not None and fault.kind == "error_after":
            # As the strictest of gateways do: the key goes on answering 500.
            status, answer = _broken()[1], _broken()[0]
        till.store.run(
            "INSERT OR REPLACE INTO answers (key, fingerprint, status, body, created_at)"
            " VALUES (:key, :fingerprint, :status, :body, :at)",
            key=key,
            fingerprint=mark,
            status=status,
            body=json.dumps(answer),
            at=till.clock.now(),
        )
    return status, answer


def _strike(till: Till, body: Body) -> faults.Fault | None:
    with till.store.transaction():
        return faults.take(
            till.store,
            faults.TRANSPORT,
            payment=str(body.get("payment", "")),
            reference=str(body.get("reference", "")),
            method=str(body.get("method", "")),
        )


def _broken() -> tuple[dict[str, Any], int]:
    return {"error": {"code": "internal", "message": "Something broke."}}, 500


def _later(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)


# Faults that keep a request from having any effect, and how each answers.
BEFORE: Mapping[str, Callable[[], Response]] = {
    "drop_before": Lost,
    "error_before": lambda: JSONResponse(*_broken()),
    "rate_limited": lambda: _later(429, "rate_limited", "Too many; ask again later."),
    "key_in_use": lambda: _later(
        409, "key_in_use", "A request with this idempotency key is under way."
    ),
}


def _error(refused: Refused) -> dict[str, Any]:
    return {"error": {"code": refused.code, "message": refused.message}}


def _let_in(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    known: tuple[str, ...] = request.app.state.secrets
    good = [hmac.compare_digest(key.encode(), one.encode()) for one in known]
    if scheme.lower() != "bearer" or not any(good):
        raise Refused(401, "not_authorised", "Send the API key as a bearer token.")


def _follow_clock(request: Request) -> None:
    """
    Follow the merchant's test clock: a client that sends `Paper-Now` says which second
    it lives in, and from then on so does this gateway, its signatures included.
    """
    said = request.headers.get("paper-now", "")
    if re.fullmatch(r"[0-9]{1,11}", said):
        request.app.state.follow(int(said))


# --- What can be asked -----------------------------------------------------------


def _open(till: Till, body: Body, key: str) -> tuple[int, dict[str, Any]]:
    asked = Asked(
        key=key,
        return_url=address(body, "return_url"),
        save_method=body.get("save_method") is True,
        **_money(body),
    )
    return 201, till.shown(till.open(asked))


def _charge(till: Till, body: Body, key: str) -> tuple[int, dict[str, Any]]:
    method, money = text(body, "method", 100), _money(body)
    mandate = text(body, "mandate", 100) if body.get("mandate") else ""
    barred = ""
    if mandate:
        barred = mandates.barred(
            till, mandate, method, money["amount"], money["currency"]
        )
    row = till.charge(Asked(key=key, mandate=mandate, **money), method, barred)
    return 201, till.shown(row)


def _refund(till: Till, body: Body, key: str) -> tuple[int, dict[str, Any]]:
    row = till.refund(text(body, "payment", 100), whole(body, "amount"), key)
    return 201, refund_shown(row)


open_payment = effect(_open)
charge = effect(_charge)
refund = effect(_refund)


@guarded
async def payment(request: Request) -> Response:
    till: Till = request.app.state.till
    return JSONResponse(till.shown(till.payment(request.path_params["id"])))


@guarded
async def payments(request: Request) -> Response:
    """Find payments by `reference` or by `idempotency_key`."""
    till: Till = request.app.state.till
    rows = till.store.all(
        "SELECT * FROM payments WHERE reference = :reference OR idempotency_key = :key"
        " ORDER BY created_at, id LIMIT 100",
        reference=request.query_params.get("reference", ""),
        key=request.query_params.get("idempotency_key", ""),
    )
    return JSONResponse({"data": [till.shown(row) for row in rows]})


@guarded
async def cancel(request: Request) -> Response:
    till: Till = request.app.state.till
    with till.store.transaction():
        row = till.cancel(request.path_params["id"])
    return JSONResponse(till.shown(row))


@guarded
async def refunds(request: Request) -> Response:
    """Find a refund by `idempotency_key`, or those of a `payment`."""
    till: Till = request.app.state.till
    rows = till.store.all(
        "SELECT * FROM refunds WHERE payment = :payment OR idempotency_key = :key"
        " ORDER BY created_at, id LIMIT 100",
        payment=request.query_params.get("payment", ""),
        key=request.query_params.get("idempotency_key", ""),
    )
    return JSONResponse({"data": [refund_shown(row) for row in rows]})


@guarded
async def disputes(request: Request) -> Response:
    """Find the disputes of a `payment`; without one, those that nobody has decided."""
    till: Till = request.app.state.till
    rows = till.store.all(
        "SELECT * FROM disputes WHERE payment = :payment"
        " OR (:payment = '' AND status = 'open') ORDER BY created_at, id LIMIT 100",
        payment=request.query_params.get("payment", ""),
    )
    return JSONResponse({"data": [dispute_shown(row) for row in rows]})


@guarded
async def clock(request: Request) -> Response:
    """Say which second it lives in. With `Paper-Now`, it has followed just now."""
    till: Till = request.app.state.till
    return JSONResponse({"now": till.clock.now(), "offset": till.clock.offset})


@guarded
async def events(request: Request) -> Response:
    """List events, oldest first, `after` a number, at most 100."""
    till: Till = request.app.state.till
    after = request.query_params.get("after", "0")
    if not re.fullmatch(r"[0-9]{1,18}", after):
        raise Refused(422, "bad_after", "Give `after` as a whole number.")
    rows = till.store.all(
        "SELECT n, body FROM events WHERE n > :after ORDER BY n LIMIT 100",
        after=int(after),
    )
    found = [{"n": row["n"], **json.loads(row["body"])} for row in rows]
    return JSONResponse({"data": found})


# --- Reading what was sent ---------------------------------------------------------


async def read_json(request: Request) -> Body:
    raw = await request.body()
    try:
        body = json.loads(raw) if len(raw) <= LARGEST_BODY else None
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "bad_json", "Send a JSON object of at most 64 kB.")
    return body


def text(body: Body, name: str, size: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= size:
        raise Refused(422, f"bad_{name}", f"Give {name} in 1 to {size} characters.")
    return value


def whole(body: Body, name: str, most: int = MOST) -> int:
    value = body.get(name)
    if type(value) is not int or not 1 <= value <= most:
        raise Refused(422, f"bad_{name}", f"Give {name} as a whole number, 1 or more.")
    return value


def address(body: Body, name: str) -> str:
    value = text(body, name, 2000)
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Refused(422, f"bad_{name}", f"Give {name} as an http or https address.")
    return value


def currency(body: Body) -> str:
    value = text(body, "currency", 3)
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise Refused(
            422, "bad_currency", "Give the currency in three capital letters."
        )
    return value


def _money(body: Body) -> dict[str, Any]:
    return {
        "amount": whole(body, "amount"),
        "currency": currency(body),
        "reference": text(body, "reference", 200),
        "description": text(body, "description", 200),
        "webhook_url": address(body, "webhook_url") if body.get("webhook_url") else "",
    }
