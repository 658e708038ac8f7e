"""The security headers that every page carries, the gate's and Django's alike."""

from __future__ import annotations

from collections.abc import Sequence

Headers = tuple[tuple[str, str], ...]

DESK = "/desk/"

# Staff pages: Wagtail's editor writes inline scripts and styles, evaluates templates,
# shows avatars and previews from elsewhere, and frames its own preview.
DESK_CSP = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob: https:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'self'",
        "object-src 'none'",
        "form-action 'self'",
        "base-uri 'self'",
        "frame-ancestors 'self'",
    )
)


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


READER_CSP = content_security_policy()


def security(form_action: Sequence[str] = (), *, https: bool = False) -> Headers:
    """Return the headers. Strict-Transport-Security only if the origin is `https`."""
    return (
        ("content-security-policy", content_security_policy(form_action)),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        *((("strict-transport-security", "max-age=31536000"),) if https else ()),
    )


def of_page(
    path: str, form_action: Sequence[str] = (), *, https: bool = False
) -> Headers:
    """Return the headers of an answer to `path`: the desk's policy is looser."""
    headers = dict(security(form_action, https=https))
    if path.startswith(DESK):
        headers["content-security-policy"] = DESK_CSP
    return tuple(headers.items())
