"""How patient we are with a payment, and how early we tell: the desk says so."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting


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

    renewals_on = models.BooleanField(
        _("renew"),
        default=True,
        help_text=_("Off: nobody is charged for a renewal until it is on again."),
    )
    longest_pause_days = models.PositiveSmallIntegerField(
        _("longest pause (days)"), default=90, validators=[MaxValueValidator(366)]
    )

    # Outside these days before it, a price is not raised for who has the plan.
    notice_days_most = models.PositiveSmallIntegerField(
        _("told of a new price at most (days before)"),
        default=30,
        validators=[MaxValueValidator(90)],
    )
    notice_days_least = models.PositiveSmallIntegerField(
        _("told of a new price at least (days before)"),
        default=7,
        validators=[MaxValueValidator(60)],
    )
    step_notice_days = models.PositiveSmallIntegerField(
        _("told of the end of a lower price (days before)"),
        default=21,
        validators=[MaxValueValidator(60)],
    )

    open_while_disputed = models.BooleanField(
        _("keep everything open while a payment is disputed"),
        default=True,
        help_text=_(
            "A bank takes weeks to decide. Off: what the disputed payment opened is"
            " shut until the dispute is won. Lost, it is shut either way."
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
