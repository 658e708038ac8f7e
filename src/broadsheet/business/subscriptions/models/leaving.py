"""What readers who are leaving are asked and offered, and who of them is not offered it."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting

from .contracts import Subscription


@register_setting(icon="logout")
class LeavingPolicy(BaseGenericSetting):
    """What we offer who is leaving. There is one row, edited at the desk."""

    save_offer = models.CharField(
        _("offer for who finds it too expensive"),
        max_length=30,
        blank=True,
        help_text=_("The code of an offer. Empty: nobody is offered anything."),
    )
    holdout_percent = models.PositiveSmallIntegerField(
        _("readers who are not offered it (percent)"),
        default=10,
        validators=[MaxValueValidator(100)],
        help_text=_(
            "Always the same readers, so that the offer's effect can be measured."
        ),
    )
    refunds_on = models.BooleanField(
        _("leave at once, with the rest of the money"),
        default=True,
        help_text=_("Off: a cancelled subscription runs to the end of its paid time."),
    )

    class Meta:
        verbose_name = _("leaving policy")
        verbose_name_plural = _("leaving policy")


class Parting(models.Model):
    """
    That a reader was about to leave, in one period: why, and whether she was shown the
    offer. `group` is kept as it was drawn, whatever the policy says later.
    """

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="partings"
    )
    period_index = models.PositiveIntegerField()
    reason = models.CharField(max_length=500, blank=True)
    group = models.CharField(max_length=8, default="none")
    offer = models.CharField(max_length=30, blank=True)  # What was, or would be, shown.
    at = models.DateTimeField()
    grouped_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["subscription", "period_index"], name="one_parting_a_period"
            ),
            models.CheckConstraint(
                condition=Q(group="none", grouped_at=None)
                | Q(group__in=["offered", "held_out"], grouped_at__isnull=False),
                name="a_group_is_drawn_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["grouped_at"],
                condition=Q(grouped_at__isnull=False),
                name="partings_by_group",
            )
        ]
