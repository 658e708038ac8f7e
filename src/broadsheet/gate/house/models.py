"""
The gate's tables. `gate.store.postgres` reads them in plain SQL, so a column that is
renamed here is renamed there; one suite of behaviour holds both.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting

from broadsheet.gate.core.vocabulary import FIRST_VERTICAL_BIT, LAST_VERTICAL_BIT

from .gifts import GiftLink as GiftLink
from .gifts import GiftMonth as GiftMonth
from .gifts import GiftOpening as GiftOpening
from .gifts import GiftTerms as GiftTerms
from .machines import CrawlerDocument as CrawlerDocument
from .machines import CrawlerRule as CrawlerRule
from .machines import CrawlerVisit as CrawlerVisit
from .newcomers import NewcomerRow as NewcomerRow
from .newcomers import NewcomerSalt as NewcomerSalt
from .pools import Pool as Pool
from .pools import PoolRule as PoolRule
from .pressed import PressedListing as PressedListing
from .pressed import Release as Release
from .records import RECORDING_PANEL, TRY_PANEL, RecordingChoice
from .records import Forgotten as Forgotten
from .records import PolicyEdition as PolicyEdition
from .records import RecordedDecision as RecordedDecision
from .walls import WallHit as WallHit
from .walls import WallRule as WallRule
from .walls import WallVariant as WallVariant
from .words import check_wall_text as check_wall_text

WALLS = ("metered", "premium", "cookies", "register")
WALL_FIELDS = tuple(
    f"{kind}_{part}" for kind in WALLS for part in ("headline", "message")
)


def _headline(label: Any, default: str) -> models.CharField[str, str]:
    return models.CharField(label, max_length=160, default=default)


def _message(label: Any, default: str) -> models.TextField[str, str]:
    return models.TextField(
        label,
        max_length=600,
        default=default,
        blank=True,
        help_text=_(
            "Variables: {{free_limit}}, {{price}}, {{plan}}, {{term}}, {{per_month}}, "
            "{{section}}, {{pool}}."
        ),
    )


def _new_devices(label: Any, help_text: Any) -> Any:
    return models.PositiveSmallIntegerField(
        label, default=0, validators=[MaxValueValidator(1000)], help_text=help_text
    )


@register_setting(icon="lock", order=100)
class Policy(RecordingChoice, BaseGenericSetting):
    """What the publisher chooses about the gate: one row, edited at the desk."""

    limit_anonymous = models.PositiveSmallIntegerField(
        _("free stories for everybody"), default=3, validators=[MaxValueValidator(100)]
    )
    extra_registered = models.PositiveSmallIntegerField(
        _("more free stories after signing up"),
        default=2,
        validators=[MaxValueValidator(100)],
    )
    period = models.CharField(
        _("period"),
        max_length=16,
        default="month",
        choices=[("month", _("Calendar month")), ("rolling30", _("The last 30 days"))],
    )
    lead_in_min = models.PositiveSmallIntegerField(
        _("words before the wall, at least"), default=50
    )
    lead_in_max = models.PositiveSmallIntegerField(
        _("words before the wall, at most"), default=100
    )
    store_down = models.CharField(
        _("when the meter cannot be reached"),
        max_length=8,
        default="open",
        choices=[
            ("open", _("Open metered stories")),
            ("closed", _("Close metered stories")),
        ],
    )
    line_from = models.PositiveSmallIntegerField(
        _("say how many are read from this free story on"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(200)],
        help_text=_("With 1, from the first; the last one is always announced."),
    )
    metered_headline = _headline(
        _("headline"),
        gettext_noop(
            "You've reached your limit of {{free_limit}} free {{pool}} articles this "
            "month"
        ),
    )
    metered_message = _message(
        _("message"),
        gettext_noop("{{plan}} is {{price}} {{term}}: {{per_month}} a month."),
    )
    premium_headline = _headline(
        _("headline"), gettext_noop("Subscribe to read the full story")
    )
    premium_message = _message(
        _("message"),
        gettext_noop(
            "This story is for subscribers. {{plan}} is {{price}} {{term}}: "
            "{{per_month}} a month."
        ),
    )
    cookies_headline = _headline(
        _("headline"), gettext_noop("Your browser keeps no cookies")
    )
    cookies_message = _message(
        _("message"),
        gettext_noop(
            "To read your {{free_limit}} free stories, allow cookies for this site, "
            "or log in."
        ),
    )

    register_headline = _headline(
        _("headline"), gettext_noop("Sign up to read your free {{pool}} stories")
    )
    register_message = _message(
        _("message"),
        gettext_noop(
            "Many new readers have come from your network today. Sign up, and "
            "{{free_limit}} stories are yours."
        ),
    )
    new_devices = _new_devices(
        _("new devices of one address"),
        _("An IPv4 address, or an IPv6 /64: one line, or a household. 0: no limit."),
    )
    new_devices_nearby = _new_devices(
        _("new devices of its neighbourhood"),
        _("The IPv4 /24, or the IPv6 /56. 0: no limit."),
    )
    new_devices_hours = models.PositiveSmallIntegerField(
        _("counted in windows of"),
        default=24,
        choices=[(1, _("1 hour")), (6, _("6 hours")), (24, _("24 hours"))],
    )
    new_devices_per_known = models.PositiveSmallIntegerField(
        _("and as many more for each known one"),
        default=1,
        validators=[MaxValueValidator(10)],
        help_text=_(
            "Each registered reader, and each device that was here a day ago or "
            "earlier, that the same network brings in the window."
        ),
    )

    panels: ClassVar[list[Any]] = [
        MultiFieldPanel(
            [
                FieldRowPanel(
                    [FieldPanel("limit_anonymous"), FieldPanel("extra_registered")]
                ),
                FieldPanel("period"),
                FieldPanel("line_from"),
                FieldPanel("store_down"),
            ],
            heading=_("The meter"),
        ),
        TRY_PANEL,
        MultiFieldPanel(
            [
                FieldRowPanel(
                    [FieldPanel("new_devices"), FieldPanel("new_devices_nearby")]
                ),
                FieldRowPanel(
                    [
                        FieldPanel("new_devices_hours"),
                        FieldPanel("new_devices_per_known"),
                    ]
                ),
            ],
            heading=_("New devices, before they are asked to sign up (off: 0 and 0)"),
        ),
        MultiFieldPanel(
            [FieldRowPanel([FieldPanel("lead_in_min"), FieldPanel("lead_in_max")])],
            heading=_("The lead-in"),
        ),
        RECORDING_PANEL,
        *(
            MultiFieldPanel(
                [FieldPanel(f"{kind}_headline"), FieldPanel(f"{kind}_message")],
                heading=heading,
            )
            for kind, heading in (
                ("metered", _("The wall when the free stories are read")),
                ("premium", _("The wall before a premium story")),
                ("cookies", _("The wall when the browser keeps no cookies")),
                ("register", _("The wall when a network brings too many new devices")),
            )
        ),
    ]

    class Meta:
        verbose_name = _("Gate")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(period__in=("month", "rolling30")),
                name="a_period_is_a_month_or_30_days",
            ),
            models.CheckConstraint(
                condition=models.Q(store_down__in=("open", "closed")),
                name="a_meter_out_of_reach_is_open_or_closed",
            ),
            models.CheckConstraint(
                condition=models.Q(new_devices_hours__in=(1, 6, 24)),
                name="a_window_divides_the_day",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    lead_in_min__gte=1, lead_in_max__gte=models.F("lead_in_min")
                ),
                name="a_lead_in_has_words_and_an_end",
                violation_error_message=_(
                    "The lead-in needs at least one word, and at most no fewer than "
                    "at least."
                ),
            ),
        ]

    def clean(self) -> None:
        """Refuse, field by field, what could reach a reader unfinished."""
        super().clean()
        refused: dict[str, ValidationError] = {}
        for field in WALL_FIELDS:
            try:
                check_wall_text(getattr(self, field))
            except ValidationError as error:
                refused[field] = error
        if refused:
            raise ValidationError(refused)


class StoryFact(models.Model):
    """All that the gate knows of a story."""

    story_id = models.BigIntegerField(primary_key=True)
    path = models.CharField(max_length=400)
    access = models.CharField(max_length=80)
    section = models.CharField(max_length=120, db_index=True)
    published_at = models.DateTimeField()
    revision = models.BigIntegerField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    access__regex=r"^(free|metered|premium|vertical:[a-z0-9-]+)$"
                ),
                name="a_story_has_a_class_that_the_gate_knows",
            )
        ]


class PressedPage(models.Model):
    story_id = models.BigIntegerField(primary_key=True)
    revision = models.BigIntegerField()
    full_html = models.BinaryField()
    cut_html = models.BinaryField()
    pressed_at = models.DateTimeField()


class Furniture(models.Model):
    """A piece of HTML that fills a slot."""

    name = models.CharField(max_length=60, primary_key=True)
    html = models.TextField(blank=True)
    filed_at = models.DateTimeField()


class Grant(models.Model):
    """A reader's right to a feature. Who gave it is `source` and `reference`."""

    reader = models.UUIDField()
    feature = models.CharField(max_length=80)
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    source = models.CharField(max_length=40)
    reference = models.CharField(max_length=120)
    filed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "reference", "feature"],
                name="a_reference_grants_a_feature_once",
            ),
            models.CheckConstraint(
                condition=models.Q(ends__gte=models.F("starts")),
                name="a_grant_does_not_end_before_it_starts",
            ),
        ]
        indexes = [models.Index(fields=["reader", "ends"], name="grants_of_a_reader")]


