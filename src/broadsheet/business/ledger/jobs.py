"""Jobs of the books. Thin: each calls one verb."""

from __future__ import annotations

from procrastinate.contrib.django import app

from broadsheet.plumbing import publication

from . import actions


@app.periodic(cron="25 * * * *")
@app.task(name="ledger.recognise", queue="business", lock="ledger.recognise")
def recognise(timestamp: int) -> None:
    """A day is earned when it is over, in the publication's zone."""
    actions.recognise(at=publication.now())
