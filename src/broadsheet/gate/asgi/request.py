"""What the gate looks at in a request; the rest it never reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from broadsheet.gate.core.vocabulary import Purpose

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# A browser that fetches ahead says so in one of these.
_AHEAD = frozenset((b"sec-purpose", b"purpose", b"x-purpose", b"x-moz"))
_AHEAD_WORDS = (b"prefetch", b"prerender", b"preview")
_LOOKED_AT = _AHEAD | {b"cookie", b"if-none-match"}


@dataclass(slots=True)
class Request:
    cookies: bytes  # As they came; HTTP/2 may send one header a cookie.
    if_none_match: bytes
    head: bool
    ahead: bool

    @classmethod
    def of(cls, scope: Scope) -> Request:
        cookies, match, ahead = b"", b"", False
        for name, value in scope["headers"]:
            if name not in _LOOKED_AT:
                continue
            if name == b"cookie":
                cookies = cookies + b"; " + value if cookies else value
            elif name == b"if-none-match":
                match = value
            else:
                ahead = ahead or any(word in value.lower() for word in _AHEAD_WORDS)
        return cls(cookies, match, scope["method"] == "HEAD", ahead)

    @property
    def purpose(self) -> Purpose:
        return Purpose.GLANCE if self.head or self.ahead else Purpose.READ

    def has(self, etag: bytes) -> bool:
        """Test if the client holds exactly this page."""
        if not self.if_none_match:
            return False
        return etag in (tag.strip() for tag in self.if_none_match.split(b","))
