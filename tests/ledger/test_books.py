from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from broadsheet.business.ledger import actions, queries
from broadsheet.business.ledger.actions import Line
from broadsheet.business.ledger.models import Entry, Transaction
from broadsheet.business.ledger.rules import CHART
from broadsheet.kit.money import Money

pytestmark = pytest.mark.django_db


def lines(*amounts: tuple[str, int], currency: str = "INR") -> list[Line]:
    return [Line(account, Money(minor, currency)) for account, minor in amounts]


SALE = lines(("gateway", 900), ("deferred_revenue", -763), ("output_igst", -137))


def test_a_post_moves_each_account(at):
    actions.post(SALE, reference="sale:1", memo="A sale", at=at)
    assert queries.trial_balance() == (
        ("gateway", Money(900, "INR")),
        ("deferred_revenue", Money(-763, "INR")),
        ("output_igst", Money(-137, "INR")),
    )
    assert queries.check() == ()


def test_a_reference_is_posted_once(at):
    first = actions.post(SALE, reference="sale:1", memo="A sale", at=at)
    again = actions.post(SALE, reference="sale:1", memo="A sale", at=at)
    assert again == first
    with pytest.raises(actions.ReferenceReused):
        actions.post(SALE[::-1], reference="sale:1", memo="A sale", at=at)
    assert queries.balance("gateway", "INR") == Money(900, "INR")


def test_a_reversal_undoes_once(at):
    actions.post(SALE, reference="sale:1", memo="A sale", at=at)
    for _ in range(2):
        actions.reverse(reference="sale:1", memo="A mistake", at=at)
    assert [money.minor for _, money in queries.trial_balance()] == [0, 0, 0]
    assert Transaction.objects.count() == 2


def test_a_transaction_is_in_one_currency(at):
    two = lines(("bank", 5), ("gateway", -5)) + lines(
        ("bank", 7), ("gateway", -7), currency="USD"
    )
    with pytest.raises(actions.TwoCurrencies):
        actions.post(two, reference="two", memo="Two", at=at)
    assert Transaction.objects.count() == 0


@pytest.mark.parametrize("change", [{"amount_minor": 1}, {"account": "bank"}])
def test_the_database_refuses_to_edit_an_entry(at, change):
    actions.post(SALE, reference="sale:1", memo="A sale", at=at)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Entry.objects.filter(account="gateway").update(**change)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Transaction.objects.update(memo="Another")
    with (
        pytest.raises(IntegrityError, match="append-only"),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM ledger_entry")


def write_by_hand(at, amounts, size):
    row = Transaction.objects.create(
        id=uuid4(), reference=str(uuid4()), memo="By hand", at=at, size=size
    )
    for position, (account, minor, currency) in enumerate(amounts):
        Entry.objects.create(
            transaction=row,
            position=position,
            account=account,
            amount_minor=minor,
            currency=currency,
        )
    return row


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "amounts",
    [
        [],
        [("bank", 5, "INR"), ("gateway", -4, "INR")],
        [("bank", 5, "INR"), ("gateway", -5, "USD")],
        # Each currency balances, but a transaction is in one.
        [
            ("bank", 5, "INR"),
            ("gateway", -5, "INR"),
            ("bank", 7, "USD"),
            ("gateway", -7, "USD"),
        ],
    ],
)
def test_the_database_refuses_what_does_not_balance(at, amounts):
    with pytest.raises(IntegrityError), transaction.atomic():
        write_by_hand(at, amounts, len(amounts))
    assert Transaction.objects.count() == Entry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_entries_that_come_late_even_if_they_balance(at):
    with transaction.atomic():
        row = write_by_hand(at, [("bank", 5, "INR"), ("gateway", -5, "INR")], 2)
    with pytest.raises(IntegrityError, match="written with 2"), transaction.atomic():
        for position, minor in ((2, 7), (3, -7)):
            Entry.objects.create(
                transaction=row, position=position, account="bank", amount_minor=minor,
                currency="INR",
            )  # fmt: skip
    assert Entry.objects.count() == 2


@pytest.mark.parametrize(("account", "minor"), [("petty_cash", 5), ("bank", 0)])
def test_the_database_knows_the_chart_and_refuses_empty_entries(at, account, minor):
    with pytest.raises(IntegrityError), transaction.atomic():
        write_by_hand(at, [(account, minor, "INR")], 1)


moves = st.tuples(
    st.sampled_from(["INR", "USD"]),
    st.lists(
        st.tuples(
            st.sampled_from(sorted(CHART)), st.integers(-(10**9), 10**9).filter(bool)
        ),
        min_size=1,
        max_size=5,
    ),
)


@given(st.lists(moves, min_size=1, max_size=6))
@hypothesis_settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_random_posts_always_balance_and_fold_to_their_sums(at, posts):
    with transaction.atomic():
        expected: dict[tuple[str, str], int] = {}
        for number, (currency, post) in enumerate(posts):
            # Each move is answered by its opposite on the bank.
            both = [*post, *(("bank", -n) for _, n in post)]
            actions.post(
                lines(*both, currency=currency),
                reference=f"post:{number}",
                memo="Random",
                at=at + timedelta(hours=number),
            )
            for account, minor in both:
                key = (account, currency)
                expected[key] = expected.get(key, 0) + minor
        found = {
            (a, money.currency): money.minor for a, money in queries.trial_balance()
        }
        assert found == expected
        assert {
            c: sum(n for (_, k), n in found.items() if k == c) for _, c in found
        } == {c: 0 for _, c in found}
        middle = at + timedelta(hours=len(posts) // 2)
        before = {key: queries.balance(*key).minor for key in expected}
        actions.close_books(until=middle)
        assert (
            {key: queries.balance(*key).minor for key in expected} == before == expected
        )
        assert queries.check() == ()
        transaction.set_rollback(True)


def test_closed_books_take_nothing_older(at):
    actions.post(SALE, reference="sale:1", memo="A sale", at=at)
    actions.close_books(until=at + timedelta(hours=1))
    with pytest.raises(actions.BooksClosed):
        actions.post(SALE, reference="sale:2", memo="A sale", at=at)
    actions.post(SALE, reference="sale:3", memo="A sale", at=at + timedelta(hours=1))
    assert queries.balance("gateway", "INR") == Money(1800, "INR")
    early = queries.balance("gateway", "INR", until=at + timedelta(hours=1))
    assert early == Money(900, "INR")


def test_a_statement_shows_the_balance_after_each_line(at):
    for day in range(3):
        when = at + timedelta(days=day)
        actions.post(SALE, reference=f"sale:{day}", memo=f"Day {day}", at=when)
    lines = queries.statement(
        "gateway", "INR", since=at + timedelta(days=1), until=at + timedelta(days=9)
    )
    assert [(line.memo, line.amount.minor, line.balance.minor) for line in lines] == [
        ("Day 1", 900, 1800),
        ("Day 2", 900, 2700),
    ]


def test_the_check_finds_a_balance_that_was_tampered_with(at):
    actions.post(SALE, reference="sale:1", memo="A sale", at=at)
    actions.close_books(until=at + timedelta(hours=1))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_entry DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE ledger_entry SET amount_minor = 901 WHERE account = 'gateway'"
        )
        cursor.execute("ALTER TABLE ledger_entry ENABLE TRIGGER USER")
    found = queries.check()
    assert [finding.invariant[:2] for finding in found] == ["I1", "I2"]
    assert found[0].subject == "sale:1"
    assert found[0].message == "off by 1 INR"
