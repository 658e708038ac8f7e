"""The control API: how a test or a demo makes the gateway fail, settle, or move in time."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import disputes, faults, mandates, methods, outage
from .api import Body, guarded, read_json, text
from .events import replay
from .shown import dispute_shown, mandate_shown, method_shown, notice_shown
from .till import Refused, Till

LONGEST = 10**7  # Seconds.


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
    times, seconds = body.get("times", 1), _seconds(body)
    if type(times) is not int or not 1 <= times <= 10**6:
        raise Refused(422, "bad_times", "Give times as a whole number, 1 or more.")
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
async def dispute(request: Request) -> Response:
    """Take {amount, reason}, or nothing for all that is left of a payment."""
    till: Till = request.app.state.till
    body = await read_json(request)
    amount = body.get("amount", 0)
    if type(amount) is not int or amount < 0:
        raise Refused(422, "bad_amount", "Give amount as a whole number.")
    reason = text(body, "reason", 40) if "reason" in body else "fraud"
    with till.store.transaction():
        row = disputes.dispute(till, request.path_params["id"], amount, reason)
    return JSONResponse(dispute_shown(row), 201)


@guarded
async def reverse(request: Request) -> Response:
    """Correct a success to a failure: what it captured is gone."""
    till: Till = request.app.state.till
    with till.store.transaction():
        row = disputes.reverse(till, request.path_params["id"])
    return JSONResponse(dispute_shown(row), 201)


@guarded
async def decide(request: Request) -> Response:
    """Take {status: won | lost} for an open dispute."""
    till: Till = request.app.state.till
    body = await read_json(request)
    with till.store.transaction():
        row = disputes.decide(till, request.path_params["id"], text(body, "status", 10))
    return JSONResponse(dispute_shown(row))


@guarded
async def method(request: Request) -> Response:
    """Take {expires, last4}: the bank has issued a new card under the same token."""
    till: Till = request.app.state.till
    body = await read_json(request)
    last4 = text(body, "last4", 4) if "last4" in body else ""
    with till.store.transaction():
        row = methods.reissue(
            till,
            request.path_params["id"],
            expires=text(body, "expires", 7),
            last4=last4,
        )
    return JSONResponse(method_shown(row))


@guarded
async def mandate(request: Request) -> Response:
    """Take {act: pause | resume | revoke}: what its payer does at her bank."""
    till: Till = request.app.state.till
    body = await read_json(request)
    with till.store.transaction():
        row = mandates.act(till, request.path_params["id"], text(body, "act", 10))
    return JSONResponse(mandate_shown(row))


@guarded
async def opt_out(request: Request) -> Response:
    """Let the payer stop the one debit that a notice told of."""
    till: Till = request.app.state.till
    with till.store.transaction():
        row = mandates.opt_out(till, request.path_params["id"])
    return JSONResponse(notice_shown(row))


@guarded
async def replay_event(request: Request) -> Response:
    """Deliver an event once more, signed anew."""
    till: Till = request.app.state.till
    event = request.path_params["id"]
    with till.store.transaction():
        if not replay(till.store, event):
            raise Refused(404, "no_such_event", "No such event was ever to be sent.")
    return JSONResponse({"replayed": event}, 201)


@guarded
async def break_down(request: Request) -> Response:
    """Take {seconds}: be out of order for so long by its own clock; 0 ends it."""
    till: Till = request.app.state.till
    seconds = _seconds(await read_json(request))
    with till.store.transaction():
        until = outage.start(till, seconds)
    return JSONResponse({"until": until})


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


def _seconds(body: Body) -> float:
    seconds = body.get("seconds", 0)
    if type(seconds) not in (int, float) or not 0 <= seconds <= LONGEST:
        raise Refused(422, "bad_seconds", "Give seconds as a number, 0 or more.")
    return float(seconds)
