"""The API of saved methods, of mandates, and of notices before a debit."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import mandates, methods
from .api import Body, address, currency, effect, guarded, read_json, text, whole
from .shown import mandate_shown, method_shown, notice_shown
from .till import Till

LATEST_SECOND = 253_402_300_799  # The last of the year 9999.


@guarded
async def saved(request: Request) -> Response:
    rows = methods.saved(request.app.state.till)
    return JSONResponse({"data": [method_shown(row) for row in rows]})


@guarded
async def method(request: Request) -> Response:
    till: Till = request.app.state.till
    return JSONResponse(method_shown(till.method(request.path_params["id"])))


@guarded
async def remove(request: Request) -> Response:
    till: Till = request.app.state.till
    with till.store.transaction():
        row = methods.remove(till, request.path_params["id"])
    return JSONResponse(method_shown(row))


@guarded
async def replace(request: Request) -> Response:
    """Take {by}: another saved method that is charged from now on in its stead."""
    till: Till = request.app.state.till
    body = await read_json(request)
    with till.store.transaction():
        row = methods.remove(
            till, request.path_params["id"], replaced_by=text(body, "by", 100)
        )
    return JSONResponse(method_shown(row))


def _register(till: Till, body: Body, key: str) -> tuple[int, dict[str, Any]]:
    terms = mandates.Terms(
        max_amount=whole(body, "max_amount"),
        currency=currency(body),
        valid_until=whole(body, "valid_until", LATEST_SECOND),
        notice=body.get("notice") is True,
        webhook_url=address(body, "webhook_url") if body.get("webhook_url") else "",
    )
    row = mandates.register(till, text(body, "method", 100), terms)
    return 201, mandate_shown(row)


def _notify(till: Till, body: Body, key: str) -> tuple[int, dict[str, Any]]:
    row = mandates.notify(
        till,
        text(body, "mandate", 100),
        whole(body, "amount"),
        whole(body, "debit_at", LATEST_SECOND),
    )
    return 201, notice_shown(row)


register = effect(_register)
notify = effect(_notify)


@guarded
async def mandate(request: Request) -> Response:
    till: Till = request.app.state.till
    return JSONResponse(mandate_shown(mandates.read(till, request.path_params["id"])))


@guarded
async def revoke(request: Request) -> Response:
    till: Till = request.app.state.till
    with till.store.transaction():
        row = mandates.act(till, request.path_params["id"], "revoke")
    return JSONResponse(mandate_shown(row))
