"""The books at the desk, to be read and never written: finance and auditors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.kit import places
from broadsheet.kit.calendar import instant, local_date
from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

MAY_READ_BOOKS = "ledger.view_entry"
PAGE = 50
_YEAR = timedelta(days=366)
# The chart, in units of its own.
HEIGHT, BAR, GAP = 160, 22, 6


@dataclass(frozen=True, slots=True)
class Balance:
    """An account of the trial balance, on the side where it stands."""

    account: str
    meaning: str
    currency: str
    debit: Money | None
    credit: Money | None


@dataclass(frozen=True, slots=True)
class Bar:
    """A month of the chart: earned, or still to come."""

    month: date
    earned: Money
    to_come: bool
    x: int
    y: int
    height: int


@require_safe
@permission_required(MAY_READ_BOOKS, raise_exception=True)
def trial_balance(request: HttpRequest) -> HttpResponse:
    """Show what every account stood at, at the end of a day. One query."""
    on = _day(request, "on") or _today()
    at = _start(on + timedelta(days=1)) - timedelta(microseconds=1)
    found = [_balance(name, money) for name, money in books.trial_balance(at)]
    context = {"on": on, "balances": found, "sums": _sums(found)}
    return render(request, "desk/books/trial_balance.html", context)


@require_safe
@permission_required(MAY_READ_BOOKS, raise_exception=True)
def statement(request: HttpRequest, account: str, currency: str) -> HttpResponse:
    """Show what moved on an account in a month, with the balance after each line."""
    if account not in books.CHART:
        raise Http404
    month = (_day(request, "month") or _today()).replace(day=1)
    following = (month + timedelta(days=32)).replace(day=1)
    since, until = _start(month), _start(following)
    context = {
        "account": account,
        "meaning": books.CHART[account],
        "currency": currency,
        "month": month,
        "previous": (month - timedelta(days=1)).replace(day=1),
        "following": following if following <= _today() else None,
        "opening": books.balance(account, currency, until=since),
        "lines": books.statement(account, currency, since=since, until=until),
    }
    return render(request, "desk/books/statement.html", context)


@require_safe
@permission_required(MAY_READ_BOOKS, raise_exception=True)
def invoices(request: HttpRequest) -> HttpResponse:
    """List issued invoices, the newest first, in two queries at most."""
    before = _uuid(request.GET.get("before", ""))
    number = request.GET.get("number", "")[:16]
    found = books.issued(limit=PAGE + 1, before=before, number=number)
    shown = [(row, places.name(row.place)) for row in found[:PAGE]]
    context = {
        "invoices": shown,
        "number": number,
        "older": found[PAGE - 1].id if len(found) > PAGE else None,
    }
    return render(request, "desk/books/invoices.html", context)


@require_safe
@permission_required(MAY_READ_BOOKS, raise_exception=True)
def invoice(request: HttpRequest, invoice_id: UUID) -> HttpResponse:
    """Return an issued invoice as its reader has it."""
    try:
        drawn = ledger.draw_invoice(invoice_id)
    except (ledger.NoSuchInvoice, ledger.NotIssued):
        raise Http404 from None
    return HttpResponse(drawn, content_type="application/pdf")


@require_safe
@permission_required(MAY_READ_BOOKS, raise_exception=True)
def revenue(request: HttpRequest) -> HttpResponse:
    """Show what was earned each month, what is deferred, and when it will be earned."""
    now, currency = publication.now(), publication.current().currency
    earned = books.earned_by_month(currency, since=now - _YEAR, at=now)[-12:]
    deferred = books.deferred(currency, at=now)
    bars = _bars(earned, deferred.months[:24])
    context = {
        "deferred": deferred,
        "bars": bars,
        "width": max(1, len(bars)) * (BAR + GAP),
        "height": HEIGHT,
        "bar_width": BAR,
        "currency": currency,
    }
    return render(request, "desk/books/revenue.html", context)


def _bars(
    earned: tuple[books.Month, ...], to_come: tuple[books.Month, ...]
) -> list[Bar]:
    months = [(month, False) for month in earned] + [(month, True) for month in to_come]
    most = max((month.earned.minor for month, _ in months), default=0)
    bars = []
    for place, (month, later) in enumerate(months):
        height = max(0, month.earned.minor) * HEIGHT // most if most > 0 else 0
        x = place * (BAR + GAP)
        bars.append(
            Bar(month.first_day, month.earned, later, x, HEIGHT - height, height)
        )
    return bars


def _balance(account: str, money: Money) -> Balance:
    debit = money if money.minor > 0 else None
    credit = -money if money.minor < 0 else None
    return Balance(account, books.CHART[account], money.currency, debit, credit)


def _sums(balances: list[Balance]) -> list[tuple[str, Money, Money]]:
    sums: dict[str, tuple[Money, Money]] = {}
    for row in balances:
        none = Money(0, row.currency)
        debit, credit = sums.get(row.currency, (none, none))
        sums[row.currency] = (
            debit + (row.debit or none),
            credit + (row.credit or none),
        )
    return [(currency, *both) for currency, both in sums.items()]


def _today() -> date:
    return local_date(publication.now(), publication.current().zone)


def _start(day: date) -> datetime:
    return instant(day, publication.current().zone).astimezone(UTC)


def _day(request: HttpRequest, name: str) -> date | None:
    try:
        return date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
