"""
The books, the documents, and when revenue is earned. Triggers (migrations 0002, 0007)
refuse what no verb here would do: an edit of what is written, a document that does not
add up, a number out of turn, a schedule that earns more than was sold.
"""

from .books import Closing, Entry, Transaction
from .documents import (
    KINDS,
    STATUSES,
    BillingProfile,
    CreditLine,
    CreditNote,
    CreditTax,
    Invoice,
    InvoiceLine,
    InvoiceSeries,
    LineTax,
    Seller,
    TaxRate,
    split_of,
)
from .revenue import RevenueDay, RevenueSchedule

__all__ = [
    "KINDS",
    "STATUSES",
    "BillingProfile",
    "Closing",
    "CreditLine",
    "CreditNote",
    "CreditTax",
    "Entry",
    "Invoice",
    "InvoiceLine",
    "InvoiceSeries",
    "LineTax",
    "RevenueDay",
    "RevenueSchedule",
    "Seller",
    "TaxRate",
    "Transaction",
    "split_of",
]
