"""
The verbs of the books. `post` is the only way in which money moves; the others make
the documents that explain it, and let time earn it.
"""

from ..queries import NoTaxRate
from ..rules import Line, OverCredit, TwoCurrencies, Unbalanced, UnknownAccount
from .billing import (
    Charge,
    InvoiceIssued,
    NoSuchInvoice,
    Settlement,
    bill,
    give_up,
    settle,
    void,
)
from .crediting import NothingToCredit, NotIssued, credit, give_back
from .disputing import (
    DisputeDecided,
    NoSuchDispute,
    lose_dispute,
    open_dispute,
    win_dispute,
)
from .drawing import draw_credit_note, draw_invoice
from .earning import DeliveryStarted, move_delivery, recognise, start_delivery
from .keeping import (
    NoSuchPlace,
    NotAGstin,
    forget_buyer,
    forget_reader,
    open_books,
    record_buyer,
    record_place,
    set_tax_rate,
)
from .posting import BooksClosed, ReferenceReused, close_books, post, reverse

__all__ = [
    "BooksClosed",
    "Charge",
    "DeliveryStarted",
    "DisputeDecided",
    "InvoiceIssued",
    "Line",
    "NoSuchDispute",
    "NoSuchInvoice",
    "NoSuchPlace",
    "NoTaxRate",
    "NotAGstin",
    "NotIssued",
    "NothingToCredit",
    "OverCredit",
    "ReferenceReused",
    "Settlement",
    "TwoCurrencies",
    "Unbalanced",
    "UnknownAccount",
    "bill",
    "close_books",
    "credit",
    "draw_credit_note",
    "draw_invoice",
    "forget_buyer",
    "forget_reader",
    "give_back",
    "give_up",
    "lose_dispute",
    "move_delivery",
    "open_books",
    "open_dispute",
    "post",
    "recognise",
    "record_buyer",
    "record_place",
    "reverse",
    "set_tax_rate",
    "settle",
    "start_delivery",
    "void",
    "win_dispute",
]
