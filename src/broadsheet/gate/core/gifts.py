"""
Gift links: what a link's token says, whether it is ours, and what it is still worth.

A token says which story it opens, until when, and for how many devices. It does not say
who gave it: her id goes into the MAC and nowhere else, so nobody can guess it, and a
token holds only together with the row that names her.

    offset  size  field
    0       1     kind and version: 0x31
    1       1     key id
    2       8     story
    10      4     expires, Unix seconds
    14      2     how many devices may open it
    16      16    nonce: the row
    32      16    BLAKE2b (RFC 7693) over all before it and the giver's id, keyed

The text is base64url without padding, and only the one canonical spelling is taken.
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from .passes import MAC_SIZE, Keyring, canonical, mac, sealed
from .vocabulary import METERED, NEWS, PREMIUM, GiftStanding

_VERSION = 0x31
_LAYOUT = struct.Struct("!BBqIH16s")
_SIZE = _LAYOUT.size + MAC_SIZE


@dataclass(frozen=True, slots=True)
class GiftTerms:
    """What the publisher lets subscribers give: edited at the desk."""

    allowance: int = 10  # Stories that one reader may give in a calendar month.
    opens: int = 5  # Devices that one link lets in.
    days: int = 14  # For which a link is valid.
    per_device: int = 10  # Gifts that one device may open in a month.
    outlives: bool = True  # A gift stays good when its giver's subscription ends.


DEFAULT_TERMS = GiftTerms()


@dataclass(frozen=True, slots=True)
class GiftLink:
    """A gift as it was given. `expires` is Unix time in seconds."""

    nonce: UUID
    story_id: int
    giver: UUID
    expires: int
    opens: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says of itself. Nothing of it is proved before `proves` has been."""

    story_id: int
    nonce: UUID
    expires: int
    opens: int
    key_id: int
    payload: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class GiftFacts:
    """A gift's row, as one device finds it."""

    link: GiftLink
    opened: int  # By how many devices.
    revoked: bool
    held: bool  # This device is one of them.
    received: int  # Gifts that this device has opened in the month.
    per_device: int
    backed: bool  # The giver may still read it herself, or nobody asks.


@dataclass(frozen=True, slots=True)
class GiftAsk:
    """May `device` open the gift of this nonce, now?"""

    nonce: UUID
    device: UUID | None
    feature: str  # What the giver must have, if gifts end with subscriptions.
    since: datetime  # The month's beginning.
    at: datetime


def token(keyring: Keyring, link: GiftLink) -> str:
    """Return the text of the link's address. The same link may be written again."""
    key = keyring.keys[0]
    payload = _LAYOUT.pack(
        _VERSION,
        key.key_id,
        link.story_id,
        link.expires,
        link.opens,
        link.nonce.bytes,
    )
    return sealed(payload + mac(key, payload + link.giver.bytes))


def read(text: str) -> Claim | None:
    """Return what `text` says, believing none of it. Raises nothing, whatever `text`."""
    raw = canonical(text)
    if raw is None or len(raw) != _SIZE or raw[0] != _VERSION:
        return None
    payload, tag = raw[:-MAC_SIZE], raw[-MAC_SIZE:]
    _, key_id, story_id, expires, opens, nonce = _LAYOUT.unpack(payload)
    return Claim(story_id, UUID(bytes=nonce), expires, opens, key_id, payload, tag)


def proves(keyring: Keyring, claim: Claim, link: GiftLink) -> bool:
    """Test if we wrote this token for this very link: its story, its giver, its end."""
    said = (claim.nonce, claim.story_id, claim.expires, claim.opens)
    if said != (link.nonce, link.story_id, link.expires, link.opens):
        return False
    signed = claim.payload + link.giver.bytes
    return any(
        key.key_id == claim.key_id and hmac.compare_digest(mac(key, signed), claim.mac)
        for key in keyring.keys
    )


def worth(facts: GiftFacts, at: datetime) -> GiftStanding:
    """Return what the gift is worth to the device that the facts are about."""
    if facts.revoked or not facts.backed or facts.link.expires <= at.timestamp():
        return GiftStanding.DEAD
    if facts.held:  # Whoever is in, stays in: re-opening is not a second opening.
        return GiftStanding.HELD
    if facts.opened >= facts.link.opens or facts.received >= facts.per_device:
        return GiftStanding.DEAD
    return GiftStanding.SEALED


def feature_for(access: str) -> str:
    """Return the feature that opens a story of this class to who would give it."""
    return NEWS if access in (METERED, PREMIUM) else access
