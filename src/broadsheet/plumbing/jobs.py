"""Jobs of the outbox, and queueing a job in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.jobs import JobDeferrer
from procrastinate.manager import JobManager
from procrastinate.tasks import Task, configure_task

from . import outbox, publication

# 2, 4, 8 … seconds: about a day and a half before a person must look.
PATIENCE = RetryStrategy(max_attempts=16, exponential_wait=2)

# Inside a worker, the application's own connector is the worker's, which knows nothing
# of Django's transaction: a job deferred through it would run before the commit, or
# after a rollback. This one always writes through Django's connection.
_here = JobManager(DjangoConnector(alias="default"))


@app.task(name="outbox.deliver", queue="outbox", retry=PATIENCE)
def deliver(delivery_id: int) -> None:
    outbox.deliver(delivery_id, at=publication.now())


@app.periodic(cron="17 3 * * *")
@app.task(name="outbox.prune", queue="outbox", queueing_lock="outbox.prune")
def prune(timestamp: int) -> None:
    outbox.prune(at=publication.now())


def queue(task: Task[Any, Any, Any], **words: Any) -> None:
    """Queue `task` in the caller's transaction: no commit, no job."""
    _queueing(task).defer(**words)


def _queueing(task: Task[Any, Any, Any]) -> JobDeferrer:
    return configure_task(
        name=task.name,
        job_manager=_here,
        queue=task.queue,
        lock=task.lock,
        queueing_lock=task.queueing_lock,
    )


def defer(delivery_id: int) -> None:
    """Queue the delivery, in the caller's transaction."""
    queue(deliver, delivery_id=delivery_id)


def defer_many(delivery_ids: Sequence[int]) -> None:
    """Queue many deliveries in one statement, in the caller's transaction."""
    words: list[dict[str, Any]] = [{"delivery_id": each} for each in delivery_ids]
    _queueing(deliver).batch_defer(*words)
