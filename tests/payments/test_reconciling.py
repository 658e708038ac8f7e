"""The reconciler: asks after 5 minutes, an hour, then daily; then a person looks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broadsheet.business.payments import actions, queries
from broadsheet.business.payments.models import Attempt
from tests import gateway_process as cards

from .conftest import open_one

pytestmark = [pytest.mark.process]

MINUTES, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def checks_made(at, until):
    """Turn the clock a minute at a time as the job does; return when it asked."""
    asked, now = [], at
    while now <= until:
        if actions.reconcile(at=now):
            asked.append(now - at)
        following = Attempt.objects.filter(check_at__isnull=False).first()
        now = max(now + MINUTES, following.check_at if following else until + MINUTES)
    return asked


def test_case_052_what_was_paid_unseen_is_found_after_five_minutes(
    shop, opened, announced, ear, at
):
    """Her browser closed, and the webhook was dropped as well."""
    shop.control("faults", kind="webhook_drop")
    shop.pay(opened.pay_at)
    shop.settled()
    assert ear.heard == []

    assert actions.reconcile(at=at + 4 * MINUTES) == 0
    assert announced == []
    assert actions.reconcile(at=at + 5 * MINUTES) == 1
    assert queries.payment(opened.payment_id).status == "succeeded"
    assert len(announced) == 1
    assert actions.reconcile(at=at + 9 * DAY) == 0


def test_a_payment_that_stays_pending_is_asked_about_seven_times(
    shop, opened, announced, at
):
    shop.pay(opened.pay_at, cards.PENDS)
    asked = checks_made(at, at + 30 * DAY)
    assert asked == [5 * MINUTES, HOUR, DAY, 2 * DAY, 3 * DAY, 4 * DAY, 5 * DAY]
    assert queries.payment(opened.payment_id).status == "pending"
    assert announced == []
    (stuck,) = queries.stuck()
    assert (stuck.status, stuck.n) == ("pending", 1)


def test_after_days_without_a_worker_it_still_asks_over_days(shop, opened, at):
    shop.pay(opened.pay_at, cards.PENDS)
    late = at + 40 * DAY
    assert [actions.reconcile(at=late + n * MINUTES) for n in range(54)] == [
        1,
        *[0] * 53,
    ]


def test_an_abandoned_page_needs_nobody(shop, opened, at):
    assert len(checks_made(at, at + 30 * DAY)) == 7
    assert queries.stuck() == ()


def test_a_gateway_that_is_down_does_not_use_the_checks_up(
    shop, opened, at, settings, announced
):
    shop.pay(opened.pay_at)
    up = settings.BROADSHEET.gateway_url
    object.__setattr__(settings.BROADSHEET, "gateway_url", "http://127.0.0.1:9")
    now = at
    for _ in range(20):
        now += 5 * MINUTES
        assert actions.reconcile(at=now) == 1
    (attempt,) = Attempt.objects.all()
    assert (attempt.checks, attempt.check_at) == (0, now + 5 * MINUTES)

    object.__setattr__(settings.BROADSHEET, "gateway_url", up)
    assert actions.reconcile(at=now + 5 * MINUTES) == 1
    assert queries.payment(opened.payment_id).status == "succeeded"
    assert len(announced) == 1


def test_one_attempt_that_breaks_does_not_stop_the_others(
    shop, reader, at, announced, request
):
    poisoned = open_one(reader, at, "poisoned")
    healthy = open_one(reader, at, "healthy")
    Attempt.objects.filter(payment=poisoned.payment_id).update(provider="vanished")
    shop.pay(healthy.pay_at)
    assert actions.reconcile(at=at + 5 * MINUTES) == 2
    assert queries.payment(healthy.payment_id).status == "succeeded"
    assert queries.payment(poisoned.payment_id).status == "requires_action"


def test_a_claim_is_of_one_worker(shop, reader, at):
    for n in range(3):
        open_one(reader, at, f"several-{n}")
    assert actions.reconcile(at=at + 5 * MINUTES, limit=2) == 2
    assert actions.reconcile(at=at + 5 * MINUTES, limit=2) == 1
    assert actions.reconcile(at=at + 5 * MINUTES, limit=2) == 0


def test_the_job_calls_the_verb(shop, opened, announced):
    from broadsheet.business.payments import jobs

    shop.pay(opened.pay_at)
    Attempt.objects.update(check_at=opened_long_ago())
    jobs.reconcile(timestamp=0)
    assert queries.payment(opened.payment_id).status == "succeeded"


def opened_long_ago():
    from broadsheet.plumbing import publication

    return publication.now() - DAY
