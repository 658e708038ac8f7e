"""Cases 77 to 82 and 88: another plan, quoted before the click."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as known
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.events import (
    ChangeScheduled,
    Granted,
    GrantEnded,
    PlanChanged,
)
from broadsheet.business.subscriptions.models import ScheduledChange
from broadsheet.kit.calendar import Period, Term
from broadsheet.kit.money import Money
from tests import gateway_process as cards

pytestmark = pytest.mark.process

DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
DAY = timedelta(days=1)
COURTESY = timedelta(hours=24)
NOON = datetime(2026, 9, 18, 6, tzinfo=UTC)  # 46 of 92 days are left, today's with it.


def rupees(amount):
    return Money(amount * 100, "INR")


@pytest.fixture
def shop(paper, at):
    """A dearer quarter, which opens less, beside the founding plans."""
    catalogue.open_plan(
        code="premium-quarterly", name="Premium", features=["news", "epaper"], at=at
    )
    catalogue.price(
        plan_code="premium-quarterly", price=rupees(1_500), term=Term(3, "month"), at=at
    )


@pytest.fixture
def quoted(hers):
    def quote(code, at, **said):
        return hers("quote_change", at, plan_code=code, **said)

    return quote


@pytest.fixture
def switch(hers):
    def switch(quote, at):
        return hers("change", at, quote=quote.token, return_path="/account/")

    return switch


def half_up(exact: Fraction) -> int:
    return int(exact + Fraction(1, 2))


@pytest.mark.parametrize(
    ("day", "days"),
    [
        (date(2026, 8, 3), 92),
        (date(2026, 8, 4), 91),
        (date(2026, 9, 18), 46),
        (date(2026, 10, 7), 27),
        (date(2026, 11, 2), 1),
    ],
)
def test_case_077_an_upgrade_is_prorated_by_exact_fractions_of_whole_days(
    paper, shop, row, quoted, switch, fresh, day, days
):
    now = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    quote = quoted("premium-quarterly", now)
    credit = half_up(Fraction(90_000 * days, 92))
    debit = half_up(Fraction(150_000 * days, 92))
    assert (quote.when, quote.credit.minor, quote.debit.minor) == ("now", credit, debit)
    assert quote.charge == Money(debit - credit, "INR")
    assert (quote.period, quote.renews_at, quote.then) == (
        Period(day, date(2026, 11, 3)),
        DUE,
        rupees(1_500),
    )

    assert switch(quote, now) == actions.Changed("changed")

    changed = books.invoices(row.pk)[0]
    assert (changed.kind, changed.total, changed.status) == (
        "change",
        quote.charge,
        "paid",
    )
    assert paper.balances()["gateway"] == 90_000 + debit - credit
    after = fresh()
    assert (after.k, after.period_end, after.paid_through, after.worth_minor) == (
        0,
        date(2026, 11, 3),
        DUE,
        150_000,
    )
    said = paper.said()
    assert said[0] == GrantEnded(f"subscription:{row.pk}", now)
    assert {(e.feature, e.starts, e.ends) for e in said if isinstance(e, Granted)} == {
        ("news", row.started_at, DUE + COURTESY),
        ("epaper", row.started_at, DUE + COURTESY),
    }
    assert said[-1] == PlanChanged(
        row.pk, paper.reader, "premium-quarterly", changed.id
    )
    assert paper.kinds(row)[2:] == ["change_asked", "plan_changed"]
    assert actions.renew_due(at=DUE).renewed == 1
    assert books.invoices(row.pk)[0].total == rupees(1_500)
    assert books.check() == ()


def test_the_quote_says_the_whole_future_in_one_sentence(shop, row, quoted):
    quote = quoted("premium-quarterly", NOON)
    assert quote.sentence == (
        "You pay ₹300 today, and Premium begins at once. From 3 November 2026 on you"
        " pay ₹1,500 every 3 months."
    )
    assert [(line.text, line.amount) for line in quote.lines] == [
        ("Premium, 46 days", Money(75_000, "INR")),
        ("Smart Quarterly, 46 days not used", Money(-45_000, "INR")),
    ]


def test_a_second_click_charges_once(paper, shop, quoted, switch):
    quote = quoted("premium-quarterly", NOON)
    assert [switch(quote, NOON) for _ in range(3)] == 3 * [actions.Changed("changed")]
    assert (paper.charges(), ScheduledChange.objects.count()) == (2, 1)


@pytest.mark.parametrize(
    "later", [timedelta(minutes=30), timedelta(hours=13), timedelta(days=2)]
)
def test_a_stale_quote_is_refused_with_the_new_one(
    paper, shop, row, quoted, switch, fresh, later
):
    quote, before = quoted("premium-quarterly", NOON), fresh().row_version
    with pytest.raises(actions.StaleChange) as refused:
        switch(quote, NOON + later)
    assert refused.value.quote == quoted("premium-quarterly", NOON + later)
    assert (paper.charges(), fresh().row_version, paper.said()) == (1, before, [])


def test_a_quote_is_stale_once_the_price_has_changed(paper, shop, quoted, switch):
    quote = quoted("premium-quarterly", NOON)
    catalogue.price(
        plan_code="premium-quarterly",
        price=rupees(1_600),
        term=Term(3, "month"),
        at=NOON + timedelta(minutes=1),
    )
    with pytest.raises(actions.StaleChange):
        switch(quote, NOON + timedelta(minutes=2))
    assert paper.charges() == 1


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "\0" * 9, "é" * 5000])
def test_a_forged_quote_is_refused(paper, hers, token, row):
    with pytest.raises(actions.CannotChange, match="not ours"):
        hers("change", NOON, quote=token, return_path="/account/")


def test_a_quote_is_of_no_use_to_another(paper, shop, quoted, django_user_model):
    quote = quoted("premium-quarterly", NOON)
    other = django_user_model.objects.create_user("ravi@example.com").public_id
    page = paper.begin(reader=other)
    paper.pay(page)
    actions.conclude(page.id, at=paper.at)
    hers = queries.current(other, NOON)
    with pytest.raises(actions.StaleChange):
        actions.change(
            reader=other,
            subscription_id=hers.id,
            quote=quote.token,
            return_path="/",
            at=NOON,
        )


def test_case_078_a_downgrade_begins_when_the_paid_time_is_over(
    paper, row, hers, fresh, at
):
    hers_quote = hers("quote_change", NOON, plan_code="super-saver")
    assert hers_quote.when == "now"
    assert hers(
        "change", NOON, quote=hers_quote.token, return_path="/"
    ) == actions.Changed("changed")
    end = datetime(2028, 9, 17, 18, 30, tzinfo=UTC)
    assert fresh().paid_through == end
    paper.said()

    later = NOON + 30 * DAY
    quote = hers("quote_change", later, plan_code="smart-quarterly")
    assert (quote.when, quote.charge, quote.lines, quote.renews_at) == (
        "later",
        rupees(0),
        (),
        end,
    )
    assert quote.sentence == (
        "You pay nothing today. Everything stays as it is until 18 September 2028;"
        " then Smart Quarterly begins, at ₹900 every 3 months."
    )
    before = paper.balances()
    assert hers("change", later, quote=quote.token, return_path="/") == actions.Changed(
        "scheduled"
    )
    assert paper.said() == [
        ChangeScheduled(row.pk, paper.reader, "smart-quarterly", end)
    ]
    assert paper.balances() == before
    view = queries.current(paper.reader, later)
    assert (view.plan_name, view.next_plan, view.next_charge) == (
        "Super Saver",
        "Smart Quarterly",
        rupees(900),
    )
    with pytest.raises(actions.ChangePending):
        hers("quote_change", later, plan_code="smart-essential")

    assert actions.renew_due(at=end).renewed == 1
    after = fresh()
    assert (after.period_start, after.period_end) == (
        date(2028, 9, 18),
        date(2028, 12, 18),
    )
    assert books.invoices(row.pk)[0].total == rupees(900)
    assert paper.kinds(row)[-2:] == ["plan_changed", "renewed"]
    assert books.check() == ()


def test_a_scheduled_change_can_be_withdrawn(paper, row, hers, fresh, at):
    monthly(at)
    quote = hers("quote_change", NOON, plan_code="monthly")
    hers("change", NOON, quote=quote.token, return_path="/")
    assert hers("withdraw_change", NOON).next_plan == ""
    with pytest.raises(actions.NothingScheduled):
        hers("withdraw_change", NOON)
    assert actions.renew_due(at=DUE).renewed == 1
    assert books.invoices(row.pk)[0].total == rupees(900)


def monthly(at):
    catalogue.open_plan(code="monthly", name="Monthly", features=["news"], at=at)
    catalogue.price(
        plan_code="monthly", price=rupees(299), term=Term(1, "month"), at=at
    )


@pytest.mark.parametrize("plan", ["premium-quarterly", "super-saver"])
def test_case_079_up_and_down_on_one_day_comes_to_nothing(
    paper, shop, row, quoted, switch, fresh, plan
):
    before = fresh()
    up = quoted(plan, NOON)
    switch(up, NOON)
    later = NOON + timedelta(hours=3)
    down = quoted("smart-quarterly", later)
    assert (down.when, down.charge, down.credit, down.debit) == (
        "back",
        Money(-up.charge.minor, "INR"),
        up.debit,
        up.credit,
    )
    assert switch(down, later) == actions.Changed("changed")
    assert switch(down, later) == actions.Changed("changed")
    assert actions.return_credits(at=later) == 1

    assert paper.balances()["gateway"] == 90_000
    (note,) = books.credit_notes(books.invoices(row.pk)[0].id)
    assert note.total == up.charge
    after = fresh()
    for name in ("plan_version_id", "period_start", "period_end", "paid_through",
                 "worth_minor", "worth_days"):  # fmt: skip
        assert getattr(after, name) == getattr(before, name), name
    assert paper.kinds(row)[2:] == ["change_asked", "plan_changed", "plan_changed"]
    assert actions.renew_due(at=DUE).renewed == 1
    assert (fresh().period_end, books.check()) == (date(2027, 2, 3), ())


def test_the_next_day_a_downgrade_is_a_downgrade(shop, row, quoted, switch):
    switch(quoted("premium-quarterly", NOON), NOON)
    assert quoted("smart-quarterly", NOON + DAY).when == "later"


def test_case_080_a_quarter_becomes_two_years_from_today(
    paper, row, quoted, switch, fresh
):
    quote = quoted("super-saver", NOON)
    assert (quote.credit, quote.debit, quote.charge) == (
        rupees(450),
        rupees(3_900),
        rupees(3_450),
    )
    switch(quote, NOON)
    after = fresh()
    assert (after.k, after.anchor_date, after.period_start, after.period_end) == (
        1,
        date(2026, 9, 18),
        date(2026, 9, 18),
        date(2028, 9, 18),
    )
    change, first = books.invoices(row.pk)
    assert (change.total, first.total) == (rupees(3_450), rupees(900))
    assert (change.lines[0].period_start, change.lines[0].period_end) == (
        date(2026, 9, 18),
        date(2028, 9, 18),
    )
    # Leaving right away gives back what the two years are worth, and no more.
    assert actions.quote_refund(
        reader=paper.reader, subscription_id=row.pk, at=NOON
    ).back == rupees(3_900)


@pytest.mark.parametrize("fault", ["decline_soft", "decline_hard"])
def test_case_081_an_upgrade_that_is_not_paid_leaves_the_plan(
    paper, shop, row, quoted, switch, fresh, fault
):
    before = fresh()
    paper.gateway.control("faults", kind=fault)
    quote = quoted("premium-quarterly", NOON)
    assert switch(quote, NOON) == actions.Changed("declined")
    after = fresh()
    assert (after.plan_version_id, after.status, after.due_at) == (
        before.plan_version_id,
        "active",
        DUE,
    )
    assert paper.said() == []
    assert books.invoices(row.pk)[0].status == "void"
    assert paper.kinds(row)[2:] == ["change_asked", "change_dropped"]
    # And she may try again.
    switch(quoted("premium-quarterly", NOON), NOON)
    assert paper.balances()["gateway"] == 120_000


def test_an_upgrade_whose_answer_is_lost_is_found_and_charged_once(
    paper, shop, row, quoted, switch, fresh
):
    paper.gateway.control("faults", kind="lost_response")
    quote = quoted("premium-quarterly", NOON)
    assert switch(quote, NOON).status == "pending"
    assert fresh().worth_minor == 90_000
    payments.reconcile(at=NOON + timedelta(minutes=6))
    assert (fresh().worth_minor, paper.charges()) == (150_000, 2)
    assert switch(quote, NOON) == actions.Changed("changed")


def test_an_upgrade_that_is_paid_after_it_was_dropped_goes_back(
    paper, shop, row, quoted, switch, hers, fresh
):
    paper.gateway.control("faults", kind="lost_response")
    switch(quoted("premium-quarterly", NOON), NOON)
    hers("cancel", NOON, reason="")
    payments.reconcile(at=NOON + timedelta(minutes=6))
    assert (fresh().worth_minor, paper.charges()) == (90_000, 2)
    assert actions.return_credits(at=NOON) == 1
    assert (paper.balances()["gateway"], books.check()) == (90_000, ())


def test_without_a_saved_card_she_pays_on_a_page(
    paper, shop, row, quoted, switch, fresh
):
    (method,) = known.methods(paper.reader)
    payments.forget_method(method.method_ref, at=NOON)
    quote = quoted("premium-quarterly", NOON)
    said = switch(quote, NOON)
    assert (said.status, said.pay_at) == ("pay", switch(quote, NOON).pay_at)
    paper.webhooks.clear()
    paper.gateway.pay(said.pay_at, cards.SUCCEEDS)
    paper.hear(at=NOON)
    assert switch(quote, NOON) == actions.Changed("changed")
    assert (fresh().worth_minor, paper.charges()) == (150_000, 2)


def test_a_page_that_nobody_pays_on_is_closed_after_an_hour(
    paper, shop, row, quoted, switch, fresh
):
    (method,) = known.methods(paper.reader)
    payments.forget_method(method.method_ref, at=NOON)
    switch(quoted("premium-quarterly", NOON), NOON)
    assert actions.expire_changes(at=NOON + timedelta(minutes=59)) == 0
    over = NOON + timedelta(hours=1)
    assert [actions.expire_changes(at=over) for _ in range(2)] == [1, 0]
    assert books.invoices(row.pk)[0].status == "void"
    assert quoted("premium-quarterly", over).when == "now"


def test_case_082_what_is_past_due_is_settled_before_it_is_changed(
    paper, shop, row, quoted
):
    paper.gateway.control("faults", kind="decline_soft")
    actions.renew_due(at=DUE)
    with pytest.raises(actions.CannotChange, match="settled first"):
        quoted("premium-quarterly", DUE + DAY)


def test_case_088_a_contract_keeps_its_currency(shop, row, quoted, at):
    catalogue.price(
        plan_code="premium-quarterly", price=Money(2_900, "USD"),
        term=Term(3, "month"), at=at,
    )  # fmt: skip
    with pytest.raises(actions.CurrencyFixed, match="INR"):
        quoted("premium-quarterly", NOON, currency="USD")


def test_what_cannot_be_changed_is_refused(paper, shop, row, quoted, hers, at):
    with pytest.raises(actions.CannotChange, match="already"):
        quoted("smart-quarterly", NOON)
    with pytest.raises(actions.NoSuchPlan):
        quoted("smart-hourly", NOON)
    hers("cancel", NOON, reason="")
    with pytest.raises(actions.CannotChange, match="cancelled"):
        quoted("premium-quarterly", NOON)
