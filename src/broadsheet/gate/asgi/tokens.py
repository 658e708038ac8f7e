"""
Tokens over HTTP: the keys for everybody, a token for the reader herself, and for an
edge whether one still holds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from broadsheet.gate.core.tokens import LIFE, Bearer, Issuer
from broadsheet.gate.core.visitor import Visitor
from broadsheet.kit import clock

from .memory import Memory
from .reply import RawHeaders
from .request import Request, Scope

KEYS = "/.well-known/jwks.json"
TOKEN = "/gate/v1/token"  # noqa: S105  An address.
KEYS_KEPT = 3600  # Seconds; the next key is published a month before it signs.
Visitors = Callable[[Request, datetime], Awaitable[tuple[Visitor, RawHeaders]]]


@dataclass(frozen=True, slots=True)
class Said:
    status: int
    told: Any
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """
    A partner's clock is not the publication's, which may be a test's: rights are asked
    for at the publication's time, and a token's own times are the wall's.
    """

    issuer: Issuer
    memory: Memory
    visitors: Visitors

    def keys(self) -> Said:
        cached = (b"cache-control", b"public, max-age=%d" % KEYS_KEPT)
        anywhere = (b"access-control-allow-origin", b"*")
        told = self.issuer.keys(int(clock.wall().timestamp()))
        return Said(200, told, (cached, anywhere))

    async def token(self, scope: Scope) -> Said:
        """Return a token for the reader who asks, about herself."""
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        [audience, *more] = asked.get("aud", [""])
        if audience not in self.issuer.audiences or more:
            return Said(400, {"error": "Give aud, one of the paper's partners."})
        await self.memory.ready()
        at = self.memory.now()
        visitor, cookies = await self.visitors(Request.of(scope), at)
        if visitor.reader is None:
            return Said(401, {"error": "Log in first."})
        carried, wall = visitor.reader, int(clock.wall().timestamp())
        left = carried.entitled_until - int(at.timestamp())
        token = self.issuer.issue(
            Bearer(carried.identity, carried.epoch, visitor.features),
            audience,
            wall,
            # What ends within the token's life ends on time.
            wall + (left if visitor.features else LIFE),
        )
        return Said(200, {"token": token, "type": "JWT"}, tuple(cookies))

    async def introspect(self, token: str) -> Said:
        """Return whether a token still holds: not expired, and not voided since."""
        await self.memory.ready()
        bearer = self.issuer.read(token, clock.wall())
        if bearer is None or self._voided(bearer):
            return Said(200, {"active": False})
        return Said(200, {"active": True, "features": sorted(bearer.features)})

    def _voided(self, bearer: Bearer) -> bool:
        return self.memory.epochs.get(bearer.reader, 0) > bearer.epoch
