"""Contracts, what is to become of them, and everything that happened to them."""

from .changes import HeldCredit, PriceNotice, ScheduledChange
from .contracts import (
    Cancellation,
    Checkout,
    RenewalTry,
    Subscription,
    SubscriptionEvent,
)
from .policy import RenewalPolicy

__all__ = [
    "Cancellation",
    "Checkout",
    "HeldCredit",
    "PriceNotice",
    "RenewalPolicy",
    "RenewalTry",
    "ScheduledChange",
    "Subscription",
    "SubscriptionEvent",
]
