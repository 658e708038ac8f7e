from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.models import Invoice
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as known
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.actions import RenewalRun
from broadsheet.business.subscriptions.events import (
    CreditHeld,
    Granted,
    GrantEnded,
    Lapsed,
    PaymentTrouble,
    Renewed,
)
from broadsheet.business.subscriptions.models import RenewalTry, Subscription
from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money
from tests import gateway_process as cards

pytestmark = pytest.mark.process

DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
NEXT = datetime(2027, 2, 2, 18, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def row(paper):
    row = paper.buy()
    paper.said()
    return row


@pytest.fixture
def failing(paper):
    """A subscriber whose card was good once, and declines every later charge."""
    row = paper.buy(number=cards.SAVES_THEN_DECLINES)
    paper.said()
    return row


def fresh(row) -> Subscription:
    return Subscription.objects.get(pk=row.pk)


def test_case_027_what_is_due_is_renewed_once(paper, row):
    assert actions.renew_due(at=DUE - timedelta(seconds=1)) == RenewalRun()
    assert actions.renew_due(at=DUE) == RenewalRun(claimed=1, renewed=1)
    assert actions.renew_due(at=DUE) == RenewalRun()
    renewed = fresh(row)
    assert (renewed.k, renewed.paid_through, renewed.lease_until) == (1, NEXT, None)
    said = paper.said()
    first, second = queries.current(paper.reader, DUE).invoices[::-1]
    assert said[-1] == Renewed(row.pk, paper.reader, second.id, 1)
    assert {(e.starts, e.ends) for e in said if isinstance(e, Granted)} == {
        (row.started_at, NEXT + timedelta(hours=24))
    }
    assert [i.number for i in (first, second)] == ["BS/26-27/000001", "BS/26-27/000002"]
    assert (second.kind, second.period_index) == ("renewal", 1)
    assert paper.balances()["gateway"] == 180_000
    assert books.check({first.id: 90_000, second.id: 90_000}) == ()


def test_case_028_two_workers_charge_once_for_each_that_is_due(
    paper, django_user_model, at
):
    readers = [paper.reader]
    for n in range(5):
        readers.append(
            django_user_model.objects.create_user(f"r{n}@example.com").public_id
        )
    for reader in readers:
        page = paper.begin(reader=reader)
        paper.pay(page)
        actions.conclude(page.id, at=at)
    runs: list[RenewalRun] = []
    ready = threading.Barrier(3)

    def work():
        try:
            ready.wait()
            runs.append(actions.renew_due(at=DUE))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(run.renewed for run in runs) == len(readers)
    assert Invoice.objects.filter(kind="renewal", status="paid").count() == len(readers)
    assert paper.balances()["gateway"] == 2 * len(readers) * 90_000
    assert books.check() == ()


@pytest.mark.parametrize(
    "fault", ["lost_response", "error_after", "error_before", "drop_before"]
)
def test_case_031_032_033_a_lost_answer_never_charges_twice(paper, row, fault):
    paper.gateway.control("faults", kind=fault)
    run = actions.renew_due(at=DUE)
    assert run == RenewalRun(claimed=1, unknown=1)
    assert fresh(row).status == "active"
    # Nobody is shut out because a provider does not answer.
    assert {event.ends for event in paper.said(Granted)} == {DUE + 7 * DAY}
    # While its end is unknown nobody claims it; after the lease, the same key is sent.
    assert actions.renew_due(at=DUE + timedelta(minutes=1)) == RenewalRun()
    later = DUE + timedelta(minutes=16)
    assert actions.renew_due(at=later).renewed == 1
    assert RenewalTry.objects.count() == 1
    assert (paper.charges(), paper.balances()["gateway"]) == (2, 180_000)
    assert fresh(row).paid_through == NEXT


def test_case_031_a_lost_answer_is_also_found_by_the_reconciler(paper, row):
    paper.gateway.control("faults", kind="lost_response")
    actions.renew_due(at=DUE)
    payments.reconcile(at=DUE + timedelta(minutes=6))
    assert (fresh(row).k, paper.charges()) == (1, 2)
    assert actions.renew_due(at=DUE + timedelta(minutes=16)) == RenewalRun()


def test_case_057_060_a_failed_renewal_keeps_access_and_climbs_down_the_ladder(
    paper, failing
):
    grace = DUE + 7 * DAY
    assert actions.renew_due(at=DUE) == RenewalRun(claimed=1, declined=1)
    row = fresh(failing)
    assert (row.status, row.failures, row.retry_at, row.grace_until) == (
        "past_due",
        1,
        DUE + DAY,
        grace,
    )
    said = paper.said()
    assert said[-1] == PaymentTrouble(row.pk, paper.reader, "card_declined", grace)
    assert {event.ends for event in said[:-1]} == {grace}
    assert paper.balances()["gateway"] == 90_000

    tries = [DUE]
    for hour in range(24 * 8):
        now = DUE + timedelta(hours=hour + 1)
        if actions.renew_due(at=now).claimed:
            tries.append(now)
        actions.lapse_due(at=now)
    assert tries == [DUE, DUE + DAY, DUE + 3 * DAY, DUE + 6 * DAY]
    assert fresh(failing).status == "cancelled"
    assert paper.said(Lapsed, GrantEnded)[-2:] == [
        Lapsed(row.pk, paper.reader),
        GrantEnded(f"subscription:{row.pk}", grace),
    ]
    assert Invoice.objects.get(kind="renewal").status == "void"
    assert paper.kinds(row) == ["begun", "started", *4 * ["payment_failed"], "lapsed"]
    assert len({made.key for made in RenewalTry.objects.all()}) == 4
    assert paper.charges() == 1
    assert books.check() == ()


def test_case_058_a_hard_decline_is_not_tried_again(paper, row):
    paper.gateway.control("faults", kind="decline_hard")
    assert actions.renew_due(at=DUE).declined == 1
    assert (fresh(row).status, fresh(row).retry_at) == ("past_due", None)
    assert actions.renew_due(at=DUE + 5 * DAY) == RenewalRun()


def test_case_059_a_retry_that_succeeds_pays_the_original_period(paper, row):
    paper.gateway.control("faults", kind="decline_soft")
    actions.renew_due(at=DUE)
    assert actions.renew_due(at=DUE + DAY).renewed == 1
    after = fresh(row)
    assert (after.status, after.k, after.paid_through) == ("active", 1, NEXT)
    assert (after.failures, after.retry_at, after.grace_until) == (0, None, None)
    assert paper.kinds(row) == ["begun", "started", "payment_failed", "renewed"]
    assert RenewalTry.objects.values_list("n", "outcome").order_by("n").last() == (
        2,
        "succeeded",
    )


def test_case_043_without_a_saved_card_a_renewal_is_trouble_and_not_a_crash(paper, row):
    (method,) = known.methods(paper.reader)
    payments.forget_method(method.method_ref, at=DUE)
    assert actions.renew_due(at=DUE) == RenewalRun(claimed=1, declined=1)
    assert [event.reason for event in paper.said(PaymentTrouble)] == ["no_method"]
    assert fresh(row).status == "past_due"


def test_case_065_a_bank_that_asks_for_a_reader_who_is_away_is_trouble(paper, row):
    paper.gateway.control("faults", kind="requires_action")
    assert actions.renew_due(at=DUE).declined == 1
    assert [event.reason for event in paper.said(PaymentTrouble)] == [
        "authentication_required"
    ]
    assert fresh(row).status == "past_due"


def test_case_061_062_a_reader_pays_a_failed_renewal_herself_with_another_card(
    paper, failing
):
    with pytest.raises(actions.NothingDue):
        actions.pay_due(reader=paper.reader, return_path="/account/", at=DUE)
    actions.renew_due(at=DUE)
    old = fresh(failing).method_ref
    now = DUE + DAY / 2
    pages = {
        actions.pay_due(reader=paper.reader, return_path="/account/", at=now)
        for _ in range(2)
    }
    (page,) = pages
    paper.pay(page, cards.DECLINED)
    assert actions.conclude(page.id, at=now).status == "declined"
    # While her next page is open, our own retry keeps out of the way.
    again = actions.pay_due(reader=paper.reader, return_path="/account/", at=now)
    assert (again.id, again.pay_at == page.pay_at) == (page.id, False)
    assert actions.renew_due(at=DUE + DAY) == RenewalRun(claimed=1, unknown=1)
    paper.pay(again, cards.SUCCEEDS)
    state = actions.conclude(again.id, at=DUE + DAY)

    assert (state.status, state.return_path) == ("active", "/account/")
    row = fresh(failing)
    assert (row.status, row.k, row.paid_through) == ("active", 1, NEXT)
    assert row.method_ref not in (None, old)
    assert paper.kinds(row) == ["begun", "started", "payment_failed", "renewed"]
    assert paper.charges() == 2
    assert actions.renew_due(at=DUE + 2 * DAY) == RenewalRun()
    assert actions.renew_due(at=NEXT).renewed == 1
    assert books.check() == ()


def test_case_094_cancelling_while_past_due_ends_it_and_stops_the_retries(
    paper, failing
):
    actions.renew_due(at=DUE)
    view = actions.cancel(
        reader=paper.reader, subscription_id=failing.pk, reason="", at=DUE + DAY / 2
    )
    assert view.status == "cancelled"
    assert Invoice.objects.get(kind="renewal").status == "void"
    assert actions.renew_due(at=DUE + 2 * DAY) == RenewalRun()


def test_case_041_cancelling_between_the_claim_and_the_charge_stops_the_charge(
    paper, row
):
    from broadsheet.business.subscriptions.actions import renewing

    claimed = renewing._claim(DUE, 10)
    (made,) = renewing._prepare_all(claimed, queries.Prices(), DUE)
    actions.cancel(
        reader=paper.reader, subscription_id=row.pk, reason="", at=DUE + DAY / 24
    )
    assert renewing._collect(made, DUE + DAY / 24) == "unknown"
    assert (paper.charges(), fresh(row).status) == (1, "cancelled")


def test_case_092_a_charge_that_lands_after_the_end_goes_back(paper, row):
    paper.gateway.control("faults", kind="lost_response")
    actions.renew_due(at=DUE)
    actions.cancel(
        reader=paper.reader, subscription_id=row.pk, reason="", at=DUE + DAY / 24
    )
    paper.said()
    payments.reconcile(at=DUE + DAY / 12)
    assert [type(event) for event in paper.said()] == [CreditHeld]
    assert actions.return_credits(at=DUE + DAY / 12) == 1
    assert paper.balances()["gateway"] == 90_000
    assert books.check() == ()


def test_case_007_012_after_forty_days_without_a_worker_one_period_is_charged(
    paper, at
):
    catalogue.open_plan(code="monthly", name="Monthly", features=["news"], at=at)
    catalogue.price(
        plan_code="monthly", price=Money(29_900, "INR"), term=Term(1, "month"), at=at
    )
    page = paper.begin("monthly", quoted=29_900)
    paper.pay(page)
    actions.conclude(page.id, at=at)
    due = Subscription.objects.get().paid_through
    late = due + 40 * DAY
    assert actions.renew_due(at=late).renewed == 1
    assert actions.renew_due(at=late) == RenewalRun()
    row = Subscription.objects.get()
    assert (row.k, row.period_start.isoformat(), row.period_end.isoformat()) == (
        2,
        "2026-10-03",
        "2026-11-03",
    )
    assert paper.charges() == 2


def test_case_085_a_new_price_is_not_charged_to_who_bought_the_old_one(paper, row, at):
    catalogue.price(
        plan_code="smart-quarterly",
        price=Money(120_000, "INR"),
        term=Term(3, "month"),
        at=at + DAY,
    )
    catalogue.retire(plan_code="smart-quarterly", at=at + 2 * DAY)
    assert actions.renew_due(at=DUE).renewed == 1
    assert queries.current(paper.reader, DUE).invoices[0].total == Money(90_000, "INR")


def test_case_046_facts_in_any_order_and_twice_end_the_same(paper, row):
    from broadsheet.business.payments.events import PaymentDeclined, PaymentSucceeded

    actions.renew_due(at=DUE)
    invoice = Invoice.objects.get(kind="renewal")
    payment = known.payment_for(str(invoice.pk))
    (attempt,) = known.attempts(payment.payment_id)
    succeeded = PaymentSucceeded(
        payment.payment_id, str(invoice.pk), 90_000, "INR", DUE, attempt.attempt_id
    )
    declined = PaymentDeclined(
        payment.payment_id, str(invoice.pk), "card_declined", False, attempt.attempt_id
    )
    before, books_before = Subscription.objects.values().get(), paper.balances()
    for event, handler in (
        (succeeded, actions.on_payment_succeeded),
        (declined, actions.on_payment_declined),
        (declined, actions.on_payment_declined),
        (succeeded, actions.on_payment_succeeded),
    ):
        handler(event, DUE)
    assert Subscription.objects.values().get() == before
    assert paper.balances() == books_before
