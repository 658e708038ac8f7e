"""
The verbs of subscriptions. `begin`, `pay_due`, `conclude`, `renew_due` and `return_credits` talk to
a payment provider between two transactions of their own: call them outside any other.
The rest belong to whatever transaction they are called in.
"""

from ..letters import (
    send_cancelled,
    send_cancelled_now,
    send_card_expiring,
    send_ended,
    send_given,
    send_paused,
    send_payment_trouble,
    send_plan_changed,
    send_price_rises,
    send_refunded,
    send_renewal_coming,
    send_renewed,
    send_resumed,
    send_welcome,
)
from ..letters.samples import Sample, samples
from ..queries import CheckoutState, NoSuchCheckout, NoSuchSubscription
from ..rules import WrongMove
from .buying import (
    AlreadySubscribed,
    BadRequest,
    CheckoutPage,
    Due,
    NoSuchOffer,
    NoSuchPlace,
    NoSuchPlan,
    NothingDue,
    OfferTaken,
    PaymentUnavailable,
    PlaceUnknown,
    StaleQuote,
    begin,
    conclude,
    pay_due,
    quote,
)
from .changing import (
    Changed,
    NothingScheduled,
    change,
    withdraw_change,
)
from .disputing import on_dispute_lost, on_dispute_won, on_payment_disputed
from .ending import TooLate, cancel, lapse_due, undo_cancel
from .expiring import expire_changes, expire_checkouts
from .giving import (
    CannotGive,
    CannotTakeOver,
    Running,
    accept_offer,
    comp,
    extend,
    take_over,
)
from .hearing import (
    on_payment_declined,
    on_payment_refunded,
    on_payment_succeeded,
)
from .journal import ChangePending
from .noticing import tell_prices
from .pausing import CannotPause, NotPaused, pause, resume, turn_pauses
from .quoting import (
    CannotChange,
    CurrencyFixed,
    Quote,
    QuoteLine,
    StaleChange,
    quote_change,
)
from .refunding import (
    RefundQuote,
    StaleRefund,
    cancel_now,
    quote_refund,
    return_credits,
)
from .reminding import remind_due, warn_of_cards
from .renewing import RenewalRun, renew_due

__all__ = [
    "AlreadySubscribed",
    "BadRequest",
    "CannotChange",
    "CannotGive",
    "CannotPause",
    "CannotTakeOver",
    "ChangePending",
    "Changed",
    "CheckoutPage",
    "CheckoutState",
    "CurrencyFixed",
    "Due",
    "NoSuchCheckout",
    "NoSuchOffer",
    "NoSuchPlace",
    "NoSuchPlan",
    "NoSuchSubscription",
    "NotPaused",
    "NothingDue",
    "NothingScheduled",
    "OfferTaken",
    "PaymentUnavailable",
    "PlaceUnknown",
    "Quote",
    "QuoteLine",
    "RefundQuote",
    "RenewalRun",
    "Running",
    "Sample",
    "StaleChange",
    "StaleQuote",
    "StaleRefund",
    "TooLate",
    "WrongMove",
    "accept_offer",
    "begin",
    "cancel",
    "cancel_now",
    "change",
    "comp",
    "conclude",
    "expire_changes",
    "expire_checkouts",
    "extend",
    "lapse_due",
    "on_dispute_lost",
    "on_dispute_won",
    "on_payment_declined",
    "on_payment_disputed",
    "on_payment_refunded",
    "on_payment_succeeded",
    "pause",
    "pay_due",
    "quote",
    "quote_change",
    "quote_refund",
    "remind_due",
    "renew_due",
    "resume",
    "return_credits",
    "samples",
    "send_cancelled",
    "send_cancelled_now",
    "send_card_expiring",
    "send_given",
    "send_ended",
    "send_paused",
    "send_payment_trouble",
    "send_plan_changed",
    "send_price_rises",
    "send_refunded",
    "send_renewal_coming",
    "send_renewed",
    "send_resumed",
    "send_welcome",
    "take_over",
    "tell_prices",
    "turn_pauses",
    "undo_cancel",
    "warn_of_cards",
    "withdraw_change",
]
