"""Cases 30, 37, 42, 120, 121, 123 and 124: what goes wrong at night, and the dry run."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from django.apps import apps
from django.db import connection, transaction

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as known
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.actions import RenewalRun, renewing
from broadsheet.business.subscriptions.models import (
    RenewalPolicy,
    RenewalTry,
    Subscription,
)
from broadsheet.kit.money import Money
from broadsheet.main.cli import main

pytestmark = pytest.mark.process

DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def many(paper, row, django_user_model):
    """Four subscribers, all due at once."""
    for n in range(3):
        reader = django_user_model.objects.create_user(f"r{n}@example.com").public_id
        page = paper.begin(reader=reader)
        paper.pay(page)
        actions.conclude(page.id, at=paper.at)
    paper.said()
    return list(Subscription.objects.order_by("pk"))


def at_the_gateway(paper) -> int:
    """How much the gateway itself says that it has taken, in paise."""
    with sqlite3.connect(paper.gateway.store) as store:
        references = {str(i.id) for s in Subscription.objects.all()
                      for i in books.invoices(s.pk)}  # fmt: skip
        found = store.execute(
            "SELECT reference, amount FROM payments WHERE status = 'succeeded'"
        )
        return sum(amount for reference, amount in found if reference in references)


def test_case_030_a_crash_between_the_claim_and_the_call_sends_the_same_key(paper, row):
    claimed = renewing._claim(DUE, 10)
    (made,) = renewing._prepare_all(claimed, queries.Prices(), DUE)
    # The worker dies here. Another finds the lease over.
    assert actions.renew_due(at=DUE + timedelta(minutes=14)) == RenewalRun()
    assert actions.renew_due(at=DUE + timedelta(minutes=15)).renewed == 1
    assert RenewalTry.objects.get().key == made.key
    assert at_the_gateway(paper) == 180_000


def test_a_crash_right_after_the_claim_leaves_nothing_but_a_lease(paper, row):
    assert renewing._claim(DUE, 10) == [row.pk]
    assert RenewalTry.objects.count() == 0
    assert actions.renew_due(at=DUE + timedelta(minutes=15)).renewed == 1


def test_a_claim_is_two_statements_however_many_are_due(
    many, django_assert_num_queries
):
    with django_assert_num_queries(4):  # And the transaction's own two.
        assert len(renewing._claim(DUE, 500)) == 4


def test_case_037_what_was_unknown_and_then_declined_is_tried_again(paper, row):
    paper.gateway.control("faults", kind="lost_response")
    paper.gateway.control("faults", kind="decline_soft")
    assert actions.renew_due(at=DUE).unknown == 1
    assert Subscription.objects.get().status == "active"
    payments.reconcile(at=DUE + timedelta(minutes=6))
    after = Subscription.objects.get()
    assert (after.status, after.failures) == ("past_due", 1)
    assert actions.renew_due(at=after.retry_at).renewed == 1
    assert at_the_gateway(paper) == 180_000


def test_case_042_renewals_can_be_switched_off(paper, row):
    RenewalPolicy.objects.create(renewals_on=False)
    assert actions.renew_due(at=DUE) == RenewalRun()
    assert list(queries.dry_run(DUE)) == []
    assert Subscription.objects.get().lease_until is None
    RenewalPolicy.objects.update(renewals_on=True)
    assert actions.renew_due(at=DUE).renewed == 1


def test_case_120_six_hours_without_a_gateway_shut_nobody_out(paper, many):
    paper.gateway.kill()
    try:
        assert actions.renew_due(at=DUE) == RenewalRun(claimed=4, unknown=4)
    finally:
        paper.gateway.start()
    assert {s.status for s in Subscription.objects.all()} == {"active"}
    later = DUE + timedelta(hours=6)
    assert actions.renew_due(at=later) == RenewalRun(claimed=4, renewed=4)
    assert at_the_gateway(paper) == 8 * 90_000
    assert books.check() == ()


def test_case_121_one_that_cannot_be_prepared_does_not_keep_the_others(paper, many):
    poison = many[1]
    with connection.cursor() as cursor:  # No verb makes such a row.
        cursor.execute(
            "UPDATE subscriptions_subscription SET anchor_tz = 'Mars/Olympus'"
            " WHERE id = %s",
            [poison.pk],
        )
    run = actions.renew_due(at=DUE)
    assert run == RenewalRun(claimed=4, renewed=3, unknown=1)
    assert Subscription.objects.get(pk=poison.pk).k == 0


def test_case_123_after_a_restore_nobody_is_charged_again(paper, many):
    backup = take_backup()
    assert actions.renew_due(at=DUE).renewed == 4
    restore(backup)
    assert {s.k for s in Subscription.objects.all()} == {0}
    assert paper.balances()["gateway"] == 4 * 90_000

    assert actions.renew_due(at=DUE + timedelta(hours=1)).renewed == 4
    assert at_the_gateway(paper) == paper.balances()["gateway"] == 8 * 90_000
    assert {s.k for s in Subscription.objects.all()} == {1}
    assert known.stuck() == ()
    assert books.check() == ()


def tables():
    labels = ("subscriptions", "payments", "ledger", "catalogue", "plumbing")
    return [
        model._meta.db_table
        for label in labels
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]


def take_backup():
    names = tables()
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f'CREATE TEMP TABLE "backup_{name}" AS TABLE "{name}"')
    return names


def restore(names):
    """Set the database back, as from a backup: no trigger has a say in it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name in names:
            cursor.execute(f'DELETE FROM "{name}"')
            cursor.execute(f'INSERT INTO "{name}" TABLE "backup_{name}"')
            cursor.execute(f'DROP TABLE "backup_{name}"')


