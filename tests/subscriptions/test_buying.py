from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.models import Invoice
from broadsheet.business.payments import queries as payments
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.events import (
    CreditHeld,
    Granted,
    GrantEnded,
    Started,
)
from broadsheet.business.subscriptions.models import (
    Checkout,
    HeldCredit,
    Subscription,
    SubscriptionEvent,
)
from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money
from tests import gateway_process as cards

pytestmark = pytest.mark.process

FEATURES = ["news", "adfree", "epaper", "archive", "vertical:smart-investor"]
PAID_THROUGH = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)  # 3 November, 00:00 in Mumbai.
BOOKS_OF_ONE_QUARTER = {
    "gateway": 90_000,
    "deferred_revenue": -76_272,
    "output_cgst": -6_864,
    "output_sgst": -6_864,
}


def test_a_purchase_from_the_first_click_to_the_last_page(paper, at):
    page = paper.begin()
    assert page.pay_at.startswith(paper.gateway.url)
    assert actions.conclude(page.id, at=at).status == "abandoned"
    assert (paper.told, paper.balances()) == ([], {})

    assert paper.pay(page).status_code == 303
    state = actions.conclude(page.id, at=at)

    assert (state.status, state.return_path) == ("active", "/politics/budget-1/")
    row = Subscription.objects.get()
    assert paper.told == [
        *(
            Granted(paper.reader, feature, at, PAID_THROUGH + timedelta(hours=24),
                    f"subscription:{row.pk}")
            for feature in FEATURES
        ),
        Started(row.pk, paper.reader),
    ]  # fmt: skip
    assert paper.balances() == BOOKS_OF_ONE_QUARTER
    assert paper.kinds(row) == ["begun", "started"]
    view = queries.current(paper.reader, at)
    assert (view.plan_name, view.status, view.price) == (
        "Smart Quarterly",
        "active",
        Money(90_000, "INR"),
    )
    assert view.renews_on == PAID_THROUGH
    assert view.paid_through == PAID_THROUGH - timedelta(seconds=1)
    assert (view.ends_on, view.cancel_at_period_end) == (None, False)
    (invoice,) = view.invoices
    assert (invoice.number, invoice.description) == (
        "BS/26-27/000001",
        "Smart Quarterly",
    )
    assert books.check({invoice.id: 90_000}) == ()


def test_looking_again_changes_nothing(paper, at):
    page = paper.begin()
    paper.pay(page)
    states = {actions.conclude(page.id, at=at) for _ in range(3)}
    paper.hear()
    assert [state.status for state in states] == ["active"]
    assert paper.balances() == BOOKS_OF_ONE_QUARTER
    assert len(paper.said(Started)) == 1


def test_case_019_a_webhook_alone_starts_the_subscription(paper, at):
    page = paper.begin()
    paper.pay(page)
    paper.hear()
    assert Subscription.objects.get().status == "active"
    assert paper.balances() == BOOKS_OF_ONE_QUARTER
    assert queries.checkout(page.id).status == "active"


def test_case_039_a_payment_that_waits_for_a_bank_is_pending_until_it_is_not(paper, at):
    page = paper.begin()
    paper.pay(page, cards.PENDS)
    assert actions.conclude(page.id, at=at).status == "pending"
    assert (paper.told, paper.balances()) == ([], {})
    (attempt,) = payments.attempts(paper.payment_of(page))
    paper.gateway.control(f"payments/{attempt.provider_ref}/settle", status="succeeded")
    assert actions.conclude(page.id, at=at).status == "active"


def test_case_021_a_second_tab_with_the_same_plan_is_the_same_payment(paper):
    first = paper.begin(key="one", return_path="/a/")
    second = paper.begin(key="two", return_path="/b/")
    assert second == first
    assert queries.checkout(first.id).return_path == "/b/"


def test_case_022_another_plan_replaces_the_unpaid_one(paper, at):
    first = paper.begin("smart-quarterly")
    second = paper.begin("super-saver")
    assert actions.conclude(first.id, at=at).status == "abandoned"
    # The first page takes no money any more.
    paper.pay(second)
    assert actions.conclude(second.id, at=at).status == "active"
    assert payments.payment(paper.payment_of(first)).status == "declined"
    assert sorted(Subscription.objects.values_list("status", flat=True)) == [
        "active",
        "incomplete_expired",
    ]
    assert paper.balances()["gateway"] == 390_000
    assert books.check() == ()


def test_case_022_what_was_paid_after_all_is_seen_before_another_plan_is_begun(
    paper, at
):
    page = paper.begin("smart-quarterly")
    paper.pay(page)
    with pytest.raises(actions.AlreadySubscribed):
        paper.begin("super-saver")
    assert Subscription.objects.get().status == "active"
    assert paper.balances() == BOOKS_OF_ONE_QUARTER


