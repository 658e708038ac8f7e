"""
The verbs of payments. What talks to a provider (`open_payment`, `charge`, `refund`,
`withdraw`) commits its key first and therefore cannot run inside a transaction of the
caller's: Django raises RuntimeError if it is tried.
"""

from ..providers import Forged, NoSuchProvider, Refused, Unreachable
from ..providers.paper.client import reach_through
from ..queries import NoSuchPayment, PaymentState
from .asking import (
    AlreadyPaid,
    AttemptOpen,
    KeyReused,
    NoSuchMethod,
    Opened,
    WrongRequest,
    charge,
    forget_method,
    open_payment,
    send_again,
    withdraw,
)
from .catching_up import catch_up
from .concerns import NoReason, NoSuchConcern, close
from .listening import receive, reconcile, refresh, returned, tell_time
from .refunds import NothingCaptured, OverRefund, refund

__all__ = [
    "AlreadyPaid",
    "AttemptOpen",
    "Forged",
    "KeyReused",
    "NoReason",
    "NoSuchConcern",
    "NoSuchMethod",
    "NoSuchPayment",
    "NoSuchProvider",
    "NothingCaptured",
    "Opened",
    "OverRefund",
    "PaymentState",
    "Refused",
    "Unreachable",
    "WrongRequest",
    "catch_up",
    "charge",
    "close",
    "forget_method",
    "open_payment",
    "reach_through",
    "receive",
    "reconcile",
    "refresh",
    "refund",
    "returned",
    "send_again",
    "tell_time",
    "withdraw",
]
