"""Cases 38, 40, 47, 51 and 100: what banks take back, and what that does to a contract."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as known
from broadsheet.business.payments.models import Attempt, InboundEvent
from broadsheet.business.subscriptions import actions
from broadsheet.business.subscriptions.events import Granted, GrantEnded
from broadsheet.business.subscriptions.models import RenewalPolicy, Subscription

pytestmark = pytest.mark.process

DAY = timedelta(days=1)


@pytest.fixture
def bank(paper, row):
    """What a bank does about the one payment, and the publication hears at once."""

    def bank(path, at, **body):
        payments.tell_time(at=at)
        ref = Attempt.objects.order_by("-made_at").first().provider_ref
        said = paper.gateway.control(path.format(payment=ref), **body)
        paper.gateway.settled()
        told, paper.webhooks[:] = list(paper.webhooks), []
        for raw, headers in told:
            payments.receive("paper", body=raw, headers=headers, at=at)
        return said

    paper.gateway.settled()
    paper.webhooks.clear()
    return bank


def verified():
    return books.check(known.held())


@pytest.mark.parametrize("keep", [True, False])
def test_case_100_won_everything_is_as_it_was(paper, row, fresh, bank, at, keep):
    RenewalPolicy.objects.create(open_while_disputed=keep)
    before = paper.balances()
    made = bank("payments/{payment}/dispute", at)
    now = paper.balances()
    assert (now["disputes"], now.get("gateway", 0)) == (90_000, 0)
    assert [e.ends for e in paper.said(GrantEnded)] == ([] if keep else [at])
    assert verified() == ()

    bank(f"disputes/{made['id']}", at, status="won")
    assert paper.balances() == before
    opened = {e.ends for e in paper.said(Granted)}
    assert opened == (set() if keep else {row.paid_through + DAY})
    assert (fresh().status, fresh().paid_through) == ("active", row.paid_through)
    assert paper.kinds(row)[-2:] == ["disputed", "dispute_won"]
    assert verified() == ()


def test_case_100_lost_the_sale_is_taken_back_and_nobody_is_charged_again(
    paper, row, fresh, bank, at
):
    made = bank("payments/{payment}/dispute", at)
    assert fresh().status == "active"
    assert paper.said(GrantEnded) == []
    bank(f"disputes/{made['id']}", at, status="lost")
    assert paper.balances() == {}
    assert fresh().status == "cancelled"
    assert [e.ends for e in paper.said(GrantEnded)] == [at]
    later = row.paid_through + DAY
    assert actions.renew_due(at=later).claimed == 0
    assert verified() == ()


def test_case_100_an_old_payment_that_is_lost_leaves_the_present_one_alone(
    paper, row, fresh, bank, at
):
    ref = Attempt.objects.get().provider_ref
    due = row.paid_through
    assert actions.renew_due(at=due).renewed == 1
    made = bank(f"payments/{ref}/dispute", due)
    bank(f"disputes/{made['id']}", due, status="lost")
    assert (fresh().status, fresh().k) == ("active", 1)
    assert paper.balances()["gateway"] == 90_000
    assert verified() == ()


def test_case_100_a_dispute_after_the_end_moves_the_books_only(
    paper, row, fresh, bank, at
):
    actions.cancel(reader=paper.reader, subscription_id=row.pk, reason="", at=at)
    over = row.paid_through + DAY
    actions.lapse_due(at=over)
    status, log = fresh().status, paper.kinds(row)
    made = bank("payments/{payment}/dispute", over)
    bank(f"disputes/{made['id']}", over, status="lost")
    assert (fresh().status, paper.kinds(row)) == (status, log)
    assert "gateway" not in paper.balances()
    assert verified() == ()


def test_case_040_a_success_corrected_to_a_failure_is_compensated(
    paper, row, fresh, bank, at
):
    """The attempt stays a success, as it was told; entries of their own undo it."""
    bank("payments/{payment}/reverse", at)
    assert paper.balances() == {}
    (attempt,) = Attempt.objects.all()
    assert (attempt.status, attempt.captured_minor) == ("succeeded", 90_000)
    assert fresh().status == "cancelled"
    assert verified() == ()


def test_case_038_less_than_the_invoice_starts_nothing_and_is_looked_at(paper, at):
    paper.gateway.control("faults", kind="short_capture")
    page = paper.begin()
    paper.pay(page)
    actions.conclude(page.id, at=at)
    row = Subscription.objects.get()
    (invoice,) = books.invoices(row.pk)
    assert (row.status, invoice.status) == ("incomplete", "open")
    assert paper.balances()["gateway"] == 45_000
    assert [one.kind for one in known.concerns()] == ["short"]
    assert verified() == ()


def test_case_047_an_old_success_after_the_end_changes_nothing(paper, row, fresh, at):
    paper.gateway.settled()
    told = list(paper.webhooks)
    quote = actions.quote_refund(reader=paper.reader, subscription_id=row.pk, at=at)
    actions.cancel_now(
        reader=paper.reader, subscription_id=row.pk, reason="",
        quoted_minor=quote.back.minor, at=at,
    )  # fmt: skip
    before = paper.balances()
    for body, headers in told:
        payments.receive("paper", body=body, headers=headers, at=at)
    assert fresh().status == "cancelled"
    assert paper.balances() == before


def test_case_051_an_event_that_is_sent_again_while_we_are_at_it_is_one(paper, row, at):
    paper.gateway.settled()
    with sqlite3.connect(paper.gateway.store) as store:
        (event,) = store.execute(
            "SELECT id FROM events WHERE type = 'payment.succeeded'"
            " ORDER BY n DESC LIMIT 1"
        ).fetchone()
    before = paper.balances()
    for _ in range(3):
        paper.gateway.control(f"events/{event}/replay")
    paper.hear()
    assert InboundEvent.objects.filter(event_id=event).count() == 1
    assert paper.balances() == before
