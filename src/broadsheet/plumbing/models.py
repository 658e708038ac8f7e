"""The publication's own row, and the outbox."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _


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
