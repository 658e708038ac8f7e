"""
The tables of pools: free stories that are counted together, and what draws on them.

A rule names a section, a class, or both. The narrower goes before the wider, and no two
name the same, so what a story draws on is never in doubt.
"""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import connection, models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from broadsheet.gate.core.vocabulary import FREE, PREMIUM

# One look at an index for each section there is, however many stories they have.
_SECTIONS = """
WITH RECURSIVE found AS (
    (SELECT section FROM gate_storyfact ORDER BY section LIMIT 1)
    UNION ALL
    SELECT (SELECT s.section FROM gate_storyfact AS s
             WHERE s.section > found.section ORDER BY s.section LIMIT 1)
      FROM found WHERE found.section IS NOT NULL
)
SELECT section FROM found WHERE section IS NOT NULL
"""


class Pool(models.Model):
    """Free stories with limits of their own."""

    # It stands beside each story that it paid for, so it is never changed.
    name = models.CharField(
        _("short name"),
        max_length=40,
        primary_key=True,
        validators=[
            RegexValidator(
                r"^(?!null$)[a-z0-9][a-z0-9-]*$",
                _("Small letters, digits and hyphens, such as “opinion”; not “null”."),
            )
        ],
    )
    label = models.CharField(
        _("name for readers"),
        max_length=60,
        help_text=_("As in “2 of 2 free Opinion stories”."),
    )
    limit_anonymous = models.PositiveSmallIntegerField(
        _("free stories for everybody"), default=2, validators=[MaxValueValidator(100)]
    )
    extra_registered = models.PositiveSmallIntegerField(
        _("more free stories after signing up"),
        default=1,
        validators=[MaxValueValidator(100)],
    )

    class Meta:
        verbose_name = _("meter pool")
        verbose_name_plural = _("meter pools")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(name__regex=r"^[a-z0-9][a-z0-9-]*$")
                & ~models.Q(name="null"),
                name="a_pool_has_a_plain_name",
            ),
            models.CheckConstraint(
                condition=~models.Q(label__contains="{{")
                & ~models.Q(label__contains="}}"),
                name="a_pools_label_is_words",
                violation_error_message=_("A name for readers has no braces in it."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.label)


class PoolRule(models.Model):
    """What draws on a pool."""

    pool = models.ForeignKey(Pool, models.CASCADE, verbose_name=_("pool"))
    section = models.CharField(
        _("section"),
        max_length=120,
        blank=True,
        help_text=_("As in its address, such as “opinion”. Empty: every section."),
    )
    access = models.CharField(
        _("class"),
        max_length=80,
        blank=True,
        validators=[
            RegexValidator(
                r"^(metered|vertical:[a-z0-9-]+)$",
                _("Write “metered”, or “vertical:” and the vertical’s key."),
            )
        ],
        help_text=_(
            "“metered”, or “vertical:” and its key: then the meter opens stories of that "
            "vertical. Empty: the section’s metered stories."
        ),
    )

    class Meta:
        verbose_name = _("meter pool rule")
        verbose_name_plural = _("meter pool rules")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(section="", access=""),
                name="a_pool_rule_names_something",
                violation_error_message=_("Name a section, a class, or both."),
            ),
            # As the gate reads them: what is free needs no pool, premium has none.
            models.CheckConstraint(
                condition=models.Q(access__regex=r"^(|metered|vertical:[a-z0-9-]+)$"),
                name="a_pool_holds_what_a_meter_may_open",
            ),
            models.UniqueConstraint(
                fields=["section", "access"],
                name="what_draws_on_a_pool_draws_on_one",
                violation_error_message=_("There is a rule for this one already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what()}: {self.pool_id}"

    def what(self) -> str:
        return " · ".join(part for part in (self.section, self.access) if part)

    def clean(self) -> None:
        super().clean()
        if self.access in (FREE, PREMIUM):
            raise ValidationError(
                {"access": _now("No meter counts free stories or opens premium ones.")}
            )
        self._refuse_unknown_section()
        self._refuse_conflict()

    def _refuse_unknown_section(self) -> None:
        known = sections()
        if self.section and self.section not in known:
            said = {"section": self.section, "known": ", ".join(known) or "–"}
            raise ValidationError(
                {
                    "section": _now(
                        "No story is in a section “%(section)s”; there are: %(known)s."
                    )
                    % said
                }
            )

    def _refuse_conflict(self) -> None:
        same = PoolRule.objects.filter(section=self.section, access=self.access)
        other = same.exclude(pk=self.pk).select_related("pool").first()
        if other is not None:
            said = {"what": self.what(), "pool": other.pool.label}
            raise ValidationError(
                _now("“%(what)s” draws on the pool “%(pool)s” already.") % said
            )


def sections() -> list[str]:
    """Return the sections that have stories, in the order of their names."""
    with connection.cursor() as cursor:
        cursor.execute(_SECTIONS)
        return [section for (section,) in cursor.fetchall()]
