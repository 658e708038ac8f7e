"""
Tokens: a reader's rights, said to a partner who can check our signature (JWT, EdDSA).

Signing keys are derived from the installation's secret, one for each period of thirty
days, so every process has the same ones and none is stored. The next key is published
a period before it signs, and the last one a period after, so no partner's copy of
the list is ever too old. From one key no other can be worked out.

A token says who the reader is only in a name of her own for that audience, which
we alone can turn back; two partners cannot find out that they share her.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from uuid import UUID

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from jwt.algorithms import OKPAlgorithm

LIFE = 10 * 60  # Seconds, as a pass's: an epoch is remembered for no longer.
PERIOD = 30 * 24 * 3600  # Seconds for which one key signs.
LONGEST = 2048  # Characters of a token that are looked at.
_ALGORITHM = "EdDSA"


@dataclass(frozen=True, slots=True)
class SigningKey:
    key_id: str
    private: Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a token is about, and what she may read."""

    reader: UUID
    epoch: int
    features: frozenset[str] = frozenset()


class Issuer:
    """Signs and reads the tokens of one installation, `name` being its address."""

    def __init__(self, secret: str, name: str, audiences: Sequence[str]) -> None:
        root = blake2b(secret.encode(), digest_size=32).digest()
        self._root = _derived(root, b"broadsheet token keys")
        self._names = AESSIV(_derived(root, b"broadsheet token names"))
        self.name, self.audiences = name, frozenset(audiences)
        self._key = lru_cache(maxsize=8)(self._make_key)

    def keys(self, now: int) -> Mapping[str, Any]:
        """Return the list of keys (JWKS) that hold at `now`: the last, this, the next."""
        period = now // PERIOD
        return {
            "keys": [
                {
                    **json.loads(OKPAlgorithm.to_jwk(key.private.public_key())),
                    "kid": key.key_id,
                    "alg": _ALGORITHM,
                    "use": "sig",
                }
                for key in (self._key(period + step) for step in (0, -1, 1))
            ]
        }

    def issue(self, bearer: Bearer, audience: str, now: int, until: int) -> str:
        """Return a token for `audience`, good for ten minutes, or till `until`."""
        key = self._key(now // PERIOD)
        claims = {
            "iss": self.name,
            "aud": audience,
            "sub": self._named(bearer.reader, audience),
            "iat": now,
            "exp": min(now + LIFE, until),
            "features": sorted(bearer.features),
            "epoch": bearer.epoch,
        }
        headers = {"kid": key.key_id}
        return jwt.encode(claims, key.private, algorithm=_ALGORITHM, headers=headers)

    def read(self, token: str, now: datetime) -> Bearer | None:
        """Return whom a token of ours that has not expired is about. Raises nothing."""
        if len(token) > LONGEST:
            return None
        seconds = int(now.timestamp())
        try:
            key = self._named_by(jwt.get_unverified_header(token).get("kid"), seconds)
            if key is None:
                return None
            claims = self._claims(token, key)
            if not claims["iat"] <= seconds < claims["exp"]:
                return None
            reader = self._reader(claims["sub"], claims["aud"])
            return Bearer(reader, claims["epoch"], frozenset(claims["features"]))
        except (jwt.PyJWTError, InvalidTag, ValueError):
            return None

    def _claims(self, token: str, key: SigningKey) -> dict[str, Any]:
        # The times are compared above, with the time that was handed in.
        return jwt.decode(
            token,
            key.private.public_key(),
            algorithms=[_ALGORITHM],
            audience=list(self.audiences),
            issuer=self.name,
            options={"verify_exp": False, "verify_iat": False},
        )

    def _named_by(self, key_id: object, now: int) -> SigningKey | None:
        keys = (self._key(now // PERIOD + step) for step in (0, -1))
        return next((key for key in keys if key.key_id == key_id), None)

    def _make_key(self, period: int) -> SigningKey:
        seed = _derived(self._root, b"period %d" % period)
        private = Ed25519PrivateKey.from_private_bytes(seed)
        public = private.public_key().public_bytes_raw()
        return SigningKey(_text(blake2b(public, digest_size=8).digest()), private)

    def _named(self, reader: UUID, audience: str) -> str:
        return _text(self._names.encrypt(reader.bytes, [audience.encode()]))

    def _reader(self, subject: str, audience: str) -> UUID:
        raw = urlsafe_b64decode(subject + "=" * (-len(subject) % 4))
        return UUID(bytes=self._names.decrypt(raw, [audience.encode()]))


def _derived(root: bytes, purpose: bytes) -> bytes:
    return blake2b(purpose, key=root, digest_size=32).digest()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
