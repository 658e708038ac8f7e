"""What a contract is to become, what a reader was told, and what goes back to her."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from .contracts import Subscription


class ScheduledChange(models.Model):
    """
    What is to become of a subscription: another plan or a pause, at an instant. One at
    a time is open. A change that is paid for at once waits for its `invoice_id`.
    """

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="changes"
    )
    kind = models.CharField(max_length=5)
    effective_at = models.DateTimeField()
    plan_version = models.ForeignKey(
        "catalogue.PlanVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    resumes_on = models.DateField(null=True)
    invoice_id = models.UUIDField(null=True, unique=True)
    based_on_k = models.PositiveIntegerField()  # The period in which it was asked.
    request_key = models.CharField(max_length=64, blank=True, db_index=True)
    credit_minor = models.BigIntegerField(default=0)
    debit_minor = models.BigIntegerField(default=0)
    # How the contract stood before it was changed, to go back on the same day.
    before = models.JSONField(default=dict)
    by = models.CharField(max_length=60)
    asked_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["subscription"],
                condition=Q(closed_at=None),
                name="one_open_change_a_subscription",
            ),
            models.CheckConstraint(
                condition=Q(kind="plan", plan_version__isnull=False, resumes_on=None)
                | Q(kind="pause", plan_version=None, resumes_on__isnull=False),
                name="a_change_is_a_plan_or_a_pause",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["effective_at", "id"],
                condition=Q(closed_at=None),
                name="changes_by_due",
            )
        ]


class HeldCredit(models.Model):
    """
    Money that goes back to a reader: what came for something that could not be given
    any more, or the rest of what she gave up. It is sent under `key`.
    """

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="credits"
    )
    payment_id = models.UUIDField()
    attempt_id = models.UUIDField()
    key = models.CharField(max_length=80, unique=True)
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=64, blank=True)
    held_at = models.DateTimeField()
    returned_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(minor__gt=0), name="a_credit_is_something"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["held_at", "id"],
                condition=Q(returned_at=None),
                name="credits_by_age",
            )
        ]


class PriceNotice(models.Model):
    """That a reader was told what the period to come costs, before it costs more."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="notices"
    )
    plan_version = models.ForeignKey(
        "catalogue.PlanVersion", on_delete=models.PROTECT, related_name="+"
    )
    period_index = models.PositiveIntegerField()
    why = models.CharField(max_length=5)  # price, step or trial.
    before_minor = models.BigIntegerField()
    after_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["subscription", "period_index", "plan_version", "after_minor"],
                name="told_once",
            ),
            models.CheckConstraint(
                condition=Q(why__in=["price", "step", "trial"]), name="why_it_is_told"
            ),
        ]
