from __future__ import annotations

import pytest

from broadsheet.kit import headers


def directives(policy: str) -> dict[str, str]:
    return dict(part.split(" ", 1) for part in policy.split("; "))


def test_readers_pages_take_nothing_from_elsewhere_and_nothing_inline():
    policy = directives(headers.content_security_policy(("https://pay.example",)))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self' https://pay.example",
        "base-uri": "'none'",
        "frame-ancestors": "'self'",
    }


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/", headers.READER_CSP),
        ("/desk", headers.READER_CSP),
        ("/deskbound/", headers.READER_CSP),
        ("/desk/", headers.DESK_CSP),
        ("/desk/stories/", headers.DESK_CSP),
    ],
)
def test_only_the_desk_has_the_desks_policy(path, policy):
    assert dict(headers.of_page(path))["content-security-policy"] == policy


@pytest.mark.parametrize("https", [True, False])
def test_only_a_site_on_https_pins_it(https):
    names = [name for name, _ in headers.of_page("/", https=https)]
    assert names == [
        "content-security-policy",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "permissions-policy",
        *(["strict-transport-security"] if https else []),
    ]
