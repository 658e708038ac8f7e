"""Contracts, what is to become of them, and everything that happened to them."""

from .changes import HeldCredit, PriceNotice, ScheduledChange
from .contracts import (
    Cancellation,
    Checkout,
    RenewalTry,
    Subscription,
    SubscriptionEvent,
)
from .leaving import LeavingPolicy, Parting
from .policy import RenewalPolicy

__all__ = [
    "Cancellation",
    "Checkout",
    "HeldCredit",
    "LeavingPolicy",
    "Parting",
    "PriceNotice",
    "RenewalPolicy",
    "RenewalTry",
    "ScheduledChange",
    "Subscription",
    "SubscriptionEvent",
]
