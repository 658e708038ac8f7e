"""Letters: every one complete in text and HTML, each notice sent once and in time."""

from __future__ import annotations

import inspect
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from uuid import uuid4

import pypdfium2
import pytest
from django.core import mail

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments.events import PaymentRefunded
from broadsheet.business.payments.models import PaymentMethod
from broadsheet.business.subscriptions import actions
from broadsheet.business.subscriptions.events import (
    CardExpiring,
    Given,
    Lapsed,
    Paused,
    PlanChanged,
    PriceRises,
    RenewalComing,
    Started,
)
from broadsheet.business.subscriptions.letters import words
from broadsheet.business.subscriptions.models import Subscription
from broadsheet.business.subscriptions.rules import reminder_days
from broadsheet.kit.calendar import Term

DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)


@pytest.mark.django_db
def test_every_letter_has_a_sample_that_is_complete(at):
    found = actions.samples(at=at)
    kinds = {
        name
        for name, each in inspect.getmembers(words, inspect.isfunction)
        if each.__module__ == words.__name__ and not name.startswith("_")
    }
    assert {sample.name.replace("-", "_") for sample in found} == kinds
    for sample in found:
        for body in (sample.text, sample.html):
            assert "Asha Kulkarni" in body
            assert not any(odd in body for odd in ("{{", "{%", "None", "%(", "  ,"))
        assert "<script" not in sample.html
        assert 'style="' in sample.html
        assert "support@" in sample.text


@pytest.mark.parametrize(
    ("count", "unit", "days"),
    [(1, "day", 0), (1, "week", 0), (4, "week", 7), (1, "month", 7), (3, "month", 7)]
    + [(12, "month", 30), (1, "year", 30), (2, "year", 30)],
)  # fmt: skip
def test_longer_terms_are_reminded_of_sooner(count, unit, days):
    assert reminder_days(Term(count, unit)) == days


@pytest.mark.process
def test_a_renewal_is_announced_a_week_before_and_once(paper, at):
    row = paper.buy()
    early, week = DUE - timedelta(days=7, minutes=1), DUE - timedelta(days=7)
    assert [actions.remind_due(at=now) for now in (at, early, week, week, DUE)] == [
        0, 0, 1, 0, 0,
    ]  # fmt: skip
    (event,) = paper.said(RenewalComing)
    assert (event.period_index, event.minor, event.due) == (1, 90_000, DUE)
    actions.send_renewal_coming(event, week)
    (letter,) = mail.outbox
    assert letter.subject == "Your subscription to Broadsheet renews on 3 November 2026"
    assert "₹900 will be charged" in letter.body
    actions.cancel(reader=paper.reader, subscription_id=row.pk, reason="", at=week)


@pytest.mark.process
def test_nobody_who_cancelled_is_reminded(paper, at):
    row = paper.buy()
    actions.cancel(reader=paper.reader, subscription_id=row.pk, reason="", at=at)
    assert actions.remind_due(at=DUE - timedelta(days=1)) == 0


@pytest.mark.process
def test_case_63_a_card_that_expires_is_told_of_30_and_7_days_before(paper, at):
    row = paper.buy()
    method = Subscription.objects.get(pk=row.pk).method_ref
    PaymentMethod.objects.filter(pk=method).update(expires=date(2026, 9, 30))
    days = [date(2026, 8, 30), date(2026, 8, 31), date(2026, 9, 22), date(2026, 9, 23)]
    told = [
        actions.warn_of_cards(at=datetime(day.year, day.month, day.day, 6, tzinfo=UTC))
        for day in (*days, days[-1])
    ]
    assert told == [0, 1, 0, 1, 0]
    first, second = paper.said(CardExpiring)
    assert (first.days, second.days, first.expires) == (30, 7, date(2026, 9, 30))
    actions.send_card_expiring(first, at)
    actions.send_card_expiring(second, at)
    assert {letter.subject for letter in mail.outbox} == {
        "Your card expires in September 2026"
    }
    assert len({letter.extra_headers["Message-ID"] for letter in mail.outbox}) == 2
    assert first.last4 in mail.outbox[0].body


@pytest.mark.process
def test_the_receipt_carries_the_invoice_as_pdf(paper, at):
    paper.buy()
    (event,) = paper.said(Started)
    actions.send_welcome(event, at)
    ((name, content, kind),) = mail.outbox[0].attachments
    assert (name, kind) == ("BS-26-27-000001.pdf", "application/pdf")
    with pypdfium2.PdfDocument(BytesIO(content)) as drawn:
        text = drawn[0].get_textpage().get_text_bounded()
    assert "Asha Rao" in text
    assert "₹900.00" in text


@pytest.mark.process
def test_a_pause_is_confirmed_with_its_days(paper, at):
    row = paper.buy()
    event = Paused(row.pk, paper.reader, date(2026, 8, 10), date(2026, 9, 9), DUE)
    actions.send_paused(event, at)
    (letter,) = mail.outbox
    assert letter.subject == "Your subscription to Broadsheet is paused until 9 September 2026"  # fmt: skip
    assert "is paused from 10 August 2026." in letter.body
    assert "the next charge is on 3 November 2026" in letter.body


@pytest.mark.process
def test_an_end_that_was_asked_for_is_not_announced_again(paper, at):
    row = paper.buy()
    actions.cancel(reader=paper.reader, subscription_id=row.pk, reason="", at=at)
    actions.lapse_due(at=DUE + timedelta(days=1))
    (event,) = paper.said(Lapsed)
    actions.send_ended(event, DUE)
    assert mail.outbox == []


@pytest.mark.process
def test_what_is_told_of_facts_of_other_rooms_says_the_facts(paper, at):
    row = paper.buy()
    (invoice,) = books.invoices(row.pk)
    refund = PaymentRefunded(
        uuid4(), str(invoice.id), 45_000, "INR", at, attempt_id=uuid4()
    )
    actions.send_refunded(refund, at)
    for why, before in (("price", 90_000), ("trial", 0)):
        rises = PriceRises(row.pk, paper.reader, why, before, 1_00_000, "INR", DUE)
        actions.send_price_rises(rises, at)
    changed = PlanChanged(row.pk, paper.reader, "smart-quarterly", invoice.id)
    actions.send_plan_changed(changed, at)
    actions.send_given(Given(row.pk, paper.reader, DUE), at)
    bodies = [" ".join(letter.body.split()) for letter in mail.outbox]
    for body, said in zip(
        bodies,
        (
            "₹450 have gone back to the card you paid with.",
            "From your renewal on 3 November 2026, your Smart Quarterly costs ₹1,000.",
            "Your trial of Smart Quarterly ends on 3 November 2026. From then on it is "
            "₹1,000, which is charged on that day.",
            "You have changed to Smart Quarterly, from 3 August 2026 on.",
            "Everything is open to you until the end of 2 November 2026.",
        ),
        strict=True,
    ):
        assert said in body
