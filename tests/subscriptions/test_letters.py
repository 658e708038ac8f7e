from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core import mail

from broadsheet.business.subscriptions import actions
from broadsheet.business.subscriptions.events import (
    Cancelled,
    PaymentTrouble,
    Renewed,
    Started,
)
from tests import gateway_process as cards

pytestmark = pytest.mark.process
DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)


def sent(send, event, at):
    send(event, at)
    (letter,) = mail.outbox
    (html,) = letter.alternatives
    assert letter.to == ["asha@example.com"]
    assert html.mimetype == "text/html"
    return letter, letter.body, html.content


def test_the_welcome_is_the_receipt_and_says_the_future(paper, at):
    paper.buy()
    (event,) = paper.said(Started)
    letter, text, html = sent(actions.send_welcome, event, at)
    assert letter.subject == "Welcome to Broadsheet: your receipt"
    for body in (text, html):
        for words in (
            "Asha Rao", "Smart Quarterly", "BS/26-27/000001", "₹900", "₹762.72",
            "CGST", "SGST", "₹68.64", "3 November 2026", "cancel at any time",
            "support@example.com", "/account/",
        ):  # fmt: skip
            assert words in body
        assert "{{" not in body and "None" not in body


def test_a_renewal_has_its_own_receipt(paper, at):
    paper.buy()
    actions.renew_due(at=DUE)
    (event,) = paper.said(Renewed)
    _, text, _ = sent(actions.send_renewed, event, DUE)
    assert "BS/26-27/000002" in text
    assert "The next charge is ₹900 on 3 February 2027." in text


def test_a_cancellation_is_confirmed_with_its_last_day_in_words(paper, at):
    row = paper.buy()
    actions.cancel(reader=paper.reader, subscription_id=row.pk, reason="", at=at)
    (event,) = paper.said(Cancelled)
    letter, text, html = sent(actions.send_cancelled, event, at)
    assert letter.subject == "Your subscription to Broadsheet is cancelled"
    for body in (text, html):
        assert "Everything works until the end of 2 November 2026." in body
        assert "You will not be charged again." in body


def test_trouble_says_until_when_all_stays_open(paper, at):
    paper.buy(number=cards.SAVES_THEN_DECLINES)
    actions.renew_due(at=DUE)
    (event,) = paper.said(PaymentTrouble)
    _, text, html = sent(actions.send_payment_trouble, event, DUE)
    for body in (text, html):
        assert "Everything stays open until the end of 9 November 2026." in body


def test_a_second_copy_can_be_told_by_its_id(paper, at):
    paper.buy()
    (event,) = paper.said(Started)
    for _ in range(2):
        actions.send_welcome(event, at)
    ids = {letter.extra_headers["Message-ID"] for letter in mail.outbox}
    assert (len(mail.outbox), len(ids)) == (2, 1)


def test_a_name_with_markup_in_it_stays_text(paper, at, django_user_model):
    django_user_model.objects.filter(public_id=paper.reader).update(name="<b>&Asha")
    paper.buy()
    (event,) = paper.said(Started)
    _, text, html = sent(actions.send_welcome, event, at)
    assert "Dear <b>&Asha," in text
    assert "Dear &lt;b&gt;&amp;Asha," in html
