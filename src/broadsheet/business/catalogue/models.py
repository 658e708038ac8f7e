"""What is for sale. Versions are append-only: a trigger holds them to it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from broadsheet.kit.calendar import UNITS, Term
from broadsheet.kit.money import Money


class Product(models.Model):
    """What is sold and how it is taxed; its plans are the ways to buy it."""

    code = models.SlugField(_("code"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    # The service accounting code on an Indian invoice: online text-based information.
    tax_code = models.CharField(_("tax code"), max_length=12, default="998431")

    def __str__(self) -> str:
        return self.name


class Plan(models.Model):
    """One way to buy a product. Words and features here; money in its versions."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="plans")
    code = models.SlugField(_("code"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    blurb = models.CharField(_("in one line"), max_length=200, blank=True)
    benefits = models.TextField(
        _("benefits"), blank=True, help_text=_("One a line, as a reader will see them.")
    )
    features = ArrayField(models.CharField(max_length=60), verbose_name=_("opens"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    opened_at = models.DateTimeField(editable=False)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")

    def __str__(self) -> str:
        return self.name


class PlanVersion(models.Model):
    """A price and a term, as sold. Only `retired_at` is ever written a second time."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    currency = models.CharField(max_length=3)
    price_minor = models.BigIntegerField()
    tax_inclusive = models.BooleanField(default=True)
    term_count = models.PositiveSmallIntegerField()
    term_unit = models.CharField(max_length=5)
    # The first periods may cost less; a trial comes before any of them.
    intro_minor = models.BigIntegerField(null=True, blank=True)
    intro_periods = models.PositiveSmallIntegerField(default=0)
    trial_days = models.PositiveSmallIntegerField(default=0)
    effective_from = models.DateTimeField()
    # From when readers who have an older version pay this one; never, unless said.
    effective_for_existing_from = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["plan", "currency", "effective_from"],
                name="one_version_takes_effect_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["plan", "currency"],
                condition=models.Q(retired_at=None),
                name="one_version_has_no_end",
            ),
            models.CheckConstraint(
                condition=models.Q(price_minor__gte=0), name="a_price_is_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(intro_minor=None, intro_periods=0)
                | models.Q(
                    intro_minor__gte=0,
                    intro_minor__lt=models.F("price_minor"),
                    intro_periods__gt=0,
                ),
                name="an_intro_price_is_lower_and_ends",
            ),
            models.CheckConstraint(
                condition=models.Q(term_count__gt=0, term_unit__in=UNITS),
                name="a_term_is_whole_units",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan.name}, {self.price}"

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def term(self) -> Term:
        return Term(self.term_count, self.term_unit)

    @property
    def terms(self) -> tuple[Money, Term, int | None, int, int]:
        """What a reader agrees to."""
        start = (self.intro_minor, self.intro_periods, self.trial_days)
        return (self.price, self.term, *start)


class Offer(models.Model):
    """Something off the price, for a while. Terms are never edited; it can be closed."""

    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=120)
    percent = models.PositiveSmallIntegerField(null=True)
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    periods = models.PositiveSmallIntegerField(null=True)  # Null: for ever.
    plans = models.ManyToManyField(Plan, related_name="+")  # None: every plan.
    most = models.PositiveIntegerField(null=True)  # How often it may be taken.
    taken = models.PositiveIntegerField(default=0)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(
                    percent__range=(1, 100), amount_minor=None, currency=""
                )
                | (models.Q(percent=None, amount_minor__gt=0) & ~models.Q(currency="")),
                name="an_offer_is_a_share_or_an_amount",
            ),
            models.CheckConstraint(
                condition=models.Q(periods=None) | models.Q(periods__gt=0),
                name="an_offer_lasts_a_period_or_more",
            ),
            # Whatever runs at once: no more than so many are ever taken (I31).
            models.CheckConstraint(
                condition=models.Q(most=None) | models.Q(taken__lte=models.F("most")),
                name="an_offer_is_not_overdrawn",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Redemption(models.Model):
    """That a reader took an offer for a subscription; once each, unless given back."""

    offer = models.ForeignKey(
        Offer, on_delete=models.PROTECT, related_name="redemptions"
    )
    reader = models.UUIDField()
    subscription_ref = models.UUIDField(db_index=True)
    taken_at = models.DateTimeField()
    given_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["offer", "reader"],
                condition=models.Q(given_back_at=None),
                name="a_reader_takes_an_offer_once",
            )
        ]


class Region(models.Model):
    """In which currency readers of a country are asked to pay. Nothing is converted."""

    country = models.CharField(_("country"), max_length=2, unique=True)
    currency = models.CharField(_("currency"), max_length=3)

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")

    def __str__(self) -> str:
        return f"{self.country}: {self.currency}"
