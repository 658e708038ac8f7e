"""
What we write to subscribers. Each letter is sent by a job after the fact is committed,
and carries an id made of the fact, so that a mailbox can tell a second copy.

`words` says what each letter says, once, for text and HTML; `sending` finds the facts
and sends it; `samples` shows all of them to the desk.
"""

from .sending import (
    send_cancelled,
    send_cancelled_now,
    send_card_expiring,
    send_ended,
    send_given,
    send_paused,
    send_payment_trouble,
    send_plan_changed,
    send_price_rises,
    send_receipt_again,
    send_refunded,
    send_renewal_coming,
    send_renewed,
    send_resumed,
    send_welcome,
)

__all__ = [
    "send_cancelled",
    "send_cancelled_now",
    "send_card_expiring",
    "send_given",
    "send_ended",
    "send_paused",
    "send_payment_trouble",
    "send_plan_changed",
    "send_price_rises",
    "send_receipt_again",
    "send_refunded",
    "send_renewal_coming",
    "send_renewed",
    "send_resumed",
    "send_welcome",
]
