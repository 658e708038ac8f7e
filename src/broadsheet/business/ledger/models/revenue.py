"""When what was sold is delivered, and so earned. All days are the publication's."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q, Value

from .documents import InvoiceLine


class RevenueSchedule(models.Model):
    """
    A part of a line's taxable value, earned evenly over the days from `start` until the
    day before `end`. It is posted on the days from `first_day` until the day before
    `stop`; what was earned before `first_day` (an invoice paid late) is posted on it.
    A credit note stops a schedule and may open another for what is left.
    """

    line = models.ForeignKey(
        InvoiceLine, on_delete=models.PROTECT, related_name="schedules"
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    start = models.DateField()
    end = models.DateField()
    first_day = models.DateField()
    stop = models.DateField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["stop", "first_day"], name="schedules_that_run")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(start__lt=F("end"))
                & Q(first_day__gte=F("start"))
                & Q(stop__gte=F("first_day")),
                name="a_schedule_has_days",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="a_schedule_earns_something"
            ),
            # No day of a line is earned twice. Ranges of one, because an equality in
            # such a constraint would need an extension.
            ExclusionConstraint(
                name="a_day_is_earned_once",
                expressions=[
                    (
                        Func(
                            F("line_id"), F("line_id"), Value("[]"),
                            function="int8range",
                        ),
                        "&&",
                    ),
                    (
                        Func(F("first_day"), F("stop"), function="daterange"),
                        "&&",
                    ),
                ],
            ),
        ]  # fmt: skip


class RevenueDay(models.Model):
    """A day whose revenue is posted. There is no hole between two of them."""

    day = models.DateField(primary_key=True)
    posted_at = models.DateTimeField()
