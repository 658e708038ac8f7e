"""Jobs of the readers' room. Thin: each calls one verb."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from broadsheet.plumbing import publication

from . import actions

# 2, 4, 8 … seconds. A key lives fifteen minutes, so ten tries outlast it.
WHILE_THE_KEY_LIVES = RetryStrategy(max_attempts=10, exponential_wait=2)
PATIENCE = RetryStrategy(max_attempts=16, exponential_wait=2)


@app.task(name="readers.send_key", queue="mail", retry=WHILE_THE_KEY_LIVES)
def send_key(key_id: str) -> None:
    actions.send_key(key_id=UUID(key_id), at=publication.now())


@app.task(name="readers.send_notice", queue="mail", retry=PATIENCE)
def send_notice(
    kind: str, to: str, language: str, message_id: str, sent_at: str
) -> None:
    actions.send_notice(
        kind=kind,
        to=to,
        language=language,
        message_id=message_id,
        sent_at=datetime.fromisoformat(sent_at),
    )


@app.periodic(cron="17 * * * *")
@app.task(name="readers.sweep", queue="mail")
def sweep(timestamp: int) -> None:
    actions.sweep(at=publication.now())
