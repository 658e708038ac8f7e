"""Jobs of the outbox. Thin: each calls one function."""

from __future__ import annotations

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from . import outbox, publication

# 2, 4, 8 … seconds: about a day and a half before a person must look.
PATIENCE = RetryStrategy(max_attempts=16, exponential_wait=2)


@app.task(name="outbox.deliver", queue="outbox", retry=PATIENCE)
def deliver(delivery_id: int) -> None:
    outbox.deliver(delivery_id, at=publication.now())


def defer(delivery_id: int) -> None:
    """Queue the delivery, in the caller's transaction."""
    deliver.defer(delivery_id=delivery_id)
