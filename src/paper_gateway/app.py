"""The application: the routes, and the courier that runs beside them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import api, control, desk, instruments, pages
from .clock import Clock, wall
from .courier import Courier
from .store import Store
from .till import Refused, Till


@cache
def _style() -> bytes:
    return (files("paper_gateway") / "static" / "pay.css").read_bytes()


async def _css(request: Request) -> Response:
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(_style(), media_type="text/css", headers=headers)


async def _broken(request: Request, error: Exception) -> Response:
    # The path and the traceback, never what was sent: a card may be in it.
    log.error("%s %s broke", request.method, request.url.path, exc_info=error)
    return JSONResponse({"error": {"code": "internal", "message": "It broke."}}, 500)


async def _healthy(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


ROUTES = [
    Route("/healthz", _healthy),
    Route("/static/pay.css", _css),
    Route("/pay/{id}", pages.pay),
    Route("/pay/{id}", pages.submit, methods=["POST"]),
    Route("/pay/{id}/confirm", pages.confirm),
    Route("/pay/{id}/confirm", pages.answer, methods=["POST"]),
    Route("/v1/payments", api.open_payment, methods=["POST"]),
    Route("/v1/payments", api.payments),
    Route("/v1/payments/{id}", api.payment),
    Route("/v1/payments/{id}/cancel", api.cancel, methods=["POST"]),
    Route("/v1/charges", api.charge, methods=["POST"]),
    Route("/v1/refunds", api.refund, methods=["POST"]),
    Route("/v1/refunds", api.refunds),
    Route("/v1/disputes", api.disputes),
    Route("/v1/clock", api.clock),
    Route("/v1/methods", instruments.saved),
    Route("/v1/methods/{id}", instruments.method),
    Route("/v1/methods/{id}", instruments.remove, methods=["DELETE"]),
    Route("/v1/methods/{id}/replace", instruments.replace, methods=["POST"]),
    Route("/v1/mandates", instruments.register, methods=["POST"]),
    Route("/v1/mandates/{id}", instruments.mandate),
    Route("/v1/mandates/{id}/revoke", instruments.revoke, methods=["POST"]),
    Route("/v1/notices", instruments.notify, methods=["POST"]),
    Route("/v1/events", api.events),
    Route("/control", desk.show),
    Route("/control", desk.press, methods=["POST"]),
    Route("/control/enter", desk.enter, methods=["POST"]),
    Route("/control/faults", control.arm, methods=["POST"]),
    Route("/control/faults", control.disarm, methods=["DELETE"]),
    Route("/control/payments/{id}/settle", control.settle, methods=["POST"]),
    Route("/control/payments/{id}/dispute", control.dispute, methods=["POST"]),
    Route("/control/payments/{id}/reverse", control.reverse, methods=["POST"]),
    Route("/control/disputes/{id}", control.decide, methods=["POST"]),
    Route("/control/methods/{id}", control.method, methods=["POST"]),
    Route("/control/mandates/{id}", control.mandate, methods=["POST"]),
    Route("/control/notices/{id}/opt-out", control.opt_out, methods=["POST"]),
    Route("/control/events/{id}/replay", control.replay_event, methods=["POST"]),
    Route("/control/outage", control.break_down, methods=["POST"]),
    Route("/control/clock", control.clock, methods=["POST"]),
    Route("/control/deliveries", control.deliveries),
]

log = logging.getLogger("paper_gateway")

CLOSE_ENOUGH = 30  # Seconds by which the merchant's clock may differ unfollowed.


@dataclass(frozen=True, slots=True)
class Conduct:
    """How this gateway is run. The first secret signs; each of them lets in."""

    address: str
    secrets: tuple[str, ...]
    merchant: str
    pending_seconds: float
    backoff: float


def build(store: Store, conduct: Conduct) -> Starlette:
    """Return the ASGI application that serves `store`."""
    clock = Clock(_kept_offset(store))
    till = Till(store, clock, conduct.address, conduct.pending_seconds)

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        courier = asyncio.create_task(
            Courier(till, conduct.secrets, conduct.backoff).run()
        )
        yield
        courier.cancel()
        with suppress(asyncio.CancelledError):
            await courier
        store.close()

    def move(offset: float) -> None:
        clock.offset = offset
        with store.transaction():
            _keep_offset(store, offset)
            till.settle_due()  # Days have gone by for the banks as well.

    def follow(second: int) -> None:
        if abs(second - clock.now()) > CLOSE_ENOUGH:
            move(second - wall())

    app = Starlette(
        routes=ROUTES,
        lifespan=running,
        exception_handlers={Exception: _broken, Refused: pages.out_of_order},
    )
    app.state.till = till
    app.state.secrets = conduct.secrets
    app.state.merchant = conduct.merchant
    app.state.move = move
    app.state.follow = follow
    return app


def _kept_offset(store: Store) -> float:
    row = store.one("SELECT value FROM meta WHERE name = 'offset'")
    return float(row["value"]) if row else 0.0


def _keep_offset(store: Store, offset: float) -> None:
    store.run(
        "INSERT INTO meta (name, value) VALUES ('offset', :value)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        value=str(offset),
    )
