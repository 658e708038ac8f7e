"""
Variants: a decided page, named so that an edge can fetch it once and keep it.

A name says which story, and what of a reading its page rests on: never who reads. It is
signed, and holds a digest of the page's tag, so it fetches the very page that was
decided or, when that has changed, nothing.

    offset  size  field
    0       1     kind and version: 0x31
    1       1     key id
    2       8     story
    10      1     flags: logged in, news, without advertisements, the story's vertical
    11      1     where the meter stands
    12      4     count and limit, 2 bytes each
    16      8     digest of the tag
    last    16    BLAKE2b over all before it, keyed
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from hashlib import blake2b

from .passes import Keyring, seal, unseal
from .vocabulary import (
    ADFREE,
    NEWS,
    VERTICAL,
    Meter,
    Policy,
    Reading,
    Standing,
    StoryFacts,
)

_KIND = 0x31
_LAYOUT = struct.Struct("!BBQBBHH8s")
_SIZE = _LAYOUT.size + 16
_READER, _NEWS, _ADFREE, _OWN = 1, 2, 4, 8
_STANDINGS = tuple(Standing)
_MOST = 0xFFFF  # Stories; no limit is near it.


@dataclass(frozen=True, slots=True)
class Variant:
    """`own`: the reader has the right that the story's vertical asks for."""

    story_id: int
    meter: Meter
    digest: bytes
    reader: bool = False
    news: bool = False
    adfree: bool = False
    own: bool = False


def variant_of(reading: Reading, etag: bytes, *, reader: bool) -> Variant:
    """Return which page of the story `reading` was shown, whose tag is `etag`."""
    access = reading.story.access
    meter = reading.meter
    if meter.standing is Standing.OPENED:  # The page of a story just opened, and of
        meter = replace(meter, standing=Standing.READ)  # one opened before, are one.
    return Variant(
        reading.story.story_id,
        replace(meter, count=min(meter.count, _MOST), limit=min(meter.limit, _MOST)),
        digest(etag),
        reader,
        NEWS in reading.features,
        ADFREE in reading.features,
        access.startswith(VERTICAL) and access in reading.features,
    )


def reading_of(variant: Variant, facts: StoryFacts, policy: Policy) -> Reading:
    """Return a reading that sees what `variant` names, of the story as it is now."""
    held = ((variant.news, NEWS), (variant.adfree, ADFREE), (variant.own, facts.access))
    features = frozenset(feature for has, feature in held if has)
    return Reading(facts, features=features, meter=variant.meter, policy=policy)


def digest(etag: bytes) -> bytes:
    return blake2b(etag, digest_size=8).digest()


def name(keyring: Keyring, variant: Variant) -> str:
    """Return the variant's name: 54 characters that are safe in an address."""
    key = keyring.keys[0]
    flags = (
        (variant.reader, _READER),
        (variant.news, _NEWS),
        (variant.adfree, _ADFREE),
    )
    return seal(
        key,
        _LAYOUT.pack(
            _KIND,
            key.key_id,
            variant.story_id,
            sum(flag for has, flag in (*flags, (variant.own, _OWN)) if has),
            _STANDINGS.index(variant.meter.standing),
            variant.meter.count,
            variant.meter.limit,
            variant.digest,
        ),
    )


def read(keyring: Keyring, text: str) -> Variant | None:
    """Return the variant of that name, or None. Raises nothing, whatever `text`."""
    raw = unseal(keyring, text, _SIZE, (_KIND,))
    if raw is None:
        return None
    _, _, story_id, flags, standing, count, limit, tag = _LAYOUT.unpack(raw)
    return Variant(
        story_id,
        Meter(_STANDINGS[standing], count, limit),
        tag,
        bool(flags & _READER),
        bool(flags & _NEWS),
        bool(flags & _ADFREE),
        bool(flags & _OWN),
    )
