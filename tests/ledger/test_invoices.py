from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from broadsheet.business.ledger import actions, queries
from broadsheet.business.ledger.models import Invoice, InvoiceLine, LineTax, Transaction
from broadsheet.kit.calendar import Period
from broadsheet.kit.money import Money

pytestmark = pytest.mark.django_db
RUPEES_900 = Money(90_000, "INR")


def settle(invoice, at, received=RUPEES_900, payment=None):
    return actions.settle(
        invoice.id, payment_ref=payment or uuid4(), received=received, at=at
    )


def balances() -> dict[str, int]:
    return {account: money.minor for account, money in queries.trial_balance()}


def test_an_open_invoice_has_no_number_and_moves_no_money(billed):
    invoice = billed()
    assert (invoice.status, invoice.number, invoice.total) == ("open", None, RUPEES_900)
    (line,) = invoice.lines
    assert line.taxable == Money(76_272, "INR")
    assert line.taxes == (
        ("CGST", 900, Money(6_864, "INR")),
        ("SGST", 900, Money(6_864, "INR")),
    )
    assert balances() == {}


def test_a_receipt_issues_the_invoice_and_posts_both(billed, at):
    result = settle(billed(), at)
    assert (result.paid_now, result.credit) == (True, Money(0, "INR"))
    assert (result.invoice.status, result.invoice.number) == ("paid", "BS/26-27/000001")
    assert result.invoice.paid_at == at
    assert balances() == {
        "gateway": 90_000,
        "receivable": 0,
        "deferred_revenue": -76_272,
        "output_cgst": -6_864,
        "output_sgst": -6_864,
    }
    assert queries.check({result.invoice.id: 90_000}) == ()


def test_the_same_payment_twice_is_one_receipt(billed, at):
    invoice, payment = billed(), uuid4()
    assert settle(invoice, at, payment=payment).paid_now is True
    assert settle(invoice, at, payment=payment).paid_now is False
    assert (Transaction.objects.count(), balances()["gateway"]) == (2, 90_000)


def test_a_second_payment_is_held_for_the_reader(billed, at):
    invoice = billed()
    settle(invoice, at)
    second = settle(invoice, at)
    assert (second.paid_now, second.credit) == (False, RUPEES_900)
    assert (balances()["customer_credit"], balances()["receivable"]) == (-90_000, 0)
    assert queries.check() == ()


def test_less_than_the_total_does_not_pay_an_invoice(billed, at):
    invoice = billed()
    part = settle(invoice, at, received=Money(40_000, "INR"))
    assert (part.paid_now, part.invoice.status, part.invoice.number) == (
        False,
        "open",
        None,
    )
    rest = settle(invoice, at, received=Money(60_000, "INR"))
    assert (rest.paid_now, rest.credit) == (True, Money(10_000, "INR"))
    assert (balances()["receivable"], balances()["customer_credit"]) == (0, -10_000)


def test_a_void_invoice_burns_no_number_and_takes_no_money(billed, at):
    invoice = billed()
    for _ in range(2):
        actions.void(invoice.id, at=at)
    late = settle(invoice, at)
    assert (late.invoice.status, late.credit) == ("void", RUPEES_900)
    assert settle(billed(), at).invoice.number == "BS/26-27/000001"
    assert queries.check() == ()


def test_what_was_received_in_part_for_a_void_invoice_is_held(billed, at):
    invoice = billed()
    settle(invoice, at, received=Money(40_000, "INR"))
    for _ in range(2):
        actions.void(invoice.id, at=at)
    assert balances() == {
        "gateway": 40_000,
        "receivable": 0,
        "customer_credit": -40_000,
    }
    assert queries.check() == ()


def test_an_issued_invoice_is_not_voided(billed, at):
    invoice = settle(billed(), at).invoice
    with pytest.raises(actions.InvoiceIssued):
        actions.void(invoice.id, at=at)


