"""
The courier: carries events to the merchant, at least once, until they are accepted.

What is due is read from the store, so a restart forgets nothing; an event that was
carried, but not yet ticked off, when the process was killed is carried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import httpx

from . import outage
from .clock import wall
from .signing import event_header
from .store import Row
from .till import Till

log = logging.getLogger("paper_gateway")

LOOK_EVERY = 0.1
AT_ONCE = 16
PATIENCE = 3 * 24 * 3600.0
LONGEST_WAIT = 3600.0


class Courier:
    """Runs beside the server, on its loop, until it is cancelled."""

    def __init__(self, till: Till, secrets: Sequence[str], backoff: float) -> None:
        self.till, self.secrets, self.backoff = till, secrets, backoff

    async def run(self) -> None:
        # No proxy: what is on the loopback must not leave it.
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            while True:
                try:
                    await self._round(client)
                except Exception:
                    log.exception("A round failed; the next one tries again.")
                await asyncio.sleep(LOOK_EVERY)

    async def _round(self, client: httpx.AsyncClient) -> None:
        with self.till.store.transaction():
            self.till.settle_due()
        if outage.until(self.till):
            return
        due = self.till.store.all(
            "SELECT deliveries.*, events.body, events.type FROM deliveries"
            " JOIN events ON events.id = deliveries.event"
            " WHERE due_at <= :now ORDER BY due_at, deliveries.id LIMIT :most",
            now=wall(),
            most=AT_ONCE,
        )
        await asyncio.gather(*(self._carry(client, row) for row in due))

    async def _carry(self, client: httpx.AsyncClient, row: Row) -> None:
        body = row["body"].encode()
        headers = {
            "Content-Type": "application/json",
            "Paper-Signature": event_header(
                body, self.secrets[0], self.till.clock.now()
            ),
        }
        try:
            answer = await client.post(row["url"], content=body, headers=headers)
            accepted, said = answer.is_success, str(answer.status_code)
        except httpx.HTTPError as error:
            accepted, said = False, type(error).__name__
        self._tick(row, accepted, said)

    def _tick(self, row: Row, accepted: bool, said: str) -> None:
        wait = min(self.backoff * 2 ** min(row["attempts"], 30), LONGEST_WAIT)
        late = wall() - row["made_at"] > PATIENCE
        due = None if accepted or late else wall() + wait
        with self.till.store.transaction():
            self.till.store.run(
                "UPDATE deliveries SET attempts = attempts + 1, last_answer = :said,"
                " due_at = :due WHERE id = :id",
                id=row["id"],
                said=said,
                due=due,
            )
        if not accepted:
            log.info("%s to the merchant: %s, attempt %d", row["type"], said,
                     row["attempts"] + 1)  # fmt: skip
