"""
The tables of what was decided. PostgreSQL keeps the decisions in a partition a day, so
that a day is dropped in no time; `store.records` writes them in plain SQL.
"""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, HelpPanel, MultiFieldPanel


class RecordingChoice(models.Model):
    """What the publisher chooses about records: part of the policy's row."""

    record_days = models.PositiveSmallIntegerField(
        _("days for which decisions are kept"),
        default=35,
        validators=[MaxValueValidator(400)],
        help_text=_(
            "So that you can tell a reader why she met the wall, and try a change of the "
            "policy on what has been. Nought keeps nothing."
        ),
    )
    record_entitled = models.BooleanField(
        _("keep what subscribers read, too"),
        default=False,
        help_text=_("More rows, and more about people; no wall needs it."),
    )

    class Meta:
        abstract = True


TRY_PANEL: Any = HelpPanel(template="gate/desk/try.html")
RECORDING_PANEL: Any = MultiFieldPanel(
    [FieldPanel("record_days"), FieldPanel("record_entitled")],
    heading=_("What is recorded"),
)


class RecordedDecision(models.Model):
    """
    A view by one identity: the inputs of its decision, and the answer. `more` has the
    inputs that have no column. Not unique by database: a partition has no such index.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    identity = models.UUIDField()
    registered = models.BooleanField()
    story_id = models.BigIntegerField()
    access = models.TextField()
    section = models.TextField()
    published_at = models.DateTimeField()
    revision = models.BigIntegerField()
    standing = models.TextField()
    count = models.IntegerField()
    allowance = models.IntegerField()  # The limit.
    policy = models.IntegerField()  # The number of a PolicyEdition.
    verdict = models.TextField()
    reason = models.TextField()
    more = models.JSONField(null=True)

    class Meta:
        verbose_name = _("recorded decision")
        verbose_name_plural = _("recorded decisions")
        default_permissions = ("view",)


class PolicyEdition(models.Model):
    """The policy as it was from `at` on. Written once, never changed."""

    number = models.AutoField(primary_key=True)
    digest = models.CharField(max_length=32, db_index=True)
    content = models.JSONField()
    at = models.DateTimeField()
    by = models.UUIDField(null=True)

    class Meta:
        default_permissions = ("view",)


class Forgotten(models.Model):
    """Whom we have just forgotten: what gates still hold of her is not written either."""

    identity = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
