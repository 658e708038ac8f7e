"""The outbox as an operator sees it: what waits, what failed, what is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from broadsheet.kit.ids import new_id
from broadsheet.plumbing import jobs, outbox
from broadsheet.plumbing.models import Announcement, Delivery

pytestmark = pytest.mark.django_db


def told(at, **deliveries):
    """Write an announcement whose handlers ended as `deliveries` say."""
    fact = Announcement.objects.create(id=new_id(at), topic="a.Fact", payload={}, at=at)
    for handler, end in deliveries.items():
        Delivery.objects.create(
            announcement=fact,
            handler=handler,
            done_at=at if end == "done" else None,
            last_error="" if end in ("done", "waits") else end,
            attempts=0 if end == "waits" else 1,
        )
    return fact


def test_an_empty_outbox_has_no_backlog():
    assert outbox.backlog() == outbox.Backlog(waiting=0, failed=0, oldest_at=None)


def test_the_backlog_counts_what_waits_and_what_failed(at, django_assert_num_queries):
    told(at - timedelta(hours=3), a="done")
    told(at - timedelta(hours=2), a="waits", b="ValueError: no")
    told(at - timedelta(hours=1), a="waits")
    with django_assert_num_queries(1):
        backlog = outbox.backlog()
    assert backlog == outbox.Backlog(3, 1, at - timedelta(hours=2))


@pytest.mark.parametrize("rows", [1, 3])
def test_failed_deliveries_are_listed_oldest_first(at, rows, django_assert_num_queries):
    for n in range(rows):
        told(at + timedelta(hours=n), a=f"ValueError: {n}", b="waits", c="done")
    with django_assert_num_queries(1):
        failed = outbox.failed(10)
    assert [(one.topic, one.handler, one.attempts, one.error) for one in failed] == [
        ("a.Fact", "a", 1, f"ValueError: {n}") for n in range(rows)
    ]
    assert outbox.failed(1) == failed[:1]


def test_pruning_forgets_what_everyone_heard_a_month_ago_and_nothing_else(at):
    month = timedelta(days=30)
    for n in range(5):
        told(at - month - timedelta(seconds=n + 1), a="done", b="done")
    kept = [
        told(at - month, a="done"),  # A month to the second is not yet more.
        told(at - 2 * month, a="done", b="waits"),
        told(at - 2 * month, a="ValueError: no"),
    ]
    assert outbox.prune(at=at, batch=2) == 5
    assert set(Announcement.objects.all()) == set(kept)
    assert Delivery.objects.count() == 4
    assert outbox.prune(at=at) == 0


@pytest.fixture
def no_jobs(transactional_db):
    """Procrastinate's tables are not Django's to flush between tests."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def queued():
    return list(ProcrastinateJob.objects.values_list("task_name", "args"))


def test_a_job_is_queued_in_the_callers_transaction(no_jobs):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        jobs.defer(1)
        raise ZeroDivisionError
    assert queued() == []
    with transaction.atomic():
        jobs.defer(2)
    assert queued() == [("outbox.deliver", {"delivery_id": 2})]


def test_a_job_queued_inside_a_worker_is_in_the_transaction_too(no_jobs):
    """A worker swaps the application's connector for one of its own connections."""
    worker = app.connector.get_worker_connector().get_sync_connector()
    with app.replace_connector(worker), app.open():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            jobs.defer(1)
            raise ZeroDivisionError
        assert queued() == []
