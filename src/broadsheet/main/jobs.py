"""What runs by the clock and belongs to no single room. Thin: each calls one verb."""

from __future__ import annotations

from procrastinate.contrib.django import app

from broadsheet.front.web import pressing
from broadsheet.gate.house import actions as gate
from broadsheet.plumbing import publication


@app.periodic(cron="7 * * * *")
@app.task(name="main.furnish", queue="outbox", pass_context=False)
def furnish(timestamp: int) -> None:
    """A price that was set for this hour is on the wall from now on."""
    pressing.furnish(at=publication.now())


@app.periodic(cron="40 3 * * *")
@app.task(name="main.sweep_meter", queue="outbox", pass_context=False)
def sweep_meter(timestamp: int) -> None:
    """Meter rows have done their service when their period is over."""
    gate.sweep(at=publication.now())


@app.periodic(cron="27 * * * *")
@app.task(name="main.sweep_listings", queue="outbox", pass_context=False)
def sweep_listings(timestamp: int) -> None:
    """A page that nobody has asked for in an hour is pressed when somebody does."""
    gate.sweep_listings(at=publication.now())
