"""What may be sold. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from broadsheet.kit.money import Money

# One crore rupees, ten million dollars: beyond it somebody mistyped.
HIGHEST_MINOR = 1_000_000_000
FEATURES = ("news", "adfree", "epaper", "archive")
_VERTICAL = re.compile(r"vertical:[a-z0-9][a-z0-9-]{0,48}")
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class BadPrice(Exception):
    """A price at which nothing can be sold. Nothing was changed."""


class BadPlan(Exception):
    """A plan that cannot be offered. Nothing was changed."""


def refuse_bad_price(price: Money) -> None:
    if price.minor <= 0:
        raise BadPrice("A price is more than nothing.")
    if price.minor > HIGHEST_MINOR:
        raise BadPrice("The price is too high to be meant.")


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
