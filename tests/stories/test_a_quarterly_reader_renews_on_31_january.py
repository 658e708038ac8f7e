"""
Asha buys Smart Quarterly on 31 October 2026 in Mumbai. Her boundaries are 31 January,
30 April and 31 July; the short month costs her nothing later. Each day's jobs are run
by hand, and what is announced is compared whole: nothing missing, nothing extra.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from broadsheet.business.ledger import queries as books
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.events import (
    Cancelled,
    Granted,
    GrantEnded,
    Lapsed,
    Renewed,
    Started,
)
from broadsheet.business.subscriptions.models import Subscription
from broadsheet.kit.money import Money

pytestmark = pytest.mark.process

FEATURES = ("news", "adfree", "epaper", "archive", "vertical:smart-investor")
BOUGHT = datetime(2026, 10, 31, 6, 0, tzinfo=UTC)  # 11:30 in Mumbai.
COURTESY = timedelta(hours=24)


def midnight(year, month, day):
    """The start of that day in Mumbai, which is 18:30 the day before in UTC."""
    return datetime(year, month, day, tzinfo=UTC) - timedelta(hours=5, minutes=30)


JANUARY, APRIL, JULY = (
    midnight(2027, 1, 31),
    midnight(2027, 4, 30),
    midnight(2027, 7, 31),
)


def live(until, since):
    """Run the jobs every six hours, and at `until` itself."""
    now = since
    while now < until:
        run(now)
        now += timedelta(hours=6)
    run(until)


def run(now):
    actions.renew_due(at=now)
    actions.lapse_due(at=now)
    actions.expire_checkouts(at=now)
    actions.return_credits(at=now)


def grants(row, ends):
    return [
        Granted(row.reader_id, feature, BOUGHT, ends, f"subscription:{row.pk}")
        for feature in FEATURES
    ]


def periods(row):
    return [
        (invoice.kind, line.period_start, line.period_end, line.gross, line.taxable,
         [money for _, _, money in line.taxes])
        for invoice in reversed(books.invoices(row.pk))
        for line in invoice.lines
    ]  # fmt: skip


def test_a_quarterly_reader_renews_on_31_january(paper):
    row = paper.buy("smart-quarterly", at=BOUGHT)
    assert paper.said() == [
        *grants(row, JANUARY + COURTESY),
        Started(row.pk, paper.reader),
    ]

    live(JANUARY - timedelta(seconds=1), since=BOUGHT)
    assert paper.said() == []
    run(JANUARY)
    first, second = reversed(books.invoices(row.pk))
    assert paper.said() == [
        *grants(row, APRIL + COURTESY),
        Renewed(row.pk, paper.reader, second.id, 1),
    ]

    live(APRIL, since=JANUARY)
    third = books.invoices(row.pk)[0]
    assert paper.said() == [
        *grants(row, JULY + COURTESY),
        Renewed(row.pk, paper.reader, third.id, 2),
    ]

    asked = midnight(2027, 6, 15)
    view = actions.cancel(
        reader=paper.reader, subscription_id=row.pk, reason="Moving abroad", at=asked
    )
    assert view.ends_on == JULY - timedelta(seconds=1)
    live(JULY, since=asked)
    assert paper.said() == [
        Cancelled(row.pk, paper.reader, JULY),
        GrantEnded(f"subscription:{row.pk}", JULY),
        Lapsed(row.pk, paper.reader),
        GrantEnded(f"subscription:{row.pk}", JULY),
    ]

    halves = [Money(6_864, "INR")] * 2
    price, taxable = Money(90_000, "INR"), Money(76_272, "INR")
    assert periods(row) == [
        ("first", date(2026, 10, 31), date(2027, 1, 31), price, taxable, halves),
        ("renewal", date(2027, 1, 31), date(2027, 4, 30), price, taxable, halves),
        ("renewal", date(2027, 4, 30), date(2027, 7, 31), price, taxable, halves),
    ]
    # The third quarter begins in the next financial year, and in its series.
    assert (first.number, second.number, third.number) == (
        "BS/26-27/000001",
        "BS/26-27/000002",
        "BS/27-28/000001",
    )
    assert paper.kinds(row) == [
        "begun", "started", "renewed", "renewed", "cancel_asked", "lapsed",
    ]  # fmt: skip
    assert paper.balances() == {
        "gateway": 270_000,
        "deferred_revenue": -228_816,
        "output_cgst": -20_592,
        "output_sgst": -20_592,
    }
    paid = {invoice.id: 90_000 for invoice in (first, second, third)}
    assert books.check(paid) == ()
    assert Subscription.objects.get().status == "cancelled"
    assert queries.current(paper.reader, JULY) is None

    live(JULY + timedelta(days=120), since=JULY)
    assert (paper.said(), paper.charges()) == ([], 3)
