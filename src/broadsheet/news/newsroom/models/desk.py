"""What the editors choose about their own work: one row, edited at the desk."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting


@register_setting(icon="doc-full-inverse", order=50)
class Desk(BaseGenericSetting):
    picks_a_day = models.PositiveSmallIntegerField(
        _("premium picks a day"),
        default=30,
        validators=[MinValueValidator(1)],
        help_text=_("How many stories the editors mean to hand-pick each day."),
    )

    panels: ClassVar[list[Any]] = [FieldPanel("picks_a_day")]

    class Meta:
        verbose_name = _("Newsroom")
