"""Jobs of the gate. Thin: each calls one verb."""

from __future__ import annotations

from procrastinate.contrib.django import app

from broadsheet.plumbing import publication

from . import actions


@app.periodic(cron="17 3 * * *")
@app.task(name="gate.sweep", queue="housekeeping", queueing_lock="gate.sweep")
def sweep(timestamp: int) -> None:
    """Every night at 03:17 UTC: delete what the meter no longer needs."""
    actions.sweep(at=publication.now())
