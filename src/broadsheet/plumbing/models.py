"""The publication's own row, the outbox, and what staff did at the desk."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext_lazy as _
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting


class Publication(models.Model):
    """What this installation publishes. There is one row, and its key is 1."""

    name = models.CharField(_("name"), max_length=80, default="Broadsheet")
    tagline = models.CharField(_("tagline"), max_length=160, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="Asia/Kolkata")
    locale = models.CharField(_("locale"), max_length=16, default="en-IN")
    currency = models.CharField(_("currency"), max_length=3, default="INR")
    support_mail = models.EmailField(_("support mail"), default="support@example.com")
    # A publication on a test clock lives this much after the wall clock.
    clock_offset = models.DurationField(default=timedelta(0), editable=False)

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publication")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pk=1), name="there_is_one_publication"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Announcement(models.Model):
    """A fact that a room announced, kept until every handler has heard it."""

    id = models.UUIDField(primary_key=True)
    topic = models.CharField(max_length=120)
    payload = models.JSONField()
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [
            # Which letters a reader was sent.
            models.Index(
                KeyTextTransform("reader", "payload"),
                models.F("at").desc(),
                name="announced_of_a_reader",
                condition=models.Q(payload__has_key="reader"),
            )
        ]


class Delivery(models.Model):
    """One handler's hearing of one announcement."""

    announcement = models.ForeignKey(
        Announcement, on_delete=models.CASCADE, related_name="deliveries"
    )
    handler = models.CharField(max_length=160)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["announcement", "handler"], name="a_handler_hears_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="delivery_waiting",
                condition=models.Q(done_at=None),
            )
        ]


class DeskAct(models.Model):
    """
    What one of the staff did for a reader, or with what is known of her, and why.
    Append-only: a trigger refuses to change or remove one.
    """

    id = models.UUIDField(primary_key=True)
    # What tells one click from its double: the same key is the same act.
    key = models.CharField(max_length=80, unique=True)
    actor = models.UUIDField()
    subject = models.UUIDField(null=True)  # Null: of many readers, as a list taken out.
    verb = models.CharField(max_length=20)
    reason = models.CharField(max_length=500)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    # What went back to her, so that limits can be kept.
    minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        permissions = [
            ("see_subscribers", "Can see subscribers at the desk"),
            ("see_personal_data", "Can see names and addresses unmasked"),
            ("reveal_personal_data", "Can reveal a name and address, recorded"),
            ("note_subscribers", "Can leave a note on a subscriber"),
            ("serve_subscribers", "Can cancel, pause and resend for a subscriber"),
            ("give_days", "Can give subscriptions and days for nothing"),
            ("move_plans", "Can move a subscriber to another plan"),
            ("refund_within_limit", "Can refund up to the limit of the desk"),
            ("refund_any", "Can refund whatever was paid"),
            ("export_subscribers", "Can take lists of subscribers out"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="an_act_has_a_reason"
            )
        ]
        indexes = [
            models.Index(fields=["subject", "-at", "-id"], name="acts_on_a_reader"),
            models.Index(fields=["-at", "-id"], name="acts_in_order"),
        ]


@register_setting(icon="user")
class DeskLimits(BaseGenericSetting):
    """How far staff may go by themselves. One row, edited at the desk under Settings."""

    refund_minor = models.PositiveBigIntegerField(
        _("refund limit (in paise, cents)"),
        default=100_000,
        help_text=_(
            "The most that one of the support staff gives back to one reader in thirty "
            "days, in the smallest unit of the money."
        ),
    )

    class Meta:
        verbose_name = _("limits of the desk")
        verbose_name_plural = _("limits of the desk")
