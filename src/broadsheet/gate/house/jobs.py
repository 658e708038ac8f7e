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


@app.periodic(cron="27 3 * * *")
@app.task(name="gate.tend_records", queue="housekeeping", queueing_lock="gate.records")
def tend_records(timestamp: int) -> None:
    """Every night at 03:27 UTC: a partition for each day ahead, none for those over."""
    actions.tend_records(at=publication.now())
