"""Where a reader lives decides the tax, before any charge."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from broadsheet.business.ledger import actions, queries
from broadsheet.business.ledger.models import BillingProfile
from broadsheet.kit.money import Money

pytestmark = pytest.mark.django_db


def taxes(invoice):
    (line,) = invoice.lines
    return [(name, rate, money.minor) for name, rate, money in line.taxes]


@pytest.mark.parametrize(
    ("place", "taxable", "expected"),
    [
        ("27", 76_272, [("CGST", 900, 6_864), ("SGST", 900, 6_864)]),
        ("29", 76_271, [("IGST", 1800, 13_729)]),
        ("GB", 90_000, []),
    ],
)
def test_the_tax_follows_the_place(billed, at, place, taxable, expected):
    reader = uuid4()
    actions.record_place(reader, place, at=at)
    invoice = billed(reader=reader)
    assert (invoice.place, taxes(invoice)) == (place, expected)
    assert invoice.lines[0].taxable == Money(taxable, "INR")
    actions.settle(invoice.id, payment_ref=uuid4(), received=invoice.total, at=at)
    assert queries.check() == ()


def test_a_place_that_is_none_is_refused_and_the_old_one_stays(at):
    reader = uuid4()
    actions.record_place(reader, "29", at=at)
    for wrong in ("", "28", "IN", "Karnataka", "2" * 500):
        with pytest.raises(actions.NoSuchPlace):
            actions.record_place(reader, wrong, at=at)
    assert queries.place_of(reader) == "29"


def test_a_move_changes_what_is_billed_next_and_nothing_before(billed, at):
    reader = uuid4()
    actions.record_place(reader, "27", at=at)
    before = billed(reader=reader, recipient="Asha Rao")
    actions.record_place(reader, "29", at=at)
    after = billed(reader=reader, recipient="Asha Sen")
    assert queries.invoice(before.id) == before
    assert [(i.place, i.recipient) for i in (before, after)] == [
        ("27", "Asha Rao"),
        ("29", "Asha Sen"),
    ]


def test_a_reader_who_is_forgotten_keeps_no_place_and_leaves_her_invoices(billed, at):
    reader = uuid4()
    actions.record_place(reader, "29", at=at)
    invoice = billed(reader=reader)
    actions.settle(invoice.id, payment_ref=uuid4(), received=invoice.total, at=at)
    actions.forget_reader(reader)
    assert not BillingProfile.objects.exists()
    assert [i.place for i in queries.issued_to(reader)] == ["29"]


def test_her_invoices_are_those_that_were_issued_newest_first(billed):
    reader = uuid4()
    days = [datetime(2026, 8, day, tzinfo=UTC) for day in (3, 5, 4)]
    issued = []
    for day in days:
        invoice = billed(reader=reader, at=day)
        actions.settle(invoice.id, payment_ref=uuid4(), received=invoice.total, at=day)
        issued.append(invoice.id)
    billed(reader=reader)  # Open: she has not been sent it.
    billed()
    listed = [invoice.id for invoice in queries.issued_to(reader)]
    assert listed == [issued[1], issued[2], issued[0]]
