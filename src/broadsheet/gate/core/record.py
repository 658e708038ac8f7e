"""
What is kept of a decision, so that it can be made again: its inputs, and its answer.

A record holds the reading but for the policy, which it names by number: see `Edition`.
`core.decide` is pure, so the same reading gives the same decision, on any later day. The
story's path is left out; no decision may rest on how an address is spelled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from .decide import decide
from .packing import pack, pack_rest, unpack
from .vocabulary import (
    Decision,
    Orders,
    Policy,
    Purpose,
    Reading,
    Reason,
    Recording,
    Verdict,
)

# Nobody can be named for these, or nothing was shown; machines have a log of their own.
_NEVER = frozenset(
    (
        Reason.FREE,
        Reason.UNREAD,
        Reason.COOKIES,
        Reason.PRESSED,
        Reason.WITHDRAWN,
        Reason.CRAWLER,
        Reason.UNPROVED,
    )
)
_READING = ("story", "meter", "policy")  # These have columns, or a number.
_STORY = ("story_id", "path", "access", "section", "published_at", "revision")

Kind = list[Any]  # What many views have in common, in the order of `_COLUMNS` below.


def unrecorded(recording: Recording) -> frozenset[Reason]:
    """Return the reasons for which a decision is not kept."""
    if recording.days < 1:
        return frozenset(Reason)
    return _NEVER if recording.entitled else _NEVER | {Reason.ENTITLED}


def wanted(recording: Recording, reading: Reading, decision: Decision) -> bool:
    """Test if the decision is one that is kept: a reader has really seen it."""
    if reading.purpose is not Purpose.READ:
        return False
    return decision.reason not in unrecorded(recording)


@dataclass(frozen=True, slots=True)
class Record:
    """One view by one identity. `policy` is the number of its edition."""

    at: datetime
    identity: UUID
    registered: bool
    reading: Reading
    policy: int
    verdict: Verdict
    reason: Reason


def kind_of(registered: bool, reading: Reading, decision: Decision) -> Kind:
    """Return all of a record but who and when, as `store.records` writes it."""
    story, meter = reading.story, reading.meter
    return [
        registered,
        story.story_id,
        story.access,
        story.section,
        story.published_at.isoformat(),
        story.revision,
        meter.standing.value,
        meter.count,
        meter.limit,
        decision.verdict.value,
        decision.reason.value,
        _rest(reading) or None,
    ]


def _rest(reading: Reading) -> dict[str, Any]:
    rest = pack_rest(reading, _READING)
    if story := pack_rest(reading.story, _STORY):
        rest["story"] = story
    return rest


def reading_of(row: Mapping[str, Any], policy: Policy) -> Reading:
    """Return the reading that a record's columns and its policy make up again."""
    rest = row["more"] or {}
    story = {name: row[name] for name in _STORY if name != "path"}
    meter = {
        "standing": row["standing"],
        "count": row["count"],
        "limit": row["allowance"],
    }
    plain = {
        **rest,
        "story": {**rest.get("story", {}), **story, "path": ""},
        "meter": meter,
    }
    return replace(unpack(Reading, plain), policy=policy)


def replay(record: Record) -> Decision:
    """Decide again, exactly as it was decided."""
    return decide(record.reading)


# --- The policy's editions -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edition:
    """
    The orders that held from `at` until the next edition. It is never changed; `by` is
    who edited the policy, or None if a gate was the first to see it.
    """

    number: int
    orders: Orders
    at: datetime
    by: UUID | None = None


def edition_text(orders: Orders) -> str:
    """Return, as JSON, all of the orders that a decision can rest on."""
    decisive = {"policy": pack(orders.policy), "zone": orders.zone.key}
    return json.dumps(decisive, sort_keys=True, separators=(",", ":"))


def orders_in(content: Any) -> Orders:
    return Orders(unpack(Policy, content["policy"]), ZoneInfo(content["zone"]))


def digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
