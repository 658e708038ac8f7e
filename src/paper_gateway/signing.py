"""Signatures: of events, and of the way back to the merchant. Pure."""

from __future__ import annotations

import hashlib
import hmac


def event_header(body: bytes, secret: str, at: int) -> str:
    """Return the `Paper-Signature` header of `body`, sent at Unix second `at`."""
    return f"t={at},v1={_hex(secret, str(at).encode() + b'.' + body)}"


def return_signature(payment: str, status: str, reference: str, secret: str) -> str:
    """Return what proves that this gateway sent the payer back with `status`."""
    return _hex(secret, f"{payment}|{status}|{reference}".encode())


def fingerprint(method: str, path: str, canonical: bytes) -> str:
    """Return what tells two requests apart that carry the same idempotency key."""
    return hashlib.sha256(
        b"\n".join((method.encode(), path.encode(), canonical))
    ).hexdigest()


def _hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
