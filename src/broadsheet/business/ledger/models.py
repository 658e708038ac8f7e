"""
The books and the documents. Triggers in migration 0002 refuse any edit of a
transaction, an entry, or an invoice (lines and taxes too) that has its number.
"""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting

from broadsheet.kit.money import Money

from .rules import CHART, Line, Split, Tax, is_gstin

KINDS = ("first", "renewal", "change", "oneoff")
STATUSES = ("draft", "open", "paid", "void", "uncollectible")


@register_setting(icon="home")
class Seller(BaseGenericSetting):
    """Who issues the invoices. There is one row, edited at the desk under Settings."""

    legal_name = models.CharField(_("legal name"), max_length=160, blank=True)
    address = models.TextField(_("address"), blank=True)
    gstin = models.CharField(_("GSTIN"), max_length=15, blank=True)
    # The two-digit GST state code; 27 is Maharashtra. Empty: not registered, no tax.
    state = models.CharField(_("state code"), max_length=2, default="27", blank=True)
    series = models.CharField(_("series"), max_length=3, default="BS")
    first_month = models.PositiveSmallIntegerField(_("year begins in month"), default=4)

    class Meta:
        verbose_name = _("seller")
        verbose_name_plural = _("seller")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(first_month__range=(1, 12)), name="a_year_begins_in_a_month"
            ),
            models.CheckConstraint(
                condition=Q(series__regex=r"^[A-Z0-9]{1,3}$"), name="a_series_is_short"
            ),
        ]

    def clean(self) -> None:
        if self.gstin and not is_gstin(self.gstin):
            raise ValidationError(
                _("This is not a GSTIN: the last character is wrong.")
            )
        if self.gstin and self.gstin[:2] != self.state:
            raise ValidationError(_("A GSTIN begins with the seller's state code."))


class TaxRate(models.Model):
    """What the law asks on a service, from a day on. Data, because it changes."""

    tax_code = models.CharField(max_length=12)
    rate = models.PositiveIntegerField()  # Hundredths of a percent.
    effective_from = models.DateField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tax_code", "effective_from"], name="one_rate_a_day"
            )
        ]


class BillingProfile(models.Model):
    """Where a reader says that she lives: her purchases are supplied there."""

    reader = models.UUIDField(primary_key=True)
    place = models.CharField(max_length=2)
    told_at = models.DateTimeField()


class Invoice(models.Model):
    """A document: what was sold to whom, for which period, with which tax."""

    id = models.UUIDField(primary_key=True)
    subscription_ref = models.UUIDField()
    reader = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=8)
    period_index = models.PositiveIntegerField()
    status = models.CharField(max_length=13, default="open")
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    taxable_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    round_off_minor = models.SmallIntegerField(default=0)
    # Who is billed, in the words of that day; a name changed later changes no invoice.
    recipient = models.CharField(max_length=200, blank=True)
    # A state's GST code, or a country's ISO code; recorded before any charge.
    place_of_supply = models.CharField(max_length=2, blank=True)
    made_at = models.DateTimeField()
    # Written together, once, when the invoice is issued.
    series = models.CharField(max_length=3, blank=True)
    financial_year = models.CharField(max_length=5, blank=True)
    sequence = models.PositiveIntegerField(null=True)
    number = models.CharField(max_length=16, null=True, unique=True)
    seller_name = models.CharField(max_length=160, blank=True)
    seller_address = models.TextField(blank=True)
    seller_gstin = models.CharField(max_length=15, blank=True)
    issued_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # Void, or given up.

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["subscription_ref", "made_at"], name="invoices_of_one")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["subscription_ref", "kind", "period_index"],
                name="a_period_is_billed_once",
            ),
            models.UniqueConstraint(
                fields=["series", "financial_year", "sequence"],
                condition=Q(number__isnull=False),
                name="a_number_is_used_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    total_minor=F("taxable_minor")
                    + F("tax_minor")
                    + F("round_off_minor")
                ),
                name="an_invoice_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(round_off_minor__range=(-1, 1)), name="round_off_is_a_paisa"
            ),
            models.CheckConstraint(
                condition=Q(total_minor__gte=0), name="an_invoice_is_not_negative"
            ),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="invoice_kind"),
            models.CheckConstraint(
                condition=Q(status__in=STATUSES), name="invoice_status"
            ),
            models.CheckConstraint(
                condition=~Q(status="paid")
                | Q(number__isnull=False, paid_at__isnull=False),
                name="a_paid_invoice_is_issued",
            ),
        ]

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)


class InvoiceLine(models.Model):
    """One thing on an invoice, its period (whole local days), and its tax."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    description = models.CharField(max_length=200)
    tax_code = models.CharField(max_length=12, blank=True)
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    gross_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    taxable_minor = models.BigIntegerField()
    round_off_minor = models.SmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["invoice", "position"], name="lines_are_in_order"
            )
        ]


class LineTax(models.Model):
    """One tax on one line."""

    line = models.ForeignKey(
        InvoiceLine, on_delete=models.CASCADE, related_name="taxes"
    )
    name = models.CharField(max_length=8)
    rate = models.PositiveIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["line", "name"], name="a_tax_is_named_once")
        ]


class InvoiceSeries(models.Model):
    """The last number given in a series and financial year. The row is the lock."""

    series = models.CharField(max_length=3)
    financial_year = models.CharField(max_length=5)
    last = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["series", "financial_year"], name="one_counter_a_series"
            )
        ]


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


def split_of(invoice: Invoice) -> Split:
    """Return the invoice's money taken apart, its lines' taxes summed by name."""
    taxes: dict[tuple[str, int], int] = {}
    for tax in LineTax.objects.filter(line__invoice=invoice).order_by("name", "pk"):
        key = (tax.name, tax.rate)
        taxes[key] = taxes.get(key, 0) + tax.amount_minor
    return Split(
        invoice.taxable_minor,
        tuple(Tax(name, rate, minor) for (name, rate), minor in taxes.items()),
        invoice.round_off_minor,
    )
