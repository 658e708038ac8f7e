"""
One header that a gate adds on the way to a web process: its token, and what the web
process cannot see by itself. Nobody else has the token, so nobody else is believed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from broadsheet.gate.asgi.request import Scope

RawHeaders = Iterable[tuple[bytes, bytes]]

HEADER = b"x-broadsheet-hop"
VIEW, ERRAND = b"view", b"errand"  # Somebody's request; the gate's own.


def token_of(secret: str) -> bytes:
    """Return what gates and web processes of one publication have in common."""
    return (
        hmac.digest(
            secret.encode(), b"broadsheet: between gate and web", hashlib.sha256
        )
        .hex()
        .encode()
    )


@dataclass(frozen=True, slots=True)
class Hop:
    """Why the gate comes; for a view, the scheme and the peer that the gate saw."""

    kind: bytes
    scheme: str = ""
    peer: tuple[str, int] | None = None

    @classmethod
    def of_view(cls, scope: Scope) -> Hop:
        peer = scope.get("client")
        return cls(
            VIEW, scope["scheme"], (str(peer[0]), int(peer[1])) if peer else None
        )

    def header(self, token: bytes) -> tuple[bytes, bytes]:
        words = [token, self.kind]
        if self.scheme:
            words.append(self.scheme.encode())
        if self.peer is not None:
            words += [self.peer[0].encode(), b"%d" % self.peer[1]]
        return HEADER, b" ".join(words)


def read(headers: RawHeaders, token: bytes) -> Hop | None:
    """Return the hop that the headers prove, or None."""
    found = [value for name, value in headers if name == HEADER]
    if len(found) != 1:
        return None
    given, *words = found[0].split(b" ")
    if not hmac.compare_digest(given, token):
        return None
    match words:  # What the token vouches for is well formed.
        case [kind, scheme, host, port]:
            return Hop(kind, scheme.decode(), (host.decode(), int(port)))
        case [kind, scheme]:
            return Hop(kind, scheme.decode())
        case [kind]:
            return Hop(kind)
    return None


def without(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    return [each for each in headers if each[0] != HEADER]
