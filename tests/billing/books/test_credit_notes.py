"""Cases 97 to 100 and 113: an invoice is taken back, in part or whole."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.business.ledger import actions, queries
from broadsheet.business.ledger.models import CreditLine, CreditNote
from broadsheet.business.ledger.rules import Split, Tax, credit_split, split_tax
from broadsheet.kit.money import Money

pytestmark = pytest.mark.django_db


def rupees(minor: int) -> Money:
    return Money(minor, "INR")


def credit(invoice, minor, at, **more):
    return actions.credit(
        invoice_id=invoice.id, minor=minor, reason="Asked for", at=at, **more
    )


def test_case_97_what_is_credited_in_parts_never_exceeds_the_invoice(
    paid, balances, at
):
    invoice = paid(1000)
    credit(invoice, 300, at)
    credit(invoice, 700, at)
    before = balances()
    with pytest.raises(actions.OverCredit) as refused:
        credit(invoice, 1, at)
    assert refused.value.left == rupees(0)
    assert (balances(), CreditNote.objects.count()) == (before, 2)
    assert balances() == {"gateway": 1000, "customer_credit": -1000}
    assert queries.check() == ()


@pytest.mark.parametrize("minor", [0, -1, True, None])
def test_a_credit_of_nothing_is_refused(paid, at, minor):
    invoice = paid()
    with pytest.raises(actions.NothingToCredit):
        credit(invoice, minor, at)
    assert CreditNote.objects.count() == 0


def test_an_invoice_without_a_number_is_voided_and_never_credited(billed, at):
    with pytest.raises(actions.NotIssued):
        credit(billed(), 100, at)
    assert CreditNote.objects.count() == 0


@pytest.mark.parametrize("noted_first", [True, False])
def test_case_98_credit_and_refund_end_the_same_in_either_order(
    paid, balances, at, noted_first
):
    invoice = paid()
    steps = [
        lambda: credit(invoice, 50_000, at, reference="refund-1"),
        lambda: actions.give_back(
            invoice_id=invoice.id, reference="refund:1:1", amount=rupees(30_000), at=at
        ),
    ]
    for step in steps if noted_first else reversed(steps):
        step()
    assert balances() == {
        "gateway": 60_000,
        "customer_credit": -20_000,
        "deferred_revenue": -33_898,
        "output_cgst": -3_051,
        "output_sgst": -3_051,
    }
    assert queries.check({invoice.id: 60_000}) == ()


def test_case_99_a_refund_heard_of_twice_is_settled_once(paid, balances, at):
    invoice = paid()
    for _ in range(2):
        credit(invoice, 90_000, at, reference="refund-1")
        actions.give_back(
            invoice_id=invoice.id, reference="refund:1:1", amount=rupees(90_000), at=at
        )
    assert balances() == {}
    assert queries.check({invoice.id: 0}) == ()
    with pytest.raises(actions.ReferenceReused):
        credit(invoice, 80_000, at, reference="refund-1")


def test_case_100_a_dispute_takes_the_money_and_gives_it_back_if_won(
    paid, balances, at
):
    invoice = paid()
    before = balances()
    for _ in range(2):
        actions.open_dispute(
            invoice_id=invoice.id, dispute_ref="d1", amount=rupees(90_000), at=at
        )
    sale = {name: minor for name, minor in before.items() if name != "gateway"}
    assert balances() == {**sale, "disputes": 90_000}
    assert queries.check({invoice.id: 90_000}) == ()
    for _ in range(2):
        actions.win_dispute(invoice_id=invoice.id, dispute_ref="d1", at=at)
    assert balances() == before
    with pytest.raises(actions.DisputeDecided):
        actions.lose_dispute(invoice_id=invoice.id, dispute_ref="d1", at=at)


def test_case_100_a_lost_dispute_reverses_revenue_and_tax(paid, balances, at):
    invoice = paid()
    actions.recognise(at=at + timedelta(days=10))
    assert balances()["revenue"] < 0
    actions.open_dispute(
        invoice_id=invoice.id, dispute_ref="d1", amount=rupees(90_000), at=at
    )
    notes = [
        actions.lose_dispute(
            invoice_id=invoice.id, dispute_ref="d1", at=at + timedelta(days=10)
        )
        for _ in range(2)
    ]
    assert notes[0] == notes[1]
    assert notes[0].total == rupees(90_000)
    assert balances() == {}
    assert queries.check({invoice.id: 0}) == ()


def test_what_was_refunded_and_then_disputed_as_well_is_a_bad_debt(paid, balances, at):
    invoice = paid()
    credit(invoice, 50_000, at)
    actions.give_back(
        invoice_id=invoice.id, reference="refund:1", amount=rupees(50_000), at=at
    )
    actions.open_dispute(
        invoice_id=invoice.id, dispute_ref="d1", amount=rupees(90_000), at=at
    )
    note = actions.lose_dispute(invoice_id=invoice.id, dispute_ref="d1", at=at)
    assert note.total == rupees(40_000)
    assert balances() == {"gateway": -50_000, "bad_debt": 50_000}
    assert queries.check() == ()


def test_a_dispute_nobody_opened_is_refused(paid, at):
    with pytest.raises(actions.NoSuchDispute):
        actions.win_dispute(invoice_id=paid().id, dispute_ref="d1", at=at)


@pytest.mark.parametrize(
    ("place", "gross"), [("27", 90_000), ("29", 270_000), ("27", 400)]
)
def test_case_113_a_hundred_random_refunds_sum_to_the_invoice_exactly(
    paid, balances, at, place, gross
):
    invoice = paid(gross, place=place)
    cuts = sorted(random.Random(113).sample(range(1, gross), 99))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, gross], strict=True)]
    notes = [credit(invoice, part, at) for part in parts]
    assert [note.total.minor for note in notes] == parts
    (line,) = invoice.lines
    assert sum(note.taxable.minor for note in notes) == line.taxable.minor
    assert sum(note.round_off.minor for note in notes) == line.round_off.minor
    for index, (name, rate, amount) in enumerate(line.taxes):
        shares = [note.taxes[index] for note in notes]
        assert {(share[0], share[1]) for share in shares} == {(name, rate)}
        assert sum(share[2].minor for share in shares) == amount.minor
    if place == "27":
        assert all(note.taxes[0][2] == note.taxes[1][2] for note in notes)
    assert [note.number for note in notes] == [
        f"CN/26-27/{n:06d}" for n in range(1, 101)
    ]
    assert {note.invoice_number for note in notes} == {invoice.number}
    assert balances() == {"gateway": gross, "customer_credit": -gross}
    assert queries.check() == ()


@given(
    gross=st.integers(1, 10**6),
    names=st.sampled_from([(), ("IGST",), ("CGST", "SGST")]),
    rate=st.sampled_from([500, 1200, 1800, 2800]),
    parts=st.lists(st.integers(1, 9) | st.integers(1, 10**5), max_size=40),
)
def test_any_credit_is_in_proportion_and_all_of_them_sum_to_the_whole(
    gross, names, rate, parts
):
    whole = split_tax(gross, rate, names)
    before = Split(0, tuple(Tax(t.name, t.rate, 0) for t in whole.taxes), 0)
    for part in [*parts, gross]:
        minor = min(part, gross - before.total)
        if not minor:
            break
        note = credit_split(whole, before, minor)
        assert note.total == minor
        assert note.taxable >= 0
        assert abs(note.round_off) <= 1
        assert len({tax.minor for tax in note.taxes}) <= 1
        assert all(tax.minor >= 0 for tax in note.taxes)
        before = Split(
            before.taxable + note.taxable,
            tuple(
                Tax(a.name, a.rate, a.minor + b.minor)
                for a, b in zip(before.taxes, note.taxes, strict=True)
            ),
            before.round_off + note.round_off,
        )
        for tax, back in zip(whole.taxes, before.taxes, strict=True):
            assert abs(back.minor * gross - tax.minor * before.total) <= gross
    assert before == whole


def test_credits_after_30_november_of_the_next_year_are_late(paid, at):
    invoice = paid()
    in_time = credit(invoice, 100, datetime(2027, 11, 30, 12, tzinfo=UTC))
    late = credit(invoice, 100, datetime(2027, 11, 30, 19, tzinfo=UTC))
    assert (in_time.deadline, in_time.late) == (date(2027, 11, 30), False)
    assert (late.deadline, late.late) == (date(2027, 11, 30), True)


@pytest.mark.parametrize("change", [{"total_minor": 1}, {"reason": "Another"}])
def test_the_database_refuses_to_edit_a_credit_note(paid, at, change):
    credit(paid(), 100, at)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CreditNote.objects.update(**change)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CreditLine.objects.all().update(gross_minor=1)


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_a_credit_note_that_does_not_add_up(paid, at):
    invoice = paid()
    note = dict(
        id=uuid4(), invoice_id=invoice.id, series="CN", financial_year="26-27",
        number="CN/26-27/000001", reason="By hand", issued_at=at, sequence=1,
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="does not add up"), transaction.atomic():
        CreditNote.objects.create(**note, total_minor=5)
    with pytest.raises(IntegrityError, match="after a gap"), transaction.atomic():
        CreditNote.objects.create(**note | {"sequence": 2}, total_minor=5)
    assert CreditNote.objects.count() == 0
