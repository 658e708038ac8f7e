"""What the books hear of subscriptions, and what the command line says of the books."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner

from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import queries as payments
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.events import Paused, Resumed
from broadsheet.kit.money import Money
from broadsheet.main import hearers
from broadsheet.main.cli.ledger import ledger as command


def days_of(paper) -> list[date]:
    view = queries.current(paper.reader, paper.at)
    return [day for day, _ in books.revenue_by_day(view.invoices[0].id)]


@pytest.mark.process
def test_a_paused_reader_earns_us_nothing_until_she_is_back(paper, at):
    row = paper.buy()
    asked = {"reader": paper.reader, "subscription_id": row.pk}
    actions.pause(**asked, starts=date(2026, 8, 10), resumes=date(2026, 9, 9), at=at)
    (paused,) = paper.said(Paused)
    hearers.pause_delivery(paused, at)
    days = days_of(paper)
    assert (days[0], days[-1], len(days)) == (date(2026, 8, 3), date(2026, 12, 2), 92)
    assert not [day for day in days if date(2026, 8, 10) <= day < date(2026, 9, 9)]
    actions.resume(**asked, at=at + timedelta(days=1))
    (resumed,) = paper.said(Resumed)
    hearers.resume_delivery(resumed, at + timedelta(days=1))
    days = days_of(paper)
    assert (days[0], days[-1], len(days)) == (date(2026, 8, 3), date(2026, 11, 2), 92)
    assert books.check(payments.held()) == ()


@pytest.mark.process
def test_i6_what_is_captured_is_what_the_books_hold(paper, at):
    paper.buy()
    assert CliRunner().invoke(command, ["check"]).output == "0 findings.\n"
    ((invoice, minor),) = payments.held().items()
    assert minor == 90_000
    ledger.give_back(
        invoice_id=invoice, reference="by-hand", amount=Money(100, "INR"), at=at
    )
    result = CliRunner().invoke(command, ["check", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.output) == [
        {
            "invariant": "I6 the books hold what was captured",
            "subject": str(invoice),
            "message": "captured 90000, posted 89900",
        }
    ]


@pytest.mark.django_db
def test_the_command_line_shows_a_trial_balance_at_any_day(paid, at):
    paid()

    def ask(*words):
        return json.loads(CliRunner().invoke(command, [*words, "--json"]).output)

    assert ask("trial-balance", "--at", "2026-08-02") == []
    assert {row["account"]: row["minor"] for row in ask("trial-balance")} == {
        "gateway": 90_000,
        "receivable": 0,
        "deferred_revenue": -76_272,
        "output_cgst": -6_864,
        "output_sgst": -6_864,
    }
    (line,) = ask("statement", "gateway", "--since", "2026-08-03")
    assert (line["minor"], line["balance_minor"]) == (90_000, 90_000)
    plain = CliRunner().invoke(command, ["trial-balance"]).output
    assert "₹900.00" in plain


@pytest.mark.django_db
def test_an_account_that_the_chart_does_not_know_is_refused():
    result = CliRunner().invoke(command, ["statement", "cash", "--since", "2026-01-01"])
    assert result.exit_code == 1
    assert result.output == "Error: The chart has no account 'cash'.\n"


@pytest.mark.django_db
def test_a_closing_is_the_ground_on_which_a_trial_balance_stands(paid, at):
    paid()
    before = books.trial_balance()
    ledger.close_books(until=at + timedelta(hours=1))
    assert books.trial_balance() == before
    later = datetime(2026, 9, 1, tzinfo=UTC)
    paid(at=later)
    assert books.trial_balance(at) == before
    assert dict(books.trial_balance())["gateway"] == Money(180_000, "INR")
