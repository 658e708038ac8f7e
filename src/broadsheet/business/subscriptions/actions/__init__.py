"""
The verbs of subscriptions. `begin`, `pay_due`, `conclude`, `renew_due` and `return_credits` talk to
a payment provider between two transactions of their own: call them outside any other.
The rest belong to whatever transaction they are called in.
"""

from ..letters import (
    send_cancelled,
    send_payment_trouble,
    send_renewed,
    send_welcome,
)
from ..queries import CheckoutState, NoSuchCheckout, NoSuchSubscription
from ..rules import WrongMove
from .buying import (
    AlreadySubscribed,
    BadRequest,
    CheckoutPage,
    NoSuchPlace,
    NoSuchPlan,
    NothingDue,
    PaymentUnavailable,
    PlaceUnknown,
    StaleQuote,
    begin,
    conclude,
    expire_checkouts,
    pay_due,
)
from .ending import TooLate, cancel, lapse_due, undo_cancel
from .hearing import (
    on_payment_declined,
    on_payment_refunded,
    on_payment_succeeded,
    return_credits,
)
from .renewing import RenewalRun, renew_due

__all__ = [
    "AlreadySubscribed",
    "BadRequest",
    "CheckoutPage",
    "CheckoutState",
    "NoSuchCheckout",
    "NoSuchPlace",
    "NoSuchPlan",
    "NoSuchSubscription",
    "NothingDue",
    "PaymentUnavailable",
    "PlaceUnknown",
    "RenewalRun",
    "StaleQuote",
    "TooLate",
    "WrongMove",
    "begin",
    "cancel",
    "conclude",
    "expire_checkouts",
    "lapse_due",
    "on_payment_declined",
    "on_payment_refunded",
    "on_payment_succeeded",
    "pay_due",
    "renew_due",
    "return_credits",
    "send_cancelled",
    "send_payment_trouble",
    "send_renewed",
    "send_welcome",
    "undo_cancel",
]
