"""
Cases 29, 30 and 31, I40: a real worker is killed with SIGKILL at each numbered point of the
renewal protocol, and the ledger ends as if it had not been.
"""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as known
from broadsheet.business.payments.models import Attempt
from broadsheet.business.subscriptions import actions
from broadsheet.business.subscriptions.models import RenewalTry, Subscription

from . import worker

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
AFTER_THE_LEASE = timedelta(minutes=16)


@pytest.fixture
def stile(paper):
    with worker.turnstile(paper.gateway.url) as stile:
        yield stile


@pytest.fixture
def subscribers(paper, row, django_user_model):
    """Buy for so many readers, who are all due at once."""

    def subscribers(n):
        for i in range(n - 1):
            user = django_user_model.objects.create_user(f"r{i}@example.com")
            page = paper.begin(reader=user.public_id)
            paper.pay(page)
            actions.conclude(page.id, at=paper.at)
        return n

    return subscribers


def picture(paper, n):
    """All that a crash may not change: the books, the contracts, the gateway's own."""
    rows = Subscription.objects.all()
    invoices = [one for row in rows for one in books.invoices(row.pk)]
    references = {str(one.id) for one in invoices}
    with sqlite3.connect(paper.gateway.store) as store:
        found = store.execute(
            "SELECT reference, amount FROM payments WHERE status = 'succeeded'"
        )
        taken = [amount for reference, amount in found if reference in references]
    return {
        "balances": paper.balances(),
        "contracts": sorted((row.status, row.k, row.failures) for row in rows),
        "invoices": sorted((one.kind, one.status, one.total.minor) for one in invoices),
        "numbers": sorted(one.number for one in invoices),
        "taken": sorted(taken),
        "open": Attempt.objects.exclude(status="succeeded").count(),
        "findings": books.check(known.held()),
    }


def uncrashed(n):
    """What a run that nothing interrupts leaves, by plain arithmetic."""
    half, net = 6_864 * 2 * n, 76_272 * 2 * n
    return {
        "balances": {
            "gateway": 90_000 * 2 * n, "deferred_revenue": -net,
            "output_cgst": -half, "output_sgst": -half,
        },
        "contracts": [("active", 1, 0)] * n,
        "invoices": [("first", "paid", 90_000)] * n + [("renewal", "paid", 90_000)] * n,
        "numbers": [f"BS/26-27/{number:06d}" for number in range(1, 2 * n + 1)],
        "taken": [90_000] * 2 * n,
        "open": 0,
        "findings": (),
    }  # fmt: skip


def finish(at):
    """Restart: other workers come by until nothing is due any more."""
    for _ in range(4):
        at += AFTER_THE_LEASE
        payments.reconcile(at=at)
        actions.renew_due(at=at)
    assert not RenewalTry.objects.filter(closed_at=None).exists()


def test_a_worker_that_nobody_kills_leaves_the_picture(paper, stile, subscribers):
    n = subscribers(2)
    said, _ = worker.start(DUE, paper, stile.url).communicate()
    assert said == "RenewalRun(claimed=2, renewed=2, declined=0, unknown=0)\n"
    assert picture(paper, n) == uncrashed(n)


@pytest.mark.parametrize(
    ("table", "tries", "attempts"),
    [
        ("ledger_invoice", 0, 0),  # 1: claimed; its invoice is not stored.
        ("payments_payment", 2, 0),  # 2: billed, its key stored; nothing is asked yet.
        ("payments_attempt", 2, 0),  # 2: the same, a statement later.
        ("ledger_transaction", 2, 1),  # 5: paid, heard, and not yet settled.
    ],
)
def test_case_030_031_killed_in_a_transaction(
    paper, stile, subscribers, table, tries, attempts
):
    n = subscribers(2)
    with worker.locked(table):
        run = worker.start(DUE, paper, stile.url)
        worker.wait_until_it_waits(run, table)
        worker.kill(run)
    worker.backends_gone()
    assert RenewalTry.objects.count() == tries
    assert Attempt.objects.exclude(status="succeeded").count() == attempts
    finish(DUE)
    assert picture(paper, n) == uncrashed(n)


@pytest.mark.parametrize(
    ("stop_at", "done_first"),
    [
        (1, False),  # 4: the attempt is stored; no byte has reached the gateway.
        (1, True),  # 4: the gateway has done it; nobody read its answer.
        (2, False),  # 5: the first is settled, the second is not asked for.
        (2, True),
    ],
)
def test_case_030_031_killed_in_a_call(paper, stile, subscribers, stop_at, done_first):
    n = subscribers(2)
    stile.set(stop_at, done_first=done_first)
    run = worker.start(DUE, paper, stile.url)
    assert stile.reached.wait(worker.PATIENCE), run.communicate()[0]
    worker.kill(run)
    stile.released.set()
    worker.backends_gone()
    assert {row.k for row in Subscription.objects.all()} == (
        {0} if stop_at == 1 else {0, 1}
    )
    (open_one,) = Attempt.objects.exclude(status="succeeded")
    assert open_one.status == "submitted"
    finish(DUE)
    assert picture(paper, n) == uncrashed(n)


def test_case_029_killed_again_and_again_in_the_middle_of_a_night(
    paper, stile, subscribers
):
    n, seed = subscribers(12), random.Random(29)
    at, kills = DUE, 0
    for _ in range(5):
        stile.set(seed.randint(1, 3), done_first=seed.random() < 0.5)
        run = worker.start(at, paper, stile.url)
        while run.poll() is None and not stile.reached.wait(0.1):
            pass
        kills += stile.reached.is_set()
        worker.kill(run)
        stile.released.set()
        worker.backends_gone()
        at += AFTER_THE_LEASE
    assert kills >= 3
    finish(at)
    assert picture(paper, n) == uncrashed(n)
