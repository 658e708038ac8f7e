"""Cases 91 and 94: leaving at once, and what goes back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import actions as payments
from broadsheet.business.subscriptions import actions, queries, rules
from broadsheet.business.subscriptions.events import (
    CancelledNow,
    Granted,
    GrantEnded,
)
from broadsheet.business.subscriptions.models import HeldCredit
from broadsheet.kit.money import Money

pytestmark = pytest.mark.process

DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "days", "back"),
    [
        (date(2026, 8, 3), 92, 90_000),  # The day that she joined: all of it.
        (date(2026, 8, 4), 91, 89_022),  # 90 000 * 91/92 = 89 021.74
        (date(2026, 9, 18), 46, 45_000),
        (date(2026, 11, 2), 1, 978),  # 978.26
    ],
)
def test_case_091_leaving_at_once_gives_back_the_days_that_are_left(
    paper, row, hers, fresh, day, days, back
):
    now = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    quote = hers("quote_refund", now)
    assert (quote.back, quote.days, quote.of) == (Money(back, "INR"), days, 92)

    view = hers("cancel_now", now, quoted_minor=back, reason="Moving abroad")

    assert (view.status, fresh().paid_through, fresh().ended_at) == (
        "cancelled",
        now,
        now,
    )
    assert paper.said() == [
        GrantEnded(f"subscription:{row.pk}", now),
        CancelledNow(row.pk, paper.reader, back, "INR"),
    ]
    assert paper.kinds(row) == ["begun", "started", "cancelled_now"]
    assert [actions.return_credits(at=now) for _ in range(2)] == [1, 0]
    (note,) = books.credit_notes(invoice_of(row))
    assert (note.total, note.reason) == (Money(back, "INR"), "days given up")
    left = paper.balances()
    assert left.pop("gateway", 0) == 90_000 - back == -sum(left.values())
    assert {"refunds", "customer_credit", "receivable"}.isdisjoint(left)
    assert books.check() == ()
    assert queries.current(paper.reader, now) is None
    assert actions.renew_due(at=DUE) == actions.RenewalRun()


def test_a_stale_refund_is_refused_and_nothing_moves(paper, row, hers, fresh, at):
    before = fresh().row_version
    with pytest.raises(actions.StaleRefund) as refused:
        hers("cancel_now", at + DAY, quoted_minor=90_000, reason="")
    assert refused.value.quote.back == Money(89_022, "INR")
    assert (paper.said(), fresh().row_version) == ([], before)


@pytest.mark.parametrize("quoted", [-1, 0, 10**30])
def test_a_wrong_refund_is_refused_and_nothing_moves(paper, row, hers, at, quoted):
    with pytest.raises(actions.StaleRefund):
        hers("cancel_now", at, quoted_minor=quoted, reason="")
    assert HeldCredit.objects.count() == 0


def test_leaving_twice_gives_back_once(paper, row, hers, at):
    hers("cancel_now", at, quoted_minor=90_000, reason="")
    with pytest.raises(actions.TooLate):
        hers("cancel_now", at, quoted_minor=90_000, reason="")
    assert HeldCredit.objects.count() == 1


def test_leaving_at_once_after_having_cancelled_gives_the_rest_back(
    paper, row, hers, at
):
    hers("cancel", at, reason="")
    hers("cancel_now", at + DAY, quoted_minor=89_022, reason="")
    assert paper.kinds(row)[-2:] == ["cancel_asked", "cancelled_now"]


def test_a_refund_whose_answer_is_lost_is_made_once(paper, row, hers, at):
    hers("cancel_now", at, quoted_minor=90_000, reason="")
    paper.gateway.control("faults", kind="lost_response", on="refund")
    returned = [actions.return_credits(at=at) for _ in range(3)]
    assert returned in ([0, 1, 0], [1, 0, 0])
    paper.hear()
    assert paper.balances().get("gateway", 0) == 0


def test_case_094_leaving_while_past_due_voids_the_bill_and_owes_nothing(
    paper, row, hers, fresh
):
    paper.gateway.control("faults", kind="decline_soft")
    actions.renew_due(at=DUE)
    paper.said()
    now = DUE + DAY
    assert hers("quote_refund", now).back == Money(0, "INR")
    hers("cancel_now", now, quoted_minor=0, reason="")
    assert (fresh().status, fresh().due_at) == ("cancelled", None)
    assert [i.status for i in books.invoices(row.pk)] == ["void", "paid"]
    assert [type(e) for e in paper.said()] == [GrantEnded, CancelledNow]
    assert actions.renew_due(at=now + 3 * DAY) == actions.RenewalRun()
    assert HeldCredit.objects.count() == 0


def test_what_went_back_already_does_not_go_back_twice(paper, row, hers, at):
    (payment,) = {i.id for i in books.invoices(row.pk)}
    state = payments_of(payment)
    payments.refund(
        payment_id=state.payment_id,
        amount=Money(50_000, "INR"),
        idempotency_key="by-hand-1",
        at=at,
    )
    assert hers("quote_refund", at).back == Money(40_000, "INR")
    hers("cancel_now", at, quoted_minor=40_000, reason="")
    actions.return_credits(at=at)
    assert paper.balances().get("gateway", 0) == 0


def invoice_of(row):
    return books.invoices(row.pk)[0].id


def payments_of(invoice_id):
    from broadsheet.business.payments import queries as known

    return known.payment_for(str(invoice_id))


def test_nothing_is_granted_by_leaving(paper, row, hers, at):
    hers("cancel_now", at, quoted_minor=90_000, reason="")
    assert paper.said(Granted) == []


@given(
    st.integers(0, 10**9), st.integers(1, 1500), st.integers(0, 1500), st.integers(0, 9)
)
def test_a_share_is_the_exact_fraction_half_up(worth, of, days, _):
    days = min(days, of)
    exact = Fraction(worth * days, of)
    shared = rules.share(worth, days, of)
    assert abs(shared - exact) <= Fraction(1, 2)
    if abs(shared - exact) == Fraction(1, 2):
        assert shared > exact
    assert 0 <= shared <= worth