def test_case_124_a_dry_run_is_the_run(paper, many):
    foreseen = list(queries.dry_run(DUE))
    assert {(w.amount, w.how, w.why, w.period_index) for w in foreseen} == {
        (Money(90_000, "INR"), "card", "same", 1)
    }
    before = list(Subscription.objects.order_by("pk").values())
    assert list(queries.dry_run(DUE)) == foreseen
    assert list(Subscription.objects.order_by("pk").values()) == before
    actions.renew_due(at=DUE)
    charged = {
        (invoice.subscription_ref, invoice.total, invoice.lines[0].period_start)
        for one in many
        for invoice in books.invoices(one.pk)
        if invoice.kind == "renewal" and invoice.status == "paid"
    }
    assert charged == {(w.subscription_id, w.amount, w.starts) for w in foreseen}
    assert list(queries.dry_run(DUE)) == []


def test_the_command_foretells_in_words_and_in_json(paper, row):
    said = CliRunner().invoke(main, ["renew", "--dry-run", "--at", DUE.isoformat()])
    assert said.exit_code == 0, said.output
    line, total = said.output.splitlines()
    assert line == (
        f"{row.pk}  smart-quarterly  2026-11-03 to 2027-02-03  ₹900  card  same"
    )
    assert total == "1 would be renewed. ₹900"
    said = CliRunner().invoke(
        main, ["renew", "--dry-run", "--json", "--at", "2026-11-03T00:00+05:30"]
    )
    assert json.loads(said.output) == {
        "subscription": str(row.pk), "reader": str(paper.reader),
        "plan": "smart-quarterly", "period_index": 1, "starts": "2026-11-03",
        "ends": "2027-02-03", "minor": 90_000, "currency": "INR", "how": "card",
        "why": "same",
    }  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ["--at", "2026-11-03T00:00+05:30"],
        ["--dry-run", "--at", "soon"],
        ["--dry-run", "--at", "2026-11-03T00:00"],
    ],
)
def test_the_command_refuses_what_it_cannot_mean(paper, row, words):
    assert CliRunner().invoke(main, ["renew", *words]).exit_code == 2
    assert paper.charges() == 1