def test_a_period_is_billed_once(billed):
    ref = uuid4()
    first = billed(subscription_ref=ref)
    assert billed(subscription_ref=ref) == first
    assert billed(subscription_ref=ref, kind="renewal", period_index=1) != first
    assert (Invoice.objects.count(), InvoiceLine.objects.count()) == (2, 2)
    assert [row.kind for row in queries.invoices(ref)] == ["renewal", "first"]


def test_another_state_is_charged_the_integrated_tax(billed, at):
    invoice = settle(billed(place="29"), at).invoice
    assert invoice.lines[0].taxes == (("IGST", 1800, Money(13_729, "INR")),)
    assert balances()["output_igst"] == -13_729


def test_a_paisa_of_round_off_is_posted(billed, at):
    settle(billed(gross=400), at, received=Money(400, "INR"))
    assert abs(balances()["round_off"]) == 1
    assert queries.check() == ()


def test_without_a_rate_on_file_nothing_is_billed(billed, at):
    long_ago = datetime(2017, 6, 30, 12, tzinfo=UTC)
    with pytest.raises(actions.NoTaxRate):
        billed(at=long_ago)
    assert Invoice.objects.count() == 0


def test_midnight_in_mumbai_parts_the_financial_years(billed):
    late, early = (
        datetime(2027, 3, 31, 18, 29, tzinfo=UTC),
        datetime(2027, 3, 31, 18, 31, tzinfo=UTC),
    )
    numbers = [settle(billed(), when).invoice.number for when in (late, early)]
    assert numbers == ["BS/26-27/000001", "BS/27-28/000001"]


@pytest.mark.parametrize("change", [{"total_minor": 1}, {"status": "void"}])
def test_the_database_refuses_to_edit_an_issued_invoice(billed, at, change):
    invoice = settle(billed(), at).invoice
    with pytest.raises(IntegrityError), transaction.atomic():
        Invoice.objects.filter(pk=invoice.id).update(**change)
    with pytest.raises(IntegrityError, match="is issued"), transaction.atomic():
        InvoiceLine.objects.update(gross_minor=1)
    with pytest.raises(IntegrityError, match="is issued"), transaction.atomic():
        InvoiceLine.objects.create(
            invoice_id=invoice.id, position=2, gross_minor=0, taxable_minor=0
        )
    with pytest.raises(IntegrityError, match="is issued"), transaction.atomic():
        LineTax.objects.update(amount_minor=1)
    assert queries.check() == ()


def test_the_first_day_is_the_day_of_payment(billed, at):
    later = Period(date(2026, 8, 4), date(2026, 11, 4))
    invoice = billed()
    paid = actions.settle(
        invoice.id, payment_ref=uuid4(), received=RUPEES_900, period=later, at=at
    ).invoice
    line = paid.lines[0]
    assert Period(line.period_start, line.period_end) == later


def test_the_check_says_where_captured_and_posted_differ(billed, at):
    invoice = settle(billed(), at).invoice
    stranger = uuid4()
    found = queries.check({invoice.id: 80_000, stranger: 1})
    assert sorted((finding.subject, finding.message) for finding in found) == sorted(
        [
            (str(invoice.id), "captured 80000, posted 90000"),
            (str(stranger), "captured 1, posted 0"),
        ]
    )


@pytest.mark.django_db(transaction=True)
def test_numbers_are_gapless_under_parallel_issue_with_rollbacks(billed, at):
    invoices = [billed() for _ in range(100)]
    turns = iter(invoices)
    turn = threading.Lock()
    undone = {invoice.id for invoice in invoices[::10]}

    def work():
        while True:
            with turn:
                invoice = next(turns, None)
            if invoice is None:
                break
            try:
                with transaction.atomic():
                    settle(invoice, at)
                    if invoice.id in undone:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                pass
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    issued = Invoice.objects.exclude(number=None)
    assert sorted(issued.values_list("sequence", flat=True)) == list(range(1, 91))
    assert {row.pk for row in issued} == {row.id for row in invoices} - undone
    assert balances()["gateway"] == 90 * 90_000
    assert queries.check() == ()
