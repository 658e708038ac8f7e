"""The security headers that every page carries, the gate's and Django's alike."""

from __future__ import annotations

from collections.abc import Sequence

Headers = tuple[tuple[str, str], ...]


def content_security_policy(form_action: Sequence[str] = ()) -> str:
    """
    Return the policy of readers' pages: everything from our own origin, no inline
    script or style. `form_action` names the origins that a form of ours may end at by
    a redirect (a browser checks each step), such as the payment gateway's.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            " ".join(("form-action 'self'", *form_action)),
            "base-uri 'none'",
            "frame-ancestors 'self'",
        )
    )


def security(form_action: Sequence[str] = (), *, https: bool = False) -> Headers:
    """Return the headers. Strict-Transport-Security only if the origin is `https`."""
    return (
        ("content-security-policy", content_security_policy(form_action)),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        *((("strict-transport-security", "max-age=31536000"),) if https else ()),
    )
