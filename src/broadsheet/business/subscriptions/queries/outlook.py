"""The whole future of a price, as far as it is known: each change of it, with its day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from broadsheet.business.catalogue.queries import Discount, PlanOffer
from broadsheet.kit import calendar
from broadsheet.kit.money import Money

from ..models import Subscription
from .forecast import NextCharge, Prices, price_of, version_of


@dataclass(frozen=True, slots=True)
class Ahead:
    """
    From `at` on, every period costs `price`; for `periods` of them, after which the
    next of these holds. None: for as long as it runs.
    """

    at: datetime
    price: Money
    plan_name: str
    term_count: int
    term_unit: str
    periods: int | None


def ahead(
    row: Subscription,
    charge: NextCharge,
    prices: Prices,
    *,
    discount: Discount | None,
    until_k: int | None,
) -> tuple[Ahead, ...]:
    """
    Return what a contract that has started costs from `charge`, its next, on; with
    `discount` taken off until period `until_k` (None: for ever).
    """
    first, version = charge.paid.index, charge.version
    if charge.change is not None:
        # Another plan begins: what was off the old one is not off the new one.
        return (_step(row.runs_until, charge.price, version, None),)

    def price(index: int) -> Money:
        off = discount if until_k is None or index < until_k else None
        return price_of(row, version_of(row, index, prices), index, off)

    breaks = [until_k if discount else None, _intro_end(row, prices)]
    starts = calendar.local_date(row.runs_until, row.zone)

    def begins(index: int) -> datetime:
        on = calendar.boundary(starts, version.term, index - first)
        # A pause moves the dates that are counted from the anchor; else they stand.
        return calendar.instant(on, row.zone) if row.paused_on else row.period_at(index)

    return _steps(first, breaks, price, begins, version)


def outlook(
    sold: PlanOffer,
    discount: Discount | None,
    trial_days: int,
    on: date,
    zone: ZoneInfo,
) -> tuple[Ahead, ...]:
    """
    Return what a plan that is bought on the local day `on` costs, from its first charge
    on: today's, or the one when the trial is over.
    """
    starts = on + timedelta(days=trial_days)
    periods = discount.periods if discount else None

    def price(index: int) -> Money:
        lasts = discount is not None and (periods is None or index < periods)
        return sold.price_in(index, discount if lasts else None)

    def begins(index: int) -> datetime:
        return calendar.instant(calendar.boundary(starts, sold.term, index), zone)

    return _steps(0, [periods, sold.intro_periods], price, begins, sold)


def _intro_end(row: Subscription, prices: Prices) -> int | None:
    if row.opening_k is None:
        return None
    return row.opening_k + prices.version(row.plan_version_id).intro_periods


def _steps(
    first: int,
    breaks: Iterable[int | None],
    price: Callable[[int], Money],
    begins: Callable[[int], datetime],
    version: PlanOffer,
) -> tuple[Ahead, ...]:
    later = sorted({k for k in breaks if k is not None and k > first})
    changes = [first]
    for index in later:
        if price(index) != price(changes[-1]):
            changes.append(index)
    ends: list[int | None] = [*changes[1:], None]
    return tuple(
        _step(begins(k), price(k), version, None if end is None else end - k)
        for k, end in zip(changes, ends, strict=True)
    )


def _step(at: datetime, price: Money, version: PlanOffer, periods: int | None) -> Ahead:
    return Ahead(
        at, price, version.name, version.term_count, version.term_unit, periods
    )
