"""
The security headers of every answer, as one pure table. The gate, which knows no
Django, sends the same ones.
"""

from __future__ import annotations

from types import MappingProxyType

# Readers' pages: our own files and nothing else. No inline script or style, no frame.
READER_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

# Staff pages: Wagtail's editor writes inline scripts and styles, shows avatars and
# previews from elsewhere, and frames its own preview.
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

DESK = "/desk/"

COMMON = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": (
            "camera=(), geolocation=(), microphone=(), payment=(), usb=(), "
            "browsing-topics=()"
        ),
    }
)

HSTS = "max-age=31536000; includeSubDomains"


def security_headers(path: str, *, https: bool) -> dict[str, str]:
    """Return the headers that an answer to `path` carries."""
    is_desk = path.startswith(DESK)
    headers = dict(COMMON)
    headers["Content-Security-Policy"] = DESK_CSP if is_desk else READER_CSP
    headers["X-Frame-Options"] = "SAMEORIGIN" if is_desk else "DENY"
    if https:
        headers["Strict-Transport-Security"] = HSTS
    return headers
