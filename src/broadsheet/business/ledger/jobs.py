"""Jobs of the books. Thin: each calls one verb."""

from __future__ import annotations

import logging

from procrastinate.contrib.django import app

from broadsheet.plumbing import publication

from . import actions, queries

log = logging.getLogger(__name__)


@app.periodic(cron="25 * * * *")
@app.task(name="ledger.recognise", queue="business", lock="ledger.recognise")
def recognise(timestamp: int) -> None:
    """A day is earned when it is over, in the publication's zone."""
    actions.recognise(at=publication.now())


@app.periodic(cron="50 3 * * *")
@app.task(name="ledger.verify", queue="business", lock="ledger.verify")
def verify(timestamp: int) -> None:
    """Read all of the books once a night; whatever is wrong with them is in the log."""
    for finding in queries.check():
        log.error("%s: %s: %s", finding.invariant, finding.subject, finding.message)
