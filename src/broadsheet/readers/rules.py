"""Pure decisions about addresses, paths, networks, devices and limits."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import idna


class NotAnAddress(Exception):
    """What was typed is not an e-mail address. Ask again."""


class Purpose(StrEnum):
    """What a mailed key opens."""

    SIGN_IN = "sign-in"
    RESET = "reset"  # Signs in, then asks for a new password.
    ADDRESS = "address"  # Confirms the new address of a reader.


KEY_LIVES = timedelta(minutes=15)
WRONG_TRIES = 5
SAME_SUBMISSION = timedelta(seconds=10)  # A double click, a slow page sent again.
FRESH_PROOF = timedelta(minutes=15)
LATE_AFTER = timedelta(seconds=20)

# --- Addresses ------------------------------------------------------------------

# The local part as RFC 5321 writes it unquoted; a quoted one is refused, as nearly
# every mail host does.
_LOCAL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def canonical_address(typed: str) -> str:
    """
    Return the address as we keep it: the local part as typed, the domain in lower
    case and in ASCII (an internationalised one as its `xn--` form), so that one
    mailbox has one spelling. Raise `NotAnAddress`.
    """
    local, sign, domain = typed.strip().rpartition("@")
    try:
        # IDNA 2008: the older rules drop the joiners that Indic names are spelt with.
        domain = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except UnicodeError:  # Of which IDNAError is one.
        raise NotAnAddress(typed) from None
    labels = domain.split(".")
    fits = (
        bool(sign)
        and len(local) <= 64
        and len(local) + 1 + len(domain) <= 254
        and _LOCAL.fullmatch(local) is not None
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )
    if not fits:
        raise NotAnAddress(typed)
    return f"{local}@{domain}"


def masked(address: str) -> str:
    """Return `a***@example.com`: enough to know one's own, too little to learn it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{_shown(domain)}"


def _shown(domain: str) -> str:
    try:
        return idna.decode(domain)
    except UnicodeError:
        return domain


_INBOXES = {
    "Gmail": (
        "https://mail.google.com/mail/u/0/#search/in%3Aanywhere+newer_than%3A1h",
        {"gmail.com", "googlemail.com"},
    ),
    "Outlook": (
        "https://outlook.live.com/mail/0/",
        {"outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.in"},
    ),
    "Yahoo": (
        "https://mail.yahoo.com/",
        {"yahoo.com", "yahoo.in", "yahoo.co.in", "yahoo.co.uk", "ymail.com"},
    ),
}


@dataclass(frozen=True, slots=True)
class Inbox:
    name: str
    address: str


def inbox_of(address: str) -> Inbox | None:
    """Return where the owner of `address` reads mail, if its domain tells."""
    domain = address.rpartition("@")[2]
    for name, (where, domains) in _INBOXES.items():
        if domain in domains:
            return Inbox(name, where)
    return None


# --- Paths ----------------------------------------------------------------------


# --- Networks and devices -------------------------------------------------------


def network(ip: str) -> str:
    """
    Return the network that limits are counted for: an IPv4 /24, an IPv6 /48 (what one
    customer is commonly given), so that changing the last digits gains nothing.
    """
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


# The first that is found wins: every browser claims to be the ones before it.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_in_words(user_agent: str) -> tuple[str, str]:
    """Return (browser, system), each "" if unknown. For display; never believed."""
    return _first(user_agent, _BROWSERS), _first(user_agent, _SYSTEMS)


def _first(text: str, table: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in table if mark in text), "")


# --- Limits ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` tries of `name` in a window that opens with the first try."""

    name: str
    most: int
    window: timedelta


MAILS_TO_ADDRESS = Limit("mails to an address", 5, timedelta(minutes=15))
MAILS_FROM_NETWORK = Limit("mails from a network", 30, timedelta(hours=1))
CODES_FOR_ADDRESS = Limit("codes for an address", 10, timedelta(minutes=15))
CODES_FROM_NETWORK = Limit("codes from a network", 60, timedelta(hours=1))
PASSWORDS_FOR_ADDRESS = Limit("passwords for an address", 10, timedelta(minutes=15))
PASSWORDS_FROM_NETWORK = Limit("passwords from a network", 60, timedelta(hours=1))


def minutes(wait: timedelta) -> int:
    """Return `wait` in whole minutes, rounded up, and never 0."""
    return max(1, -(-wait // timedelta(minutes=1)))


# --- Mailed keys ----------------------------------------------------------------


class Standing(StrEnum):
    """Whether a mailed key opens, and if not, why."""

    OPEN = "open"
    USED = "used"
    VOIDED = "voided"  # A newer mail took its place.
    EXHAUSTED = "exhausted"  # Too many wrong codes.
    EXPIRED = "expired"


def standing(
    *,
    used_at: datetime | None,
    voided_at: datetime | None,
    wrong_tries: int,
    expires_at: datetime,
    at: datetime,
) -> Standing:
    if used_at is not None:
        return Standing.USED
    if voided_at is not None:
        return Standing.VOIDED
    if wrong_tries >= WRONG_TRIES:
        return Standing.EXHAUSTED
    if at >= expires_at:
        return Standing.EXPIRED
    return Standing.OPEN


def is_fresh(proved_at: datetime | None, at: datetime) -> bool:
    """Whether a mail sign-in at `proved_at` may stand in for the password."""
    return proved_at is not None and proved_at <= at < proved_at + FRESH_PROOF
