"""What the database refuses, whoever asks: I13 to I15 and I18 to I20."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from django.db import IntegrityError, transaction

from broadsheet.business.catalogue.models import PlanVersion
from broadsheet.business.subscriptions import rules
from broadsheet.business.subscriptions.models import (
    ScheduledChange,
    Subscription,
    SubscriptionEvent,
)
from broadsheet.business.subscriptions.rules import Kind, Status

AT = datetime(2026, 8, 3, 4, 30, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(django_user_model):
    from broadsheet.business.catalogue import actions as catalogue

    catalogue.open_shop(at=AT)
    reader = django_user_model.objects.create_user("asha@example.com")
    return Subscription.objects.create(
        id=reader.public_id, reader=reader, plan_version=PlanVersion.objects.first(),
        status="active", anchor_tz="Asia/Kolkata", anchor_date=AT.date(), k=3,
        period_start=AT.date(), period_end=date(2026, 11, 3), paid_through=AT + DAY,
        made_at=AT, started_at=AT, row_version=5, due_at=AT + DAY,
    )  # fmt: skip


def refused(row, why, **change):
    with pytest.raises(IntegrityError, match=why), transaction.atomic():
        Subscription.objects.filter(pk=row.pk).update(**change)
    return True


def test_the_database_knows_the_table_of_moves_and_no_other(row):
    led = {
        (status, moved)
        for status, kind in product(Status, Kind)
        if (moved := _after(status, kind)) is not None
    }
    allowed = set()
    for before, after in product(Status, Status):
        mark = transaction.savepoint()
        with transaction.atomic():
            _put(row, before)
        try:
            with transaction.atomic():
                Subscription.objects.filter(pk=row.pk).update(status=after)
            allowed.add((before, after))
        except IntegrityError as error:
            assert "does not become" in str(error)
        transaction.savepoint_rollback(mark)
    assert allowed == led | {(status, status) for status in Status}


def _after(status, kind):
    try:
        return rules.after(status, kind)
    except rules.WrongMove:
        return None


def _put(row, status):
    """Make another row that has this status, past the trigger."""
    Subscription.objects.filter(pk=row.pk).delete()
    row.status, row.due_at = status, None
    row.save(force_insert=True)


def test_nothing_goes_back(row):
    assert refused(row, "go back", k=2)
    assert refused(row, "go back", row_version=4)


def test_paid_time_shrinks_only_when_it_is_given_up_or_changed(row):
    assert refused(row, "shrink", paid_through=AT)
    other = PlanVersion.objects.last()
    for change in ({"plan_version": other}, {"status": "cancelled", "due_at": None}):
        with transaction.atomic():
            mark = transaction.savepoint()
            Subscription.objects.filter(pk=row.pk).update(paid_through=AT, **change)
            transaction.savepoint_rollback(mark)


def test_a_period_begins_where_the_last_one_ended(row):
    assert refused(row, "where the last", k=4, period_start=date(2026, 11, 4))
    Subscription.objects.filter(pk=row.pk).update(k=4, period_start=date(2026, 11, 3))


@pytest.mark.parametrize(
    "change",
    [
        {"status": "paused"},
        {"cancel_at": AT + DAY},
        {"renews": False},
        {"paused_on": AT.date(), "resumes_on": AT.date() + DAY},
    ],
)
def test_nothing_is_due_of_who_wants_no_more(row, change):
    assert refused(row, "only_who_wants_more", **change)
    Subscription.objects.filter(pk=row.pk).update(due_at=None, **change)


def test_a_pause_ends_after_it_starts(row):
    assert refused(
        row, "a_pause_ends", due_at=None, paused_on=AT.date(), resumes_on=AT.date()
    )


def test_a_history_has_no_gap(row):
    def write(n):
        with transaction.atomic():
            SubscriptionEvent.objects.create(
                subscription=row, n=n, kind="renewed", at=AT, by="house"
            )

    write(1)
    for n in (1, 3):
        with pytest.raises(IntegrityError):
            write(n)
    write(2)


def test_one_change_waits_at_a_time(row):
    def ask():
        with transaction.atomic():
            ScheduledChange.objects.create(
                subscription=row, kind="pause", effective_at=AT, based_on_k=3,
                resumes_on=AT.date(), by="x", asked_at=AT,
            )  # fmt: skip

    ask()
    with pytest.raises(IntegrityError, match="one_open_change"):
        ask()
