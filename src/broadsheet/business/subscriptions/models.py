"""Contracts, and everything that happened to them."""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting

from .rules import OPEN, RUNNING, Paid, Status, paid_period

# Plain strings, so that migrations need nothing of ours.
OPEN_VALUES = sorted(status.value for status in OPEN)
STATUS_VALUES = sorted(status.value for status in Status)


@register_setting(icon="date")
class RenewalPolicy(BaseGenericSetting):
    """How patient we are. There is one row, edited at the desk under Settings."""

    # Access outlasts the paid time by this, so that a late worker shuts nobody out.
    courtesy_hours = models.PositiveSmallIntegerField(
        _("courtesy (hours)"), default=24, validators=[MaxValueValidator(240)]
    )
    grace_days = models.PositiveSmallIntegerField(
        _("grace after a failed payment (days)"),
        default=7,
        validators=[MaxValueValidator(90)],
    )
    retry_after_days = models.CharField(
        _("days between tries"),
        max_length=60,
        default="1 2 3",
        blank=True,
        help_text=_(
            "Whole days, separated by spaces. Empty: a failure is not retried."
        ),
    )

    class Meta:
        verbose_name = _("renewal policy")
        verbose_name_plural = _("renewal policy")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(retry_after_days__regex=r"^([0-9]{1,2}( [0-9]{1,2})*)?$"),
                name="a_ladder_is_of_days",
            )
        ]

    @property
    def ladder(self) -> list[int]:
        return [int(days) for days in self.retry_after_days.split()]


class Subscription(models.Model):
    """One reader's contract for one version of a plan."""

    id = models.UUIDField(primary_key=True)
    reader = models.ForeignKey(
        "readers.Reader",
        to_field="public_id",
        on_delete=models.PROTECT,
        related_name="+",
    )
    plan_version = models.ForeignKey(
        "catalogue.PlanVersion", on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(max_length=20)
    # The reader's local date at the start; every boundary is counted from it.
    anchor_date = models.DateField(null=True)
    anchor_tz = models.CharField(max_length=64)
    k = models.PositiveIntegerField(default=0)  # Which period is paid, from 0.
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    paid_through = models.DateTimeField(null=True)
    method_ref = models.UUIDField(null=True)  # The saved method that renewals charge.
    failures = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    grace_until = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    row_version = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["reader"],
                condition=Q(status__in=OPEN_VALUES),
                name="one_open_subscription_a_reader",
            ),
            models.CheckConstraint(
                condition=Q(status__in=STATUS_VALUES), name="subscription_status"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["paid_through", "id"],
                name="subscriptions_by_due",
                condition=Q(status__in=["active", "trialing", "past_due"]),
            ),
            models.Index(
                fields=["made_at"],
                name="checkouts_by_age",
                condition=Q(status="incomplete"),
            ),
        ]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.anchor_tz)

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING

    @property
    def reference(self) -> str:
        """What its grants are filed under."""
        return f"subscription:{self.pk}"

    def period(self, index: int) -> Paid:
        """Return period `index`, counted from the anchor. It has one once started."""
        assert self.anchor_date is not None  # noqa: S101  A started one has an anchor.
        term = self.plan_version.term
        return paid_period(self.anchor_date, term, index, self.zone)


class SubscriptionEvent(models.Model):
    """One thing that happened. Append-only; the status is the fold of these."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="events"
    )
    n = models.PositiveIntegerField()
    kind = models.CharField(max_length=16)
    at = models.DateTimeField()
    by = models.CharField(max_length=60)  # A reader's id, or the part of us that acted.
    facts = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["subscription", "n"], name="events_are_numbered"
            )
        ]


class Checkout(models.Model):
    """A reader's way from choosing a plan to having paid for it."""

    id = models.UUIDField(primary_key=True)
    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="checkouts"
    )
    plan_code = models.CharField(max_length=50)
    invoice_id = models.UUIDField(unique=True)
    request_key = models.CharField(max_length=100)
    return_path = models.CharField(max_length=500)
    attempt = models.PositiveSmallIntegerField(default=1)
    payment_id = models.UUIDField(null=True)
    pay_at = models.URLField(max_length=2000, blank=True)
    made_at = models.DateTimeField()

    @property
    def key(self) -> str:
        """The idempotency key of its present attempt, stored before any byte leaves."""
        return f"inv-{self.invoice_id}-page-{self.attempt}"


class RenewalTry(models.Model):
    """One attempt to collect a renewal, with the key it is made under."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="tries"
    )
    invoice_id = models.UUIDField()
    period_index = models.PositiveIntegerField()
    n = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=80, unique=True)
    made_at = models.DateTimeField()
    outcome = models.CharField(max_length=64, blank=True)  # Empty while it is open.
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["subscription"],
                condition=Q(closed_at=None),
                name="one_open_try_a_subscription",
            ),
            models.UniqueConstraint(
                fields=["invoice_id", "n"], name="tries_are_numbered"
            ),
        ]


class Cancellation(models.Model):
    """That a reader wants no further period: who said so, when and why."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="cancellations"
    )
    reason = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=60)
    at = models.DateTimeField()
    effective_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["subscription"],
                condition=Q(undone_at=None),
                name="cancelled_once",
            )
        ]


class HeldCredit(models.Model):
    """Money that came for what could not be given any more; it goes back."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="credits"
    )
    payment_id = models.UUIDField()
    attempt_id = models.UUIDField(unique=True)
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    held_at = models.DateTimeField()
    returned_at = models.DateTimeField(null=True, db_index=True)
