"""What is on sale, and what was sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

from .models import Plan, PlanVersion


class NoSuchPlan(Exception):
    """Nothing by this code is on sale. Show the plans that are."""


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """One version of a plan. `per_month` is rounded down: print `price` beside it."""

    code: str
    name: str
    version_id: int
    price: Money
    term_count: int
    term_unit: str
    months: int | None
    per_month: Money | None
    blurb: str
    benefits: tuple[str, ...]
    features: tuple[str, ...]
    tax_code: str

    @property
    def term(self) -> Term:
        return Term(self.term_count, self.term_unit)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan as the desk lists it: with or without a price, retired or not."""

    code: str
    name: str
    position: int
    retired_at: datetime | None
    versions: tuple[PlanVersion, ...]


def plans(at: datetime) -> tuple[PlanOffer, ...]:
    """Return what is on sale at `at`, in the publication's currency. One query."""
    return tuple(_offer(version) for version in _on_sale(at))


def plan(code: str, at: datetime) -> PlanOffer:
    """Return what the plan costs at `at`. Raise `NoSuchPlan` if it is not on sale."""
    # A NUL, which PostgreSQL has no way to compare with, is part of no code.
    version = None if "\0" in code else _on_sale(at).filter(plan__code=code).first()
    if version is None:
        raise NoSuchPlan(f"No plan {code[:60]!r} is on sale.")
    return _offer(version)


def version(version_id: int) -> PlanOffer:
    """Return what was sold, whether or not it is on sale still."""
    return _offer(
        PlanVersion.objects.select_related("plan__product").get(pk=version_id)
    )


def every_plan() -> tuple[PlanLine, ...]:
    """Return all plans with all their versions, newest first. Two queries."""
    rows = Plan.objects.order_by("position", "code").prefetch_related("versions")
    return tuple(
        PlanLine(
            code=row.code,
            name=row.name,
            position=row.position,
            retired_at=row.retired_at,
            versions=tuple(
                sorted(row.versions.all(), key=lambda v: v.effective_from, reverse=True)
            ),
        )
        for row in rows
    )


def _on_sale(at: datetime) -> QuerySet[PlanVersion]:
    return (
        PlanVersion.objects.select_related("plan__product")
        .filter(
            Q(retired_at=None) | Q(retired_at__gt=at),
            Q(plan__retired_at=None) | Q(plan__retired_at__gt=at),
            currency=publication.current().currency,
            effective_from__lte=at,
        )
        .order_by("plan__position", "plan__code", "-effective_from")
        .distinct("plan__position", "plan__code")
    )


def _offer(version: PlanVersion) -> PlanOffer:
    months = version.term.months
    return PlanOffer(
        code=version.plan.code,
        name=version.plan.name,
        version_id=version.pk,
        price=version.price,
        term_count=version.term_count,
        term_unit=version.term_unit,
        months=months,
        per_month=version.price.per_month(months) if months else None,
        blurb=version.plan.blurb,
        benefits=tuple(
            filter(None, map(str.strip, version.plan.benefits.splitlines()))
        ),
        features=tuple(version.plan.features),
        tax_code=version.plan.product.tax_code,
    )
