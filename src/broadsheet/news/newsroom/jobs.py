"""Jobs of the newsroom. Thin: each calls one verb."""

from __future__ import annotations

from procrastinate.contrib.django import app

from broadsheet.plumbing import publication

from . import actions


@app.periodic(cron="* * * * *")
@app.task(
    name="newsroom.publish_due",
    queue="newsroom",
    lock="newsroom.publish_due",
    queueing_lock="newsroom.publish_due",
)
def publish_due(timestamp: int) -> None:
    """Every minute, let what is due go live; a worker that was away catches up once."""
    actions.publish_due(at=publication.now())