class ReaderEpoch(models.Model):
    """Passes of an earlier epoch are void."""

    reader = models.UUIDField(primary_key=True)
    epoch = models.PositiveIntegerField()
    raised_at = models.DateTimeField(db_index=True)


class Vertical(models.Model):
    """The bit that a vertical's feature has in a pass. Never given to another."""

    name = models.CharField(max_length=80, primary_key=True)
    bit = models.PositiveSmallIntegerField(unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    bit__gte=FIRST_VERTICAL_BIT, bit__lte=LAST_VERTICAL_BIT
                ),
                name="a_vertical_has_a_bit_of_its_own",
            )
        ]


class MeterRow(models.Model):
    """What one identity has read since `since`. Written only by `store.statements`."""

    identity = models.UUIDField(primary_key=True)
    allowance = models.IntegerField()  # The limit at the last question.
    since = models.DateTimeField()
    stories = ArrayField(models.BigIntegerField())
    read_at = ArrayField(models.DateTimeField())  # Beside each story.
    opened = models.BooleanField()  # Whether the last question opened a story.
    # Beside each story, the pool that paid for it; what is missing was the shared one.
    pools = ArrayField(models.CharField(max_length=40), db_default=[])
    drawn = models.IntegerField(db_default=0)  # On the last question's pool, by now.

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stories__len=models.F("read_at__len")),
                name="each_story_read_has_its_moment",
            )
        ]


class Change(models.Model):
    """What has changed, for the gates to hear. Kept for a day."""

    id = models.BigAutoField(primary_key=True)
    txid = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=16)
    subject = models.CharField(max_length=200, blank=True)
    number = models.BigIntegerField(default=0)
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["subject", "txid"],
                name="changes_of_a_listing",
                condition=models.Q(kind="listing"),
            )
        ]
