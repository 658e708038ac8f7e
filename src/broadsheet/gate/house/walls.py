"""The tables of walls by audience: variants, the rules that choose them, how often."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from broadsheet.gate.core.audience import Device, Segment, Source

from .words import check_wall_text

MOST_VARIANTS = 20  # Each is two more pieces of furniture in every gate's memory.

SEGMENTS = [
    (Segment.ANONYMOUS.value, _("Not logged in")),
    (Segment.REGISTERED.value, _("Logged in, never subscribed")),
    (Segment.LAPSED.value, _("Logged in, subscribed once")),
]
SOURCES = [
    (Source.DIRECT.value, _("Nowhere: typed, or a bookmark")),
    (Source.INTERNAL.value, _("A page of ours")),
    (Source.SEARCH.value, _("A search engine")),
    (Source.SOCIAL.value, _("A social network")),
    (Source.MAIL.value, _("Mail")),
    (Source.OTHER.value, _("Elsewhere")),
]
DEVICES = [
    (Device.PHONE.value, _("Phone")),
    (Device.TABLET.value, _("Tablet")),
    (Device.DESKTOP.value, _("Computer")),
]
STATES = [
    ("live", _("Live")),
    ("dry", _("Dry run: counted, and not shown")),
    ("off", _("Off")),
]
_SLUG = RegexValidator(r"^[a-z0-9-]+$", _("Small letters, digits and hyphens."))


class WallVariant(models.Model):
    """Other words for the wall. What is left empty is as on the ordinary wall."""

    name = models.CharField(_("name"), max_length=24, unique=True, validators=[_SLUG])
    headline = models.CharField(_("headline"), max_length=160, blank=True)
    message = models.TextField(
        _("message"),
        max_length=600,
        blank=True,
        help_text=_(
            "Variables: {{free_limit}}, {{price}}, {{plan}}, {{term}}, {{per_month}}, "
            "{{section}}. The plan is the one that is shown first."
        ),
    )
    first_plan = models.CharField(
        _("plan that is shown first"),
        max_length=80,
        blank=True,
        help_text=_("Its code, such as smart-quarterly."),
    )
    button = models.CharField(
        _("words on the buttons"),
        max_length=40,
        blank=True,
        help_text=_("Empty: “Choose”, and the plan's name."),
    )

    class Meta:
        verbose_name = _("wall variant")
        verbose_name_plural = _("wall variants")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        refused: dict[str, ValidationError] = {}
        for field in ("headline", "message", "button"):
            try:
                check_wall_text(getattr(self, field))
            except ValidationError as error:
                refused[field] = error
        if "{" in self.button:
            refused["button"] = ValidationError(_("A button has no variables."))
        others = WallVariant.objects.exclude(pk=self.pk)
        if others.count() >= MOST_VARIANTS:
            refused["name"] = ValidationError(
                _("There are %(most)s variants already; delete one first."),
                params={"most": MOST_VARIANTS},
            )
        if refused:
            raise ValidationError(refused)


class WallRule(models.Model):
    """Which variant meets whom. The first rule that holds is the one."""

    place = models.PositiveSmallIntegerField(
        _("order"), default=10, help_text=_("The lowest is asked first.")
    )
    variant = models.ForeignKey(
        WallVariant, models.PROTECT, verbose_name=_("variant that is shown")
    )
    state = models.CharField(_("state"), max_length=8, choices=STATES, default="dry")
    segment = models.CharField(_("reader"), max_length=16, blank=True, choices=SEGMENTS)
    source = models.CharField(
        _("comes from"), max_length=16, blank=True, choices=SOURCES
    )
    device = models.CharField(_("device"), max_length=16, blank=True, choices=DEVICES)
    section = models.CharField(
        _("section"),
        max_length=120,
        blank=True,
        validators=[_SLUG],
        help_text=_("As in its address: markets for /markets/."),
    )
    access = models.CharField(
        _("class of the story"),
        max_length=80,
        blank=True,
        validators=[
            RegexValidator(
                r"^(metered|premium|vertical:[a-z0-9-]+)$",
                _("metered, premium, or vertical: and its key."),
            )
        ],
        help_text=_("metered, premium, or vertical: and its key."),
    )
    language = models.CharField(
        _("language she reads first"),
        max_length=3,
        blank=True,
        validators=[RegexValidator(r"^[a-z]{2,3}$", _("Two letters, such as hi."))],
        help_text=_("Two letters, such as hi."),
    )

    class Meta:
        verbose_name = _("wall rule")
        verbose_name_plural = _("wall rules")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=("live", "dry", "off")),
                name="a_wall_rule_is_live_dry_or_off",
            )
        ]

    def __str__(self) -> str:
        return f"{self.place}: {self.variant}"


class WallHit(models.Model):
    """How often a rule has won on a day; or, if not `shown`, would have."""

    rule_id = models.BigIntegerField()  # Of a rule that may be gone.
    day = models.DateField(db_index=True)
    shown = models.BooleanField()
    times = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rule_id", "day", "shown"], name="a_rules_day_is_counted_once"
            )
        ]
