"""The verbs of this room, and its named errors."""

from ..rules import NotAnAddress, Purpose
from .addresses import AddressTaken, ask_to_change_address, change_address
from .limits import TooManyTries
from .mail_sign_in import (
    AccountClosed,
    KeyRefused,
    SignedIn,
    WrongCode,
    ask_for_key,
    sign_in_by_code,
    sign_in_by_link,
)
from .passwords import NotProved, WrongPassword, set_password, sign_in_with_password
from .post import send_key, send_notice, sweep
from .privacy import erase, rename
from .sessions import (
    SEEN_EVERY,
    NoSuchSession,
    end_session,
    end_this_session,
    log_out_everywhere,
    register_session,
    see,
)

__all__ = [
    "SEEN_EVERY",
    "AccountClosed",
    "AddressTaken",
    "KeyRefused",
    "NoSuchSession",
    "NotAnAddress",
    "NotProved",
    "Purpose",
    "SignedIn",
    "TooManyTries",
    "WrongCode",
    "WrongPassword",
    "ask_for_key",
    "ask_to_change_address",
    "change_address",
    "end_session",
    "end_this_session",
    "erase",
    "log_out_everywhere",
    "register_session",
    "rename",
    "see",
    "send_key",
    "send_notice",
    "set_password",
    "sign_in_by_code",
    "sign_in_by_link",
    "sign_in_with_password",
    "sweep",
]