def test_case_018_a_payment_that_comes_too_late_goes_back_once(paper, at):
    page = paper.begin()
    paper.pay(page, cards.PENDS)
    row = Subscription.objects.get()
    with transaction.atomic():  # An operator gives the checkout up while it pends.
        from broadsheet.business.subscriptions.actions import expiring

        expiring.abandon(row, "given up", at)
    (attempt,) = payments.attempts(paper.payment_of(page))
    paper.gateway.control(f"payments/{attempt.provider_ref}/settle", status="succeeded")
    paper.hear()

    held = paper.said(Granted, Started, CreditHeld)
    assert [(type(event), event.minor) for event in held] == [(CreditHeld, 90_000)]
    assert paper.balances() == {"gateway": 90_000, "customer_credit": -90_000}
    assert [actions.return_credits(at=at) for _ in range(3)] == [1, 0, 0]
    paper.hear()
    assert paper.balances() == {}
    refunded = payments.payment(paper.payment_of(page)).refunded
    assert refunded == Money(90_000, "INR")
    assert HeldCredit.objects.get().returned_at == at
    assert Subscription.objects.get().status == "incomplete_expired"
    assert books.check() == ()


def test_a_stale_quote_is_refused_and_names_the_new_price(paper, at):
    later = at + timedelta(days=1)
    catalogue.price(
        plan_code="smart-quarterly", price=Money(99_900, "INR"), term=Term(3, "month"),
        at=later,
    )  # fmt: skip
    with pytest.raises(actions.StaleQuote) as refused:
        paper.begin(at=later)
    assert refused.value.offer.price == Money(99_900, "INR")
    assert (Subscription.objects.count(), Invoice.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"plan": "smart-hourly"}, actions.NoSuchPlan),
        ({"quoted": 0}, actions.StaleQuote),
        ({"quoted": -90_000}, actions.StaleQuote),
        ({"quoted": 10**30}, actions.StaleQuote),
        ({"key": "k" * 101}, actions.BadRequest),
    ],
)
def test_a_wrong_request_moves_nothing(paper, changes, error):
    with pytest.raises(error):
        paper.begin(**changes)
    assert (Subscription.objects.count(), Checkout.objects.count()) == (0, 0)
    assert (paper.told, paper.balances()) == ([], {})


def test_a_subscriber_does_not_subscribe_again(paper, at):
    paper.buy()
    with pytest.raises(actions.AlreadySubscribed):
        paper.begin("super-saver")
    assert Subscription.objects.count() == 1


def test_the_database_itself_refuses_a_second_open_subscription(paper, at):
    row = paper.buy()
    with pytest.raises(IntegrityError), transaction.atomic():
        Subscription.objects.create(
            id=uuid4(), reader_id=paper.reader, plan_version_id=row.plan_version_id,
            status="incomplete", anchor_tz="Asia/Kolkata", made_at=at,
        )  # fmt: skip


def test_case_017_a_checkout_left_for_23_hours_is_over_and_burns_no_number(paper, at):
    page = paper.begin()
    almost, over = at + timedelta(hours=22), at + timedelta(hours=23)
    assert actions.expire_checkouts(at=almost) == 0
    assert actions.expire_checkouts(at=over) == 1
    assert actions.expire_checkouts(at=over) == 0
    assert queries.checkout(page.id).status == "abandoned"
    assert Invoice.objects.get().status == "void"
    assert payments.payment(paper.payment_of(page)).status == "declined"
    assert (paper.told, paper.balances()) == ([], {})
    # She may come back, and the first number is still free.
    paper.buy(at=over)
    assert queries.current(paper.reader, over).invoices[0].number == "BS/26-27/000001"


def test_a_checkout_that_was_paid_in_the_last_minute_is_not_expired(paper, at):
    page = paper.begin()
    paper.pay(page)
    over = at + timedelta(hours=23)
    assert actions.expire_checkouts(at=over) == 0
    assert Subscription.objects.get().status == "active"


def test_case_015_who_pays_after_midnight_gets_her_days_from_then(paper, at):
    page = paper.begin()
    paper.pay(page)
    tomorrow = at + timedelta(hours=20)
    actions.conclude(page.id, at=tomorrow)
    line = queries.current(paper.reader, tomorrow).invoices[0].lines[0]
    assert (line.period_start.isoformat(), line.period_end.isoformat()) == (
        "2026-08-04",
        "2026-11-04",
    )
    row = Subscription.objects.get()
    assert (row.anchor_date, row.period_end) == (line.period_start, line.period_end)


def test_a_gateway_that_is_down_is_said_and_the_same_call_goes_on(paper, at):
    paper.gateway.kill()
    try:
        with pytest.raises(actions.PaymentUnavailable):
            paper.begin(key="one")
    finally:
        paper.gateway.start()
    assert (paper.told, paper.balances()) == ([], {})
    page = paper.begin(key="one")
    paper.pay(page)
    assert actions.conclude(page.id, at=at).status == "active"
    assert (Subscription.objects.count(), paper.charges()) == (1, 1)


def test_history_is_append_only_and_folds_to_the_status(paper, at):
    from broadsheet.business.subscriptions import rules

    row = paper.buy()
    kinds = [rules.Kind(kind) for kind in paper.kinds(row)]
    assert rules.fold(kinds) == row.status == "active"
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        SubscriptionEvent.objects.update(kind="lapsed")
    assert not paper.said(GrantEnded)


def test_an_unknown_checkout_is_named_so(paper, at):
    with pytest.raises(actions.NoSuchCheckout):
        actions.conclude(uuid4(), at=at)
