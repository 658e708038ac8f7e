"""The tables of gifts: the desk's terms, the links, and who has opened them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting

from broadsheet.gate.core.gifts import DEFAULT_TERMS


def _number(label: Any, default: int, least: int, most: int, text: Any) -> Any:
    return models.PositiveSmallIntegerField(
        label,
        default=default,
        validators=[MinValueValidator(least), MaxValueValidator(most)],
        help_text=text,
    )


@register_setting(icon="link", order=110)
class GiftTerms(BaseGenericSetting):
    """What a subscriber may give: one row, edited at the desk."""

    allowance = _number(
        _("stories that a subscriber may give in a month"),
        DEFAULT_TERMS.allowance,
        0,
        1000,
        _("Nothing can be given with 0; what was given before stays good."),
    )
    opens = _number(
        _("devices that may open one gift"),
        DEFAULT_TERMS.opens,
        1,
        10_000,
        _("Opening it again on the same device is free."),
    )
    days = _number(_("days for which a gift is valid"), DEFAULT_TERMS.days, 1, 365, "")
    per_device = _number(
        _("gifts that one device may open in a month"),
        DEFAULT_TERMS.per_device,
        1,
        10_000,
        _("So that nobody reads the whole paper on other people's subscriptions."),
    )
    outlives = models.BooleanField(
        _("a gift stays good when its giver's subscription ends"),
        default=DEFAULT_TERMS.outlives,
    )

    panels: ClassVar[list[Any]] = [
        MultiFieldPanel(
            [FieldRowPanel([FieldPanel("allowance"), FieldPanel("opens")])]
            + [FieldRowPanel([FieldPanel("days"), FieldPanel("per_device")])]
            + [FieldPanel("outlives")],
            heading=_("Gifts"),
            help_text=_("Links that are already given keep their opens and days."),
        )
    ]

    class Meta:
        verbose_name = _("Gifts")


class GiftMonth(models.Model):
    """How many stories a reader has given in a month: the lock of her allowance."""

    giver = models.UUIDField()
    month = models.DateField()  # Its first day, in the publication's zone.
    given = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["giver", "month"], name="a_reader_has_one_allowance_a_month"
            )
        ]


class GiftLink(models.Model):
    """A story that a subscriber has given. The address is made of it, and not kept."""

    nonce = models.UUIDField(primary_key=True)
    story_id = models.BigIntegerField()
    giver = models.UUIDField()
    month = models.DateField()
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)  # A whole second.
    opens = models.PositiveSmallIntegerField()
    opened = models.PositiveSmallIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["giver", "month"], name="gifts_of_a_reader")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(opened__lte=models.F("opens")),
                name="a_gift_lets_in_no_more_than_it_may",
            )
        ]


class GiftOpening(models.Model):
    """A device has opened a gift. It may come back as often as it likes."""

    link = models.ForeignKey(GiftLink, on_delete=models.CASCADE)
    device = models.UUIDField()
    opened_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["device", "opened_at"], name="gifts_of_a_device")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["link", "device"], name="a_device_opens_a_gift_once"
            )
        ]
