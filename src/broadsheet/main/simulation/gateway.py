"""
The paper gateway in this process: its own application and its own store, called as over
the network, but without one, and with its webhooks in our hands.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from paper_gateway import faults
from paper_gateway.app import Conduct, build
from paper_gateway.signing import event_header
from paper_gateway.store import Store

from .trouble import Trouble

ADDRESS = "http://paper.invalid"


class Gateway(httpx.BaseTransport):
    """Answers each request by running the application to its end, here and now."""

    def __init__(self, store: Path, secret: str, trouble: Trouble) -> None:
        self.store = Store(store)
        self.secret, self.trouble = secret, trouble
        conduct = Conduct(
            address=ADDRESS,
            secrets=(secret,),
            merchant="The simulated paper",
            pending_seconds=0,  # What is pending stays so until `settle_pending`.
            backoff=1,
        )
        # Its courier never starts: what it would carry is taken by `news`.
        app = build(self.store, conduct)
        self._inside = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        self._loop = asyncio.new_event_loop()
        self._read = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        kind = self.trouble.fault(path) if request.method == "POST" else ""
        if path.startswith("/v1/"):
            self.trouble.crash("before a call")
            if request.method == "GET" and self.trouble.strikes("unreachable", 0.5):
                raise httpx.ConnectError("The line is down.", request=request)
        with self._armed(kind):
            answer = self._loop.run_until_complete(self._ask(request))
        if path.startswith("/v1/"):
            self.trouble.crash("after a call")
        return answer

    def close(self) -> None:
        self._loop.close()
        self.store.close()

    def payer(self) -> httpx.Client:
        """Return a reader's browser on the hosted pages."""
        return httpx.Client(base_url=ADDRESS, transport=_Lent(self), trust_env=False)

    def news(self) -> Iterator[bytes]:
        """Yield each event since the last time."""
        found = self.store.all(
            "SELECT n, body FROM events WHERE n > :n ORDER BY n", n=self._read
        )
        for row in found:
            self._read = row["n"]
            yield row["body"].encode()

    def everything(self, at: datetime) -> list[tuple[bytes, dict[str, str]]]:
        """Return all that was ever told, signed anew."""
        rows = self.store.all("SELECT body FROM events ORDER BY n")
        return [(row["body"].encode(), self.sign(row["body"], at)) for row in rows]

    def sign(self, body: str, at: datetime) -> dict[str, str]:
        header = event_header(body.encode(), self.secret, int(at.timestamp()))
        return {"Paper-Signature": header}

    def settle_pending(self, at: datetime) -> None:
        """Let banks say their last word, and now and then a better one than before."""
        rows = self.store.all(
            "SELECT id, settle_to FROM payments WHERE status = 'pending' ORDER BY created_at, rowid"
        )
        for row in rows:
            self._settle(row["id"], row["settle_to"], at)
        declined = self.store.all(
            "SELECT id FROM payments WHERE status = 'declined' AND hard = 0"
            " AND off_session = 1 AND updated_at > :since ORDER BY rowid",
            since=int(at.timestamp()) - 86_400,
        )
        for row in declined:
            if self.trouble.strikes("late authorisation"):
                self._settle(row["id"], "succeeded", at)

    def payments(self) -> dict[str, dict[str, Any]]:
        """Return what this gateway itself knows of each payment, by its key."""
        rows = self.store.all("SELECT * FROM payments")
        return {row["idempotency_key"]: dict(row) for row in rows}

    def dispute(self, reference: str, at: datetime) -> None:
        """Let the payer of an invoice ask her bank for the money back."""
        row = self.store.one(
            "SELECT id FROM payments WHERE reference = :reference"
            " AND status = 'succeeded' AND refunded = 0",
            reference=reference,
        )
        if row is not None:
            self._control(f"payments/{row['id']}/dispute", {}, at)

    def decide_disputes(self, at: datetime) -> None:
        """Let the banks decide what was asked of them three weeks ago."""
        rows = self.store.all(
            "SELECT id FROM disputes WHERE status = 'open' AND created_at < :old"
            " ORDER BY rowid",
            old=int(at.timestamp()) - 21 * 86_400,
        )
        for row in rows:
            status = self.trouble.random.choice(("won", "lost"))
            self._control(f"disputes/{row['id']}", {"status": status}, at)

    def _settle(self, payment: str, to: str, at: datetime) -> None:
        self._control(f"payments/{payment}/settle", {"status": to}, at)

    def _control(self, what: str, body: dict[str, str], at: datetime) -> None:
        request = httpx.Request(
            "POST",
            f"{ADDRESS}/control/{what}",
            headers={
                "Authorization": f"Bearer {self.secret}",
                "Paper-Now": str(int(at.timestamp())),
            },
            content=json.dumps(body),
        )
        answer = self._loop.run_until_complete(self._ask(request))
        if not answer.is_success and answer.status_code not in (409, 422):
            raise RuntimeError(f"The gateway would not: {what}: {answer.text}")

    @contextmanager
    def _armed(self, kind: str) -> Iterator[None]:
        if not kind:
            yield
            return
        with self.store.transaction():
            faults.arm(self.store, scope="any", value="", kind=kind, times=1, seconds=0)
        yield
        # Asked again under the same key, it repeats its answer, and spends no fault.
        with self.store.transaction():
            self.store.run("DELETE FROM faults")

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inside.handle_async_request(request)
        body = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)


class _Lent(httpx.BaseTransport):
    """The gateway, for a client that is closed while the gateway lives on."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._gateway.handle_request(request)
