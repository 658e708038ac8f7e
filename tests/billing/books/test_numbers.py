"""Cases 108 to 112, 115 and 118: numbers without a gap, and the tax of the day."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from broadsheet.business.ledger import actions, queries
from broadsheet.business.ledger.models import Invoice, Seller
from broadsheet.business.ledger.rules import (
    credit_deadline,
    is_gstin,
    rupees_in_words,
    words,
)
from broadsheet.kit.money import Money

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("place", "taxes"),
    [
        ("27", (("CGST", 900, 6_864), ("SGST", 900, 6_864))),
        ("29", (("IGST", 1800, 13_729),)),
        ("DE", ()),
    ],
)
def test_case_108_where_it_is_supplied_decides_the_tax(paid, place, taxes):
    (line,) = paid(place=place).lines
    assert [(name, rate, money.minor) for name, rate, money in line.taxes] == list(
        taxes
    )


@pytest.mark.parametrize(
    ("gross", "taxable", "each"),
    [(90_000, 76_272, 6_864), (270_000, 228_814, 20_593), (390_000, 330_508, 29_746)],
)
def test_case_109_an_invoice_shows_equal_halves_that_sum_to_the_price(
    paid, gross, taxable, each
):
    (line,) = paid(gross).lines
    assert line.taxable.minor == taxable
    assert [money.minor for *_, money in line.taxes] == [each, each]
    assert taxable + 2 * each == gross


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(300)
def test_case_110_a_thousand_at_once_with_fifty_rollbacks_leave_no_gap(billed, at):
    with transaction.atomic():
        invoices = [billed().id for _ in range(1000)]
    undone = set(invoices[7::20])
    waiting, turn = iter(invoices), threading.Lock()

    def work() -> None:
        while True:
            with turn:
                mine = next(waiting, None)
            if mine is None:
                break
            try:
                with transaction.atomic():
                    actions.settle(
                        mine, payment_ref=uuid4(), received=Money(90_000, "INR"), at=at
                    )
                    if mine in undone:
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
    assert len(undone) == 50
    assert {row.pk for row in issued} == set(invoices) - undone
    assert sorted(issued.values_list("number", flat=True)) == [
        f"BS/26-27/{n:06d}" for n in range(1, 951)
    ]
    assert queries.check() == ()


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_a_number_after_a_gap(billed, at):
    invoice = billed()
    with pytest.raises(IntegrityError, match="after a gap"), transaction.atomic():
        Invoice.objects.filter(pk=invoice.id).update(
            number="BS/26-27/000002", series="BS", financial_year="26-27", sequence=2
        )
    with pytest.raises(IntegrityError, match="is owed"), transaction.atomic():
        actions.settle(invoice.id, payment_ref=uuid4(), received=Money(1, "INR"), at=at)
        Invoice.objects.filter(pk=invoice.id).update(
            number="BS/26-27/000001", series="BS", financial_year="26-27", sequence=1,
            status="paid", paid_at=at, issued_at=at,
        )  # fmt: skip
    assert queries.invoice(invoice.id).number is None


def test_case_111_midnight_of_31_march_in_india_parts_two_series(paid):
    before = datetime(2027, 3, 31, 18, 29, tzinfo=UTC)
    after = datetime(2027, 3, 31, 18, 31, tzinfo=UTC)
    numbers = [paid(at=moment).number for moment in (before, before, after)]
    assert numbers == ["BS/26-27/000001", "BS/26-27/000002", "BS/27-28/000001"]


def test_case_112_a_gstin_is_checked_to_its_last_character():
    good = "27AAPFU0939F1ZV"
    assert is_gstin(good)
    swapped = good[:3] + good[4] + good[3] + good[5:]
    for bad in (
        "",
        good[:14],
        good + "V",
        good.lower(),
        good[:14] + "W",
        "00" + good[2:],
    ):
        assert not is_gstin(bad)
    assert swapped == good or not is_gstin(swapped)


def test_case_115_the_rate_is_the_one_on_the_day_of_supply(paid, billed, at):
    actions.open_books()
    actions.set_tax_rate(tax_code="998431", rate=500, effective_from=date(2026, 11, 3))
    ref = uuid4()
    first = paid(subscription_ref=ref)
    renewal = paid(
        subscription_ref=ref, kind="renewal", period_index=1,
        at=datetime(2026, 11, 2, 18, 30, tzinfo=UTC),
    )  # fmt: skip
    rates = [[rate for _, rate, _ in i.lines[0].taxes] for i in (first, renewal)]
    assert rates == [[900, 900], [250, 250]]
    assert renewal.lines[0].taxable.minor == 85_714
    assert queries.invoice(first.id) == first


@pytest.mark.parametrize(
    ("minor", "months", "shown"),
    [(90_000, 3, "₹300"), (270_000, 12, "₹225"), (390_000, 24, "₹162"), (391_000, 24, "₹162")],
)  # fmt: skip
def test_case_118_the_price_a_month_is_rounded_down(minor, months, shown):
    assert Money(minor, "INR").per_month(months).format("en-IN") == shown


def test_two_series_are_two():
    with pytest.raises(IntegrityError, match="two_series_are_two"):
        Seller.objects.create(series="BS", credit_series="BS")


@pytest.mark.parametrize(
    ("on", "first_month", "deadline"),
    [
        (date(2026, 4, 1), 4, date(2027, 11, 30)),
        (date(2027, 3, 31), 4, date(2027, 11, 30)),
        (date(2027, 4, 1), 4, date(2028, 11, 30)),
        (date(2026, 1, 1), 1, date(2027, 11, 30)),
        (date(2026, 12, 31), 1, date(2027, 11, 30)),
    ],
)
def test_a_credit_lowers_the_tax_until_30_november_after_the_year(
    on, first_month, deadline
):
    assert credit_deadline(on, first_month) == deadline


@pytest.mark.parametrize(
    ("minor", "said"),
    [
        (90_000, "Rupees Nine Hundred Only"),
        (0, "Rupees Zero Only"),
        (390_050, "Rupees Three Thousand Nine Hundred and Fifty Paise Only"),
        (1_23_45_678_90, "Rupees One Crore Twenty Three Lakh Forty Five Thousand "
         "Six Hundred Seventy Eight and Ninety Paise Only"),
        (2_10_00_000_00, "Rupees Two Crore Ten Lakh Only"),
    ],
)  # fmt: skip
def test_amounts_are_said_in_lakhs_and_crores(minor, said):
    assert rupees_in_words(Money(minor, "INR")) == said


def test_other_currencies_are_not_said_in_words():
    assert rupees_in_words(Money(100, "USD")) == ""
    assert len({words(n) for n in range(2000)}) == 2000
