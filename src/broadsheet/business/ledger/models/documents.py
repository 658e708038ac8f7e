"""Who sells, who is billed and where, and the documents."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting

from broadsheet.kit.money import Money

from ..rules import Split, Tax, is_gstin

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
    # Credit notes are numbered apart from invoices.
    credit_series = models.CharField(
        _("series of credit notes"), max_length=3, default="CN", blank=True
    )
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
            models.CheckConstraint(
                condition=Q(credit_series__regex=r"^[A-Z0-9]{1,3}$"),
                name="a_credit_series_is_short",
            ),
            models.CheckConstraint(
                condition=~Q(credit_series=F("series")), name="two_series_are_two"
            ),
        ]

    def clean(self) -> None:
        if self.gstin and not is_gstin(self.gstin):
            raise ValidationError(
                _("This is not a GSTIN: the last character is wrong.")
            )
        if self.gstin and self.gstin[:2] != self.state:
            raise ValidationError(_("A GSTIN begins with the seller's state code."))
        self.credit_series = self.credit_series or "CN"
        if self.series == self.credit_series:
            raise ValidationError(_("Credit notes need a series of their own."))


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
    """
    Where a reader says that she lives: her purchases are supplied there. A business
    adds its name, its address, and the GSTIN under which it takes the tax back.
    """

    reader = models.UUIDField(primary_key=True)
    place = models.CharField(max_length=2)
    business = models.CharField(max_length=160, blank=True)
    address = models.TextField(blank=True)
    gstin = models.CharField(max_length=15, blank=True)
    told_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(gstin="") | Q(gstin__startswith=F("place")),
                name="a_buyer_is_registered_where_she_lives",
            )
        ]


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
    recipient_address = models.TextField(blank=True)
    recipient_gstin = models.CharField(max_length=15, blank=True)
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
            models.Index(
                fields=["subscription_ref", "made_at"], name="invoices_of_one"
            ),
            models.Index(
                fields=["-issued_at", "-sequence", "-id"],
                condition=Q(number__isnull=False),
                name="issued_invoices",
            ),
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


class CreditNote(models.Model):
    """What an issued invoice is reduced by: the only thing that corrects it."""

    id = models.UUIDField(primary_key=True)
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, related_name="credit_notes"
    )
    # What asked for it: the same again is the same note. Unique, where it is said.
    reference = models.CharField(max_length=120, blank=True)
    series = models.CharField(max_length=3)
    financial_year = models.CharField(max_length=5)
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=16, unique=True)
    reason = models.CharField(max_length=200)
    total_minor = models.BigIntegerField()
    issued_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-issued_at", "-id"], name="issued_credit_notes")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["reference"],
                condition=~Q(reference=""),
                name="a_credit_is_given_once",
            ),
            models.UniqueConstraint(
                fields=["series", "financial_year", "sequence"],
                name="a_credit_number_is_used_once",
            ),
            models.CheckConstraint(
                condition=Q(total_minor__gt=0), name="a_credit_note_gives_something"
            ),
        ]


class CreditLine(models.Model):
    """What a credit note takes off one line of the invoice."""

    note = models.ForeignKey(CreditNote, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(
        InvoiceLine, on_delete=models.PROTECT, related_name="credits"
    )
    gross_minor = models.BigIntegerField()
    taxable_minor = models.BigIntegerField()
    round_off_minor = models.SmallIntegerField(default=0)
    # How much of the taxable value had not been earned yet, and never will be.
    undelivered_minor = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["note", "line"], name="a_note_names_a_line_once"
            ),
            models.CheckConstraint(
                condition=Q(taxable_minor__gte=0)
                & Q(undelivered_minor__range=(0, F("taxable_minor"))),
                name="a_credit_takes_what_there_is",
            ),
            models.CheckConstraint(
                condition=Q(round_off_minor__range=(-1, 1)),
                name="a_credits_round_off_is_a_paisa",
            ),
        ]


class CreditTax(models.Model):
    """One tax that a credit note takes off one line."""

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="taxes")
    name = models.CharField(max_length=8)
    rate = models.PositiveIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["line", "name"], name="a_credited_tax_is_named_once"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0), name="a_credited_tax_is_not_negative"
            ),
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
