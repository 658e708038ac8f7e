"""
The verbs of subscriptions. `begin`, `pay_due`, `conclude`, `renew_due` and `return_credits` talk to
a payment provider between two transactions of their own: call them outside any other.
The rest belong to whatever transaction they are called in.
"""

from ..letters import (
    send_cancelled,
    send_cancelled_now,
    send_card_expiring,
    send_comp_given,
    send_ended,
    send_paused,
    send_payment_trouble,
    send_plan_changed,
    send_price_change,
    send_refunded,
    send_renewal_coming,
    send_renewed,
    send_resumed,
    send_trial_ending,
    send_welcome,
)
from ..letters.samples import Sample, samples
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
)
from .journal import ChangePending
from .noticing import remind_due, warn_of_cards
from .pausing import CannotPause, NotPaused, pause, resume, turn_pauses
from .refunding import (
    RefundQuote,
    StaleRefund,
    cancel_now,
    quote_refund,
    return_credits,
)
from .renewing import RenewalRun, renew_due

__all__ = [
    "AlreadySubscribed",
    "BadRequest",
    "CannotPause",
    "ChangePending",
    "CheckoutPage",
    "CheckoutState",
    "NoSuchCheckout",
    "NoSuchPlace",
    "NoSuchPlan",
    "NoSuchSubscription",
    "NotPaused",
    "NothingDue",
    "PaymentUnavailable",
    "PlaceUnknown",
    "RefundQuote",
    "RenewalRun",
    "Sample",
    "StaleQuote",
    "StaleRefund",
    "TooLate",
    "WrongMove",
    "begin",
    "cancel",
    "cancel_now",
    "conclude",
    "expire_checkouts",
    "lapse_due",
    "on_payment_declined",
    "on_payment_refunded",
    "on_payment_succeeded",
    "pause",
    "pay_due",
    "quote_refund",
    "remind_due",
    "renew_due",
    "resume",
    "return_credits",
    "samples",
    "send_cancelled",
    "send_cancelled_now",
    "send_card_expiring",
    "send_comp_given",
    "send_ended",
    "send_paused",
    "send_payment_trouble",
    "send_plan_changed",
    "send_price_change",
    "send_refunded",
    "send_renewal_coming",
    "send_renewed",
    "send_resumed",
    "send_trial_ending",
    "send_welcome",
    "turn_pauses",
    "undo_cancel",
    "warn_of_cards",
]
