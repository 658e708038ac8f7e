"""How one story is cut, and for whom: the readings that a newspaper's people ask about."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .decide import decide, needs_meter
from .explaining import asked, with_limit
from .vocabulary import (
    NEWS,
    NOBODY,
    VERTICAL,
    Decision,
    Kind,
    Meter,
    Policy,
    Proof,
    Reading,
    Standing,
    StoryFacts,
    Visitant,
)


class Reader(enum.Enum):
    ANONYMOUS = "anonymous"
    REGISTERED = "registered"
    SUBSCRIBER = "subscriber"
    VERTICAL = "vertical"  # Whoever has bought the story's own vertical.
    NO_COOKIES = "no-cookies"
    CRAWLER = "crawler"


@dataclass(frozen=True, slots=True)
class Cut:
    """What this reader gets; `read` are her free stories before this one."""

    reader: Reader
    decision: Decision
    read: int = 0
    crawler: Visitant | None = None


# One of each sort that a newsroom asks about; each kind has a rule of its own.
CRAWLERS = (
    Visitant("Googlebot", Kind.SEARCH, Proof.DNS),
    Visitant("Googlebot", Kind.SEARCH, Proof.NONE),
    Visitant("OAI-SearchBot", Kind.AI_SEARCH, Proof.ADDRESS),
    Visitant("GPTBot", Kind.TRAINING, Proof.ADDRESS),
    Visitant("facebookexternalhit", Kind.PREVIEW, Proof.NONE),
)


def cuts(story: StoryFacts, policy: Policy) -> tuple[Cut, ...]:
    """Return what each reader would get of the story, were it in print."""
    bare = Reading(story, policy=policy)
    return (*_people(bare), *_machines(bare))


def _people(bare: Reading) -> Iterator[Cut]:
    story = bare.story
    pool = bare.policy.pool_if_metered(story.section, story.access)
    for reader, limit in (
        (Reader.ANONYMOUS, pool.anonymous),
        (Reader.REGISTERED, pool.registered),
    ):
        if not needs_meter(bare):  # Then nobody asks how many were read.
            yield _cut(reader, bare)
            continue
        for read in sorted({0, max(0, limit - 1), limit}):
            stood = with_limit(Meter(Standing.UNREAD, read), limit)
            yield _cut(reader, replace(bare, meter=asked(stood)), read)
    yield _cut(Reader.SUBSCRIBER, replace(bare, features=frozenset({NEWS})))
    if bare.story.access.startswith(VERTICAL):
        held = frozenset({bare.story.access})
        yield _cut(Reader.VERTICAL, replace(bare, features=held))
    nobody = replace(NOBODY, limit=pool.anonymous)
    yield _cut(Reader.NO_COOKIES, replace(bare, meter=nobody))


def _machines(bare: Reading) -> Iterator[Cut]:
    for crawler in CRAWLERS:
        decision = decide(replace(bare, crawler=crawler))
        yield Cut(Reader.CRAWLER, decision, crawler=crawler)


def _cut(reader: Reader, reading: Reading, read: int = 0) -> Cut:
    return Cut(reader, decide(reading), read)
