"""Plans: open one, price it, retire it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money
from broadsheet.plumbing import outbox

from ..events import OfferChanged
from ..models import Plan, PlanVersion, Product
from ..queries import NoSuchPlan
from ..rules import (
    BadPlan,
    BadPrice,
    Opening,
    refuse_bad_opening,
    refuse_bad_plan,
    refuse_bad_price,
)

PLAIN = Opening()
OPENS = ("news", "adfree", "epaper", "archive", "vertical:smart-investor")
BENEFITS = (
    "Every story, premium ones included: more than 30 a day, chosen by our editors",
    "The e-paper: each page as printed, to read, save and share",
    "Curated newsletters on markets, finance, politics and technology",
    "Market analysis and insight with The Smart Investor",
    "The archive, back to 1997",
    "No advertisements",
    "On your phone, tablet and computer",
)
# The three founding plans: code, name, rupees for the whole term, term, one line.
FOUNDING = (
    ("smart-quarterly", "Smart Quarterly", 900, Term(3, "month"), "Three months"),
    ("smart-essential", "Smart Essential", 2_700, Term(1, "year"), "One year"),
    ("super-saver", "Super Saver", 3_900, Term(2, "year"), "Two years"),
)


@transaction.atomic
def open_shop(*, at: datetime) -> None:
    """Make the founding plans, unless they exist. Never touches one that does."""
    for position, (code, name, rupees, term, blurb) in enumerate(FOUNDING, start=1):
        if Plan.objects.filter(code=code).exists():
            continue
        open_plan(
            code=code,
            name=name,
            blurb=blurb,
            benefits=BENEFITS,
            features=OPENS,
            position=position,
            at=at,
        )
        price(plan_code=code, price=Money(rupees * 100, "INR"), term=term, at=at)


@transaction.atomic
def open_plan(
    *,
    code: str,
    name: str,
    features: Sequence[str],
    blurb: str = "",
    benefits: Sequence[str] = (),
    position: int = 0,
    product_code: str = "digital",
    at: datetime,
) -> Plan:
    """Make a plan, which is on sale once it has a price. Raise `BadPlan`."""
    refuse_bad_plan(code, name, features)
    if Plan.objects.filter(code=code).exists():
        raise BadPlan(f"There is a plan {code!r} already.")
    product, _ = Product.objects.get_or_create(
        code=product_code, defaults={"name": "Digital subscription"}
    )
    return Plan.objects.create(
        product=product,
        code=code,
        name=name.strip(),
        blurb=blurb,
        benefits="\n".join(benefits),
        features=list(features),
        position=position,
        opened_at=at,
    )


@transaction.atomic
def price(
    *,
    plan_code: str,
    price: Money,
    term: Term,
    effective_from: datetime | None = None,
    for_existing_from: datetime | None = None,
    opening: Opening = PLAIN,
    free: bool = False,
    by: str = "",
    at: datetime,
) -> PlanVersion:
    """
    Sell the plan at this price from `effective_from` (now, unless said) and return the
    new version; the one before it in this currency is retired at that instant. Those
    who bought that keep its price; or, from `for_existing_from` on, pay the new one,
    once they have been told. Its `opening` is a trial, or lower first periods; a plan
    that costs nothing is `free`. The same again changes nothing. Raise `BadPrice`,
    `NoSuchPlan`. Locks the plan's row.
    """
    refuse_bad_price(price, free=free)
    refuse_bad_opening(price, opening)
    starts = effective_from or at
    if starts < at or (for_existing_from is not None and for_existing_from < starts):
        raise BadPrice("A price cannot take effect in the past.")
    made = PlanVersion(
        plan=_lock(plan_code),
        currency=price.currency,
        price_minor=price.minor,
        term_count=term.count,
        term_unit=term.unit,
        intro_minor=opening.intro.minor if opening.intro is not None else None,
        intro_periods=opening.intro_periods,
        trial_days=opening.trial_days,
        effective_from=starts,
        effective_for_existing_from=for_existing_from,
        made_at=at,
        made_by=by,
    )
    return _replace(made)


def _replace(made: PlanVersion) -> PlanVersion:
    """Let a version take the place of the last one, unless it is the same."""
    last = made.plan.versions.filter(currency=made.currency, retired_at=None).first()
    if last is not None:
        if last.terms == made.terms and made.effective_for_existing_from is None:
            return last
        if last.effective_from >= made.effective_from:
            raise BadPrice("A price from that moment, or a later one, is set already.")
        last.retired_at = made.effective_from
        last.save(update_fields=["retired_at"])
    made.save()
    outbox.announce(OfferChanged(made.plan.code), at=made.made_at)
    return made


@transaction.atomic
def retire(*, plan_code: str, at: datetime) -> None:
    """Stop selling the plan. Those who have it keep it, and renew it."""
    plan = _lock(plan_code)
    if plan.retired_at is None:
        plan.retired_at = at
        plan.save(update_fields=["retired_at"])
        outbox.announce(OfferChanged(plan_code), at=at)


def _lock(code: str) -> Plan:
    plan = Plan.objects.select_for_update().filter(code=code).first()
    if plan is None:
        raise NoSuchPlan(f"There is no plan {code[:60]!r}.")
    return plan
