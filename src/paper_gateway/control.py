"""The control API: how a test or a demo makes the gateway fail, settle, or move in time."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import faults
from .api import guarded, read_json, text
from .till import Refused, Till


@guarded
async def arm(request: Request) -> Response:
    """Take {kind, scope, value, times, seconds}; without a scope it strikes anything."""
    till: Till = request.app.state.till
    body = await read_json(request)
    kind = text(body, "kind", 40)
    if kind not in faults.KINDS:
        known = ", ".join(sorted(faults.KINDS))
        raise Refused(422, "no_such_fault", f"There is no fault {kind}; use {known}.")
    scope = body.get("scope", "any")
    if scope not in faults.SCOPES:
        raise Refused(422, "bad_scope", f"Give scope as {', '.join(faults.SCOPES)}.")
    times, seconds = body.get("times", 1), body.get("seconds", 0)
    if type(times) is not int or not 1 <= times <= 10**6:
        raise Refused(422, "bad_times", "Give times as a whole number, 1 or more.")
    if type(seconds) not in (int, float) or not 0 <= seconds <= 10**7:
        raise Refused(422, "bad_seconds", "Give seconds as a number, 0 or more.")
    with till.store.transaction():
        faults.arm(
            till.store,
            scope=scope,
            value="" if scope == "any" else text(body, "value", 200),
            kind=kind,
            times=times,
            seconds=seconds,
        )
    return JSONResponse({"armed": kind}, 201)


@guarded
async def disarm(request: Request) -> Response:
    till: Till = request.app.state.till
    with till.store.transaction():
        gone = till.store.run("DELETE FROM faults")
    return JSONResponse({"disarmed": gone})


@guarded
async def settle(request: Request) -> Response:
    """Take {status: succeeded | declined} for a pending (or late) payment."""
    till: Till = request.app.state.till
    body = await read_json(request)
    with till.store.transaction():
        row = till.settle(request.path_params["id"], text(body, "status", 20))
    return JSONResponse(till.shown(row))


@guarded
async def clock(request: Request) -> Response:
    """Take {offset}: the seconds that this gateway lives after the wall clock."""
    body = await read_json(request)
    offset = body.get("offset")
    if not isinstance(offset, int | float) or not abs(offset) < 10**10:
        raise Refused(422, "bad_offset", "Give offset as a number of seconds.")
    request.app.state.move(float(offset))
    till: Till = request.app.state.till
    return JSONResponse({"offset": till.clock.offset, "now": till.clock.now()})


@guarded
async def deliveries(request: Request) -> Response:
    """List what is still to be delivered, for a test that waits until all is."""
    till: Till = request.app.state.till
    rows = till.store.all(
        "SELECT event, payment, attempts, last_answer FROM deliveries"
        " WHERE due_at IS NOT NULL ORDER BY id LIMIT 1000"
    )
    return JSONResponse({"waiting": [dict(row) for row in rows]})
