"""What runs by the clock and belongs to no single room. Thin: each calls one verb."""

from __future__ import annotations

import logging

from procrastinate.contrib.django import app

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import queries as payments
from broadsheet.front.web import pressing
from broadsheet.gate.house import actions as gate
from broadsheet.plumbing import publication

log = logging.getLogger(__name__)


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


@app.periodic(cron="50 3 * * *")
@app.task(name="main.verify_books", queue="business", lock="main.verify_books")
def verify_books(timestamp: int) -> None:
    """All of the books are read once a night; whatever is wrong is in the log."""
    for finding in books.check(payments.held()):
        log.error("%s: %s: %s", finding.invariant, finding.subject, finding.message)


@app.periodic(cron="27 * * * *")
@app.task(name="main.sweep_listings", queue="outbox", pass_context=False)
def sweep_listings(timestamp: int) -> None:
    """A page that nobody has asked for in an hour is pressed when somebody does."""
    gate.sweep_listings(at=publication.now())
