"""
Passes: the two cookies that the gate believes, because it signed them itself.

A *device cookie* says "the same browser as before" for at most 90 days; it carries an
identity and never a count, so replaying an old one changes nothing. That of a *new*
device has not yet been held against its network's budget. A *reader pass*
says "this reader, with these features" for ten minutes, and is then minted anew.

    offset  size  field
    0       1     kind and version: 0x11 device, 0x12 new device, 0x21 reader
    1       1     key id
    2       16    identity
    18      4     expires, Unix seconds
    22      12    reader only: entitled until, epoch, feature bits (4 bytes each)
    last    16    BLAKE2b (RFC 7693) over all before it, keyed

The text is base64url without padding, and only the one canonical spelling is taken.
"""

from __future__ import annotations

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from .vocabulary import Pass

DEVICE_COOKIE = "__Host-broadsheet-device"
READER_COOKIE = "__Host-broadsheet-pass"
DEVICE_LIFE = 90 * 24 * 3600
READER_LIFE = 10 * 60

_DEVICE, _NEW_DEVICE, _READER = 0x11, 0x12, 0x21
NEW_BIT = 1  # In the bits of a new device's pass.
_DEVICE_LAYOUT = struct.Struct("!BB16sI")
_READER_LAYOUT = struct.Struct("!BB16sIIII")
MAC_SIZE = 16
_DEVICE_SIZE = _DEVICE_LAYOUT.size + MAC_SIZE
_READER_SIZE = _READER_LAYOUT.size + MAC_SIZE
_LONGEST = 68  # Characters; anything longer is not even decoded.


@dataclass(frozen=True, slots=True)
class Key:
    key_id: int
    secret: bytes


@dataclass(frozen=True, slots=True)
class Keyring:
    """The first key signs; all of them verify, so that keys rotate with overlap."""

    keys: tuple[Key, ...]

    @classmethod
    def of(cls, secret: str, *previous: str) -> Keyring:
        """Return the keys derived from the installation's secrets, newest first."""
        return cls(tuple(_derive(one) for one in (secret, *previous)))


def _derive(secret: str) -> Key:
    # A secret may be longer than the 64 bytes that BLAKE2b takes as a key.
    root = blake2b(secret.encode(), digest_size=32).digest()
    signing = blake2b(b"broadsheet gate pass", key=root, digest_size=32).digest()
    named = blake2b(b"broadsheet gate key id", key=root, digest_size=1).digest()
    return Key(named[0], signing)


def device_cookie(
    keyring: Keyring, device: UUID, at: datetime, *, new: bool = False
) -> str:
    """
    Return a new device cookie's value, good for 90 days from `at`. A `new` device is
    asked for by the budget when it first reads.
    """
    kind = _NEW_DEVICE if new else _DEVICE
    key = keyring.keys[0]
    expires = int(at.timestamp()) + DEVICE_LIFE
    return seal(key, _DEVICE_LAYOUT.pack(kind, key.key_id, device.bytes, expires))


def reader_pass(keyring: Keyring, carried: Pass) -> str:
    """Return `carried` as a reader pass."""
    key = keyring.keys[0]
    return seal(
        key,
        _READER_LAYOUT.pack(
            _READER,
            key.key_id,
            carried.identity.bytes,
            carried.expires,
            carried.entitled_until,
            carried.epoch,
            carried.bits,
        ),
    )


def read_device(keyring: Keyring, text: str, at: datetime) -> Pass | None:
    """Return the pass in a device cookie, or None. Raises nothing, whatever `text`."""
    carried = name_device(keyring, text)
    return carried if carried and knows_device(carried, int(at.timestamp())) else None


def read_reader(keyring: Keyring, text: str, at: datetime) -> Pass | None:
    """Return the pass in a reader pass, or None. Raises nothing, whatever `text`."""
    carried = name_reader(keyring, text)
    holds = carried and is_live(carried, READER_LIFE, int(at.timestamp()))
    return carried if holds else None


def name_device(keyring: Keyring, text: str) -> Pass | None:
    """Return the pass even if it has expired. Ask `is_live` before you believe it."""
    raw = unseal(keyring, text, _DEVICE_SIZE, (_DEVICE, _NEW_DEVICE))
    if raw is None:
        return None
    kind, _, identity, expires = _DEVICE_LAYOUT.unpack(raw)
    bits = NEW_BIT if kind == _NEW_DEVICE else 0
    return Pass(UUID(bytes=identity), expires, bits=bits)


def name_reader(keyring: Keyring, text: str) -> Pass | None:
    """
    Return the pass even if it has expired: it still names the reader who has just
    logged out. Never decide access by this without asking `is_live`.
    """
    raw = unseal(keyring, text, _READER_SIZE, (_READER,))
    if raw is None:
        return None
    _, _, identity, *rest = _READER_LAYOUT.unpack(raw)
    return Pass(UUID(bytes=identity), *rest)


def knows_device(carried: Pass, now: int) -> bool:
    """Test if a device pass still names its device at `now`, in Unix seconds."""
    # One from the future was made before the clock was put back. It opens nothing, and
    # a reader whose device we forgot would have all her free stories once more.
    return carried.expires > now


def is_live(carried: Pass, life: int, now: int) -> bool:
    """Test if a pass of this `life` holds at `now`, in Unix seconds."""
    # A pass from the future was made before the clock was put back: mint it anew,
    # or it would outlive the ten minutes that an epoch is remembered for.
    return 0 < carried.expires - now <= life


def seal(key: Key, payload: bytes) -> str:
    """Return `payload`, whose second byte is the key's id, signed and as text."""
    return sealed(payload + mac(key, payload))


def sealed(raw: bytes) -> str:
    """Return the one canonical spelling of `raw`."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def mac(key: Key, payload: bytes) -> bytes:
    return blake2b(payload, key=key.secret, digest_size=MAC_SIZE).digest()


def unseal(
    keyring: Keyring, text: str, size: int, kinds: tuple[int, ...]
) -> bytes | None:
    """Return the payload of what `seal` has sealed, or None. Raises nothing."""
    raw = canonical(text)
    if raw is None or len(raw) != size or raw[0] not in kinds:
        return None
    payload, tag = raw[:-MAC_SIZE], raw[-MAC_SIZE:]
    for key in keyring.keys:
        if key.key_id == raw[1] and hmac.compare_digest(mac(key, payload), tag):
            return payload
    return None


def canonical(text: str) -> bytes | None:
    """Return the bytes that `text` spells, if it is the one spelling we would write."""
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (BadBase64, ValueError):
        return None
    # The decoder skips what it does not know and ignores spare bits; we do not.
    return raw if sealed(raw) == text else None
