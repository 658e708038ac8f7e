"""
Signatures of the paper gateway: `Paper-Signature: t=<Unix second>,v1=<hex>[,v1=…]`,
where v1 is HMAC-SHA256 over `t`, a full stop and the raw body. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from .. import Forged

HEADER = "paper-signature"
TOLERANCE = timedelta(minutes=5)
LONGEST = 1000
MOST_SIGNATURES = 5

_PART = re.compile(r"(t)=([0-9]{1,11})|(v1)=([0-9a-f]{64})|[a-z0-9]{1,10}=[^,]*")


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, at: datetime
) -> str:
    """
    Return which secret signed `body`: "current" for the first, else "previous". Raise
    `Forged` if none did, or not within five minutes of `at`, before it or after.
    """
    second, signatures = parse(_header(headers))
    message = str(second).encode() + b"." + body
    signed_by = [
        secret for secret in secrets if _any_equal(_hex(secret, message), signatures)
    ]
    if not signed_by:
        raise Forged("The signature is not of a secret that we share.")
    # An old body is refused even with its good signature: it may be a recording.
    if abs(int(at.timestamp()) - second) > TOLERANCE.total_seconds():
        raise Forged("The signature is too old, or from the future.")
    return "current" if signed_by[0] == secrets[0] else "previous"


def parse(header: str) -> tuple[int, tuple[str, ...]]:
    """Return the second and the v1 signatures in `header`, or raise `Forged`."""
    if len(header) > LONGEST:
        raise Forged("The signature header is too long.")
    parts = [_PART.fullmatch(part.strip(" ")) for part in header.split(",")]
    if not all(parts):
        raise Forged("The signature header cannot be read.")
    seconds = [part[2] for part in parts if part and part[1]]
    signatures = tuple(part[4] for part in parts if part and part[3])
    if len(seconds) != 1 or not 1 <= len(signatures) <= MOST_SIGNATURES:
        raise Forged("The signature header lacks a time or a signature.")
    # The sender signs the digits as it wrote them: without leading noughts.
    if seconds[0] != str(int(seconds[0])):
        raise Forged("The signature's time is not written as a number is.")
    return int(seconds[0]), signatures


def came_back(
    query: Mapping[str, str], *, payment: str, reference: str, secrets: Sequence[str]
) -> bool:
    """Say whether the gateway sent the payer of `payment` back with this `query`."""
    status, signature = query.get("status", ""), query.get("signature", "")
    if query.get("payment") != payment or not re.fullmatch(r"[0-9a-f]{64}", signature):
        return False
    message = f"{payment}|{status}|{reference}".encode("utf-8", "surrogatepass")
    return any([_any_equal(_hex(secret, message), (signature,)) for secret in secrets])


def _header(headers: Mapping[str, str]) -> str:
    found = [value for name, value in headers.items() if name.lower() == HEADER]
    if len(found) != 1:
        raise Forged("There is not one signature header.")
    return found[0]


def _any_equal(expected: str, signatures: Sequence[str]) -> bool:
    # In constant time, each of them: how far a guess was right must not be measurable.
    return any([hmac.compare_digest(expected, one) for one in signatures])


def _hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
