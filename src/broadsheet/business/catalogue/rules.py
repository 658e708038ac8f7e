"""What may be sold. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from broadsheet.kit.money import Money, half_up

# One crore rupees, ten million dollars: beyond it somebody mistyped.
HIGHEST_MINOR = 1_000_000_000
FEATURES = ("news", "adfree", "epaper", "archive")
_VERTICAL = re.compile(r"vertical:[a-z0-9][a-z0-9-]{0,48}")
_OFFER_CODE = re.compile(r"[A-Z0-9]{3,30}")
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class BadPrice(Exception):
    """A price at which nothing can be sold. Nothing was changed."""


class BadOffer(Exception):
    """An offer that cannot be made. Nothing was changed."""


class BadPlan(Exception):
    """A plan that cannot be offered. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a plan begins: a trial, then so many periods at a lower price."""

    intro: Money | None = None
    intro_periods: int = 0
    trial_days: int = 0


@dataclass(frozen=True, slots=True)
class Discount:
    """What an offer takes off, for `periods` periods; None: for ever."""

    code: str
    name: str
    percent: int | None = None
    amount: Money | None = None
    periods: int | None = 1

    def off(self, price: Money) -> Money:
        """Return what is left of the price; never less than nothing."""
        if self.amount is not None:
            return max(price - self.amount, Money(0, price.currency))
        taken = half_up(price.minor * (self.percent or 0), 100)
        return Money(price.minor - taken, price.currency)


def refuse_bad_price(price: Money, *, free: bool = False) -> None:
    if free and price.minor:
        raise BadPrice("What is free costs nothing.")
    if price.minor <= 0 and not free:
        raise BadPrice("A price is more than nothing.")
    if price.minor > HIGHEST_MINOR:
        raise BadPrice("The price is too high to be meant.")


def refuse_bad_opening(price: Money, opening: Opening) -> None:
    """Refuse first periods and trials that cannot be meant."""
    intro, periods, days = opening.intro, opening.intro_periods, opening.trial_days
    if (intro is None) != (periods == 0):
        raise BadPrice("An introductory price says for how many periods it holds.")
    if intro is not None and not Money(0, intro.currency) <= intro < price:
        raise BadPrice("An introductory price is lower than the price.")
    if not (0 <= periods <= 60 and 0 <= days <= 366):
        raise BadPrice(
            "An introduction lasts 60 periods, or a trial 366 days, at most."
        )


def refuse_bad_offer(offer: Discount, most: int | None) -> None:
    percent, amount, periods = offer.percent, offer.amount, offer.periods
    if _OFFER_CODE.fullmatch(offer.code) is None:
        raise BadOffer(
            f"{offer.code[:40]!r} is not a code: capital letters and digits."
        )
    if not offer.name.strip():
        raise BadOffer("An offer has a name.")
    if (percent is None) == (amount is None):
        raise BadOffer("An offer takes off a percentage or an amount, not both.")
    if percent is not None and not 1 <= percent <= 100:
        raise BadOffer("An offer takes off 1 to 100 percent.")
    if amount is not None and not 0 < amount.minor <= HIGHEST_MINOR:
        raise BadOffer("An offer takes off more than nothing.")
    if periods is not None and not 1 <= periods <= 120:
        raise BadOffer("An offer lasts from 1 to 120 periods, or for ever.")
    if most is not None and not 1 <= most <= 10_000_000:
        raise BadOffer("An offer may be taken once or more.")


def refuse_bad_plan(code: str, name: str, features: Iterable[str]) -> None:
    if len(code) > 50 or _CODE.fullmatch(code) is None:
        raise BadPlan(f"{code!r} is not a code: small letters, digits, single hyphens.")
    if not name.strip():
        raise BadPlan("A plan has a name.")
    features = list(features)
    if not features:
        raise BadPlan("A plan opens something; it names one feature or more.")
    for feature in features:
        if feature not in FEATURES and _VERTICAL.fullmatch(feature) is None:
            raise BadPlan(f"{feature!r} is nothing that a plan can open.")
