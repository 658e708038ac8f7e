"""What was asked for, each try at it, saved methods, and what providers told us."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from broadsheet.kit.money import Money

from .rules import OPEN, DisputeStatus, Standing, Status, Trouble

STATUSES = [(status.value, status.value) for status in Status]
OPEN_VALUES = sorted(status.value for status in OPEN)


class PaymentMethod(models.Model):
    """A saved instrument. The provider keeps the card; we keep what names it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reader = models.ForeignKey(
        "readers.Reader",
        to_field="public_id",
        on_delete=models.PROTECT,
        related_name="+",
    )
    provider = models.CharField(max_length=32)
    token_ref = models.CharField(max_length=128)
    network = models.CharField(_("network"), max_length=16)
    last4 = models.CharField(_("last four digits"), max_length=4)
    expires = models.DateField(_("valid through"))
    # Of what the provider last said of it: the greatest is the latest.
    version = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "token_ref"], name="a_method_is_saved_once"
            ),
            models.CheckConstraint(
                condition=Q(last4__regex=r"^[0-9]{4}$"),
                name="a_method_keeps_four_digits",
            ),
        ]


class Payment(models.Model):
    """What is to be collected for one invoice. Its attempts say how it stands."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    invoice_ref = models.CharField(max_length=64, unique=True)
    reader = models.ForeignKey(
        "readers.Reader",
        to_field="public_id",
        on_delete=models.PROTECT,
        related_name="+",
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="a_payment_asks_for_something"
            )
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class Attempt(models.Model):
    """One try to collect a payment: one key, one object at the provider."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="attempts"
    )
    n = models.PositiveSmallIntegerField()
    provider = models.CharField(max_length=32)
    idempotency_key = models.CharField(max_length=128, unique=True)
    request_fingerprint = models.CharField(max_length=64)
    # The request itself, so that it can be sent again, to the letter, under its key.
    method = models.ForeignKey(
        PaymentMethod, null=True, on_delete=models.PROTECT, related_name="+"
    )
    description = models.CharField(max_length=200)
    return_url = models.URLField(max_length=2000, blank=True)
    # What the provider answered.
    provider_ref = models.CharField(max_length=128, blank=True)
    pay_at = models.URLField(max_length=2000, blank=True)
    saved_method = models.ForeignKey(
        PaymentMethod, null=True, on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(max_length=16, choices=STATUSES)
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    # What banks have taken back and not returned: disputes that are open or lost.
    disputed_minor = models.BigIntegerField(default=0)
    hard = models.BooleanField(default=False)
    reason = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    # The reconciler's: how often it asked, and when it asks again.
    checks = models.PositiveSmallIntegerField(default=0)
    check_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "n"], name="attempts_are_numbered"
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(status__in=OPEN_VALUES),
                name="one_open_attempt_a_payment",
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_ref"],
                condition=~Q(provider_ref=""),
                name="a_provider_ref_is_one_attempt",
            ),
            models.CheckConstraint(
                condition=Q(status="succeeded", captured_minor__gt=0)
                | (~Q(status="succeeded") & Q(captured_minor=0)),
                name="only_success_captures",
            ),
            models.CheckConstraint(
                condition=Q(
                    refunded_minor__gte=0,
                    disputed_minor__gte=0,
                    captured_minor__gte=F("refunded_minor") + F("disputed_minor"),
                ),
                name="what_goes_back_is_within_the_capture",
            ),
        ]
        indexes = [
            models.Index(
                fields=["check_at"],
                name="attempt_to_check",
                condition=Q(check_at__isnull=False),
            ),
            # What a bank's or a provider's letter names: the desk looks it up.
            models.Index(
                fields=["provider_ref"],
                name="attempts_by_reference",
                condition=~Q(provider_ref=""),
            ),
        ]

    @property
    def standing(self) -> Standing:
        return Standing(
            Status(self.status),
            captured=self.captured_minor,
            refunded=self.refunded_minor,
            hard=self.hard,
            reason=self.reason,
        )


class Refund(models.Model):
    """Money to give back, with the key under which it is asked for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.ForeignKey(
        Attempt, on_delete=models.PROTECT, related_name="refunds"
    )
    amount_minor = models.BigIntegerField()
    idempotency_key = models.CharField(max_length=128, unique=True)
    provider_ref = models.CharField(max_length=128, blank=True)
    status = models.CharField(
        max_length=16,
        choices=[(one, one) for one in ("submitted", "succeeded", "refused")],
    )
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="a_refund_gives_something"
            )
        ]


class Dispute(models.Model):
    """A payer who asked her bank for the money back, and how that stands."""

    attempt = models.ForeignKey(
        Attempt, on_delete=models.PROTECT, related_name="disputes"
    )
    dispute_ref = models.CharField(max_length=128)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=64)
    status = models.CharField(
        max_length=8, choices=[(one.value, one.value) for one in DisputeStatus]
    )
    opened_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "dispute_ref"], name="a_dispute_is_kept_once"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="a_dispute_takes_something"
            ),
        ]


class Concern(models.Model):
    """Something about a payment that no program may decide: a person looks at it."""

    kind = models.CharField(
        max_length=20, choices=[(one.value, one.value) for one in Trouble]
    )
    subject = models.CharField(max_length=200)  # What it is about, in its own id.
    attempt = models.ForeignKey(
        Attempt, null=True, on_delete=models.PROTECT, related_name="concerns"
    )
    detail = models.CharField(max_length=300)
    raised_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=200, blank=True)  # "" by what happened.
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("payment to look at")
        verbose_name_plural = _("payments to look at")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], name="a_concern_is_raised_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["raised_at"],
                name="concern_to_look_at",
                condition=Q(closed_at=None),
            )
        ]


class InboundEvent(models.Model):
    """What a provider told us, byte for byte, kept before anything is done about it."""

    provider = models.CharField(max_length=32)
    event_id = models.CharField(max_length=128)
    body = models.BinaryField()
    # Which secret proved it: "current", or "previous" while one is being changed.
    # "asked": nobody sent it, we read it at the provider ourselves.
    verified = models.CharField(max_length=16)
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "event_id"], name="an_event_is_kept_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["outcome"],
                name="event_not_applied",
                condition=Q(applied_at=None),
            )
        ]


class Reading(models.Model):
    """How far we have read in a provider's own list of its events."""

    provider = models.CharField(max_length=32, unique=True)
    after = models.CharField(max_length=128, blank=True)
