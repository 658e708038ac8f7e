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


@app.periodic(cron="23 * * * *")
@app.task(name="payments.catch_up", queue="payments", queueing_lock="payments.catch_up")
def catch_up(timestamp: int) -> None:
    """Read at the providers what their webhooks did not bring us."""
    actions.catch_up(at=publication.now())
