"""Contracts, and everything that happened to them."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q

from broadsheet.kit import calendar

from ..rules import CHARGED, OPEN, RUNNING, Paid, Status, paid_period, share

# Plain strings, so that migrations need nothing of ours.
OPEN_VALUES = sorted(status.value for status in OPEN)
CHARGED_VALUES = sorted(status.value for status in CHARGED)
STATUS_VALUES = sorted(status.value for status in Status)


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
    # Which period starts on the anchor: a later one after a pause or a change of plan.
    anchor_k = models.PositiveIntegerField(default=0)
    k = models.PositiveIntegerField(default=0)  # Which period is paid. Only ever grows.
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    paid_through = models.DateTimeField(null=True)
    # What the present period is worth to her and how many days that is for: what she
    # gives up of it is given back as a share of this.
    worth_minor = models.BigIntegerField(default=0)
    worth_days = models.PositiveIntegerField(default=0)
    # When a worker is to collect next. Null: never, unless something happens first.
    due_at = models.DateTimeField(null=True)
    # Whether another period is to follow at all: a complimentary one just ends.
    renews = models.BooleanField(default=True)
    cancel_at = models.DateTimeField(null=True)  # As its open cancellation says.
    paused_on = models.DateField(null=True)  # Of a pause asked for, or in force.
    resumes_on = models.DateField(null=True)
    # From which period the plan's opening price counts; null: it has none for her.
    opening_k = models.PositiveIntegerField(null=True, default=0)
    offer = models.ForeignKey(
        "catalogue.Offer", on_delete=models.PROTECT, null=True, related_name="+"
    )
    offer_until_k = models.PositiveIntegerField(null=True)  # Null: for ever.
    method_ref = models.UUIDField(null=True)  # The saved method that renewals charge.
    failures = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    grace_until = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # The one that she had before, if she has come back.
    previous = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+"
    )
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
            models.CheckConstraint(
                condition=Q(due_at=None)
                | Q(
                    status__in=CHARGED_VALUES,
                    renews=True,
                    cancel_at=None,
                    paused_on=None,
                ),
                name="only_who_wants_more_is_charged",
            ),
            models.CheckConstraint(
                condition=Q(paused_on=None, resumes_on=None)
                | Q(resumes_on__gt=F("paused_on")),
                name="a_pause_ends_after_it_starts",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["due_at", "id"],
                name="subscriptions_by_due",
                condition=Q(due_at__isnull=False),
            ),
            models.Index(
                fields=["resumes_on", "id"],
                name="pauses_by_end",
                condition=Q(status="paused"),
            ),
            models.Index(
                fields=["grace_until", "id"],
                name="graces_by_end",
                condition=Q(status="past_due"),
            ),
            models.Index(
                fields=["made_at"],
                name="checkouts_by_age",
                condition=Q(status="incomplete"),
            ),
            models.Index(
                fields=["status", "-started_at", "-id"],
                name="subscriptions_by_status",
                condition=Q(started_at__isnull=False),
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

    @property
    def runs_until(self) -> datetime:
        """The end of what is paid, the days of a pause that is to come included."""
        assert self.period_end and self.paid_through  # noqa: S101  It has started.
        if self.paused_on is None or self.resumes_on is None:
            return self.paid_through
        days = self.resumes_on - self.paused_on
        return calendar.instant(self.period_end + days, self.zone)

    def rest(self, on: date) -> int:
        """Return how many paid days are left, `on` itself among them."""
        assert self.period_end is not None  # noqa: S101  It has started.
        stopped = self.paused_on if self.status == Status.PAUSED else None
        return max(0, (self.period_end - (stopped or on)).days)

    def worth_of(self, days: int) -> int:
        """Return what `days` of the present period are worth, in minor units."""
        return share(self.worth_minor, min(days, self.worth_days), self.worth_days)

    @property
    def resumed_reference(self) -> str:
        """What is granted from the end of a pause on, while that is still to come."""
        return f"{self.reference}:resumed"

    def period_at(self, index: int) -> datetime:
        """Return the instant at which period `index` begins."""
        return calendar.instant(self.period(index).period.start, self.zone)

    def period(self, index: int) -> Paid:
        """Return period `index`, counted from the anchor. It has one once started."""
        assert self.anchor_date is not None  # noqa: S101  A started one has an anchor.
        term = self.plan_version.term
        since = self.anchor_k
        return paid_period(self.anchor_date, term, index, self.zone, since=since)


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
    invoice_id = models.UUIDField(null=True, unique=True)  # Null: nothing to pay.
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
    # What is sold: another version than last time, if a price has changed.
    plan_version = models.ForeignKey(
        "catalogue.PlanVersion", on_delete=models.PROTECT, related_name="+"
    )
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
