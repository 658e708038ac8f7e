"""Money that moved. Triggers refuse any edit of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from broadsheet.kit.money import Money

from ..rules import CHART, Line
from .documents import Invoice


class Transaction(models.Model):
    """Money moved, once and for all."""

    id = models.UUIDField(primary_key=True)
    reference = models.CharField(max_length=120, unique=True)
    memo = models.CharField(max_length=200)
    at = models.DateTimeField(db_index=True)
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, related_name="transactions"
    )
    # How many entries it has, so that none can be slipped in afterwards.
    size = models.PositiveSmallIntegerField()


class Entry(models.Model):
    """One side of a transaction: a debit if positive, a credit if negative."""

    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="entries"
    )
    position = models.PositiveSmallIntegerField()
    account = models.CharField(max_length=24)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "currency"], name="entries_of_an_account")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["transaction", "position"], name="entries_are_in_order"
            ),
            models.CheckConstraint(
                condition=Q(account__in=sorted(CHART)), name="the_chart_knows_it"
            ),
            models.CheckConstraint(
                condition=~Q(amount_minor=0), name="an_entry_moves_something"
            ),
        ]

    @property
    def line(self) -> Line:
        return Line(self.account, Money(self.amount_minor, self.currency))


class Closing(models.Model):
    """What an account stood at when the books were closed until an instant."""

    until = models.DateTimeField()
    account = models.CharField(max_length=24)
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["until", "account", "currency"], name="closed_once"
            )
        ]
