"""Jobs of payments. Thin: each calls one verb."""

from __future__ import annotations

from procrastinate.contrib.django import app

from broadsheet.plumbing import publication

from . import actions


@app.periodic(cron="* * * * *")
@app.task(
    name="payments.reconcile", queue="payments", queueing_lock="payments.reconcile"
)
def reconcile(timestamp: int) -> None:
    """Ask about payments whose end we have not heard. `timestamp` is the tick's."""
    actions.reconcile(at=publication.now())
