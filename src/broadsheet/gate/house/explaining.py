"""
Why a reader sees, or saw, what she does: facts gathered, decided by `core.decide` alone.

A moment that was recorded is replayed. Any other is made up from the counted stories, the
grants and the policy's edition of that moment, with the story as it is filed today, and
says so. Costs about eight indexed queries.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db.models import QuerySet

from broadsheet.gate.core import decide as core
from broadsheet.gate.core import meter as metering_rules
from broadsheet.gate.core import record
from broadsheet.gate.core.explaining import Case, Change, asked, changes, resumes
from broadsheet.gate.core.meter import Ask, Reads, period_end, period_start
from broadsheet.gate.core.record import Edition, Record
from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import (
    Decision,
    Grant,
    Meter,
    Orders,
    Pass,
    Reading,
    Reason,
    Standing,
    StoryFacts,
    Verdict,
)
from broadsheet.gate.store import StoreDown

from . import metering, models, queries, recording

NEAR = timedelta(minutes=5)  # A reader who says "at ten" does not mean the second.
VIEWS = 10


class Source(enum.Enum):
    RECORDED = "recorded"
    NOW = "now"
    RECONSTRUCTED = "reconstructed"


class Who(enum.Enum):
    ANONYMOUS = "anonymous"  # A browser that comes for the first time.
    DEVICE = "device"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class Question:
    """`at` is None for now. `identity` is nobody's for ANONYMOUS."""

    story_id: int
    who: Who
    identity: UUID | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Counted:
    story_id: int
    path: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Scene:
    """What held at the moment, whatever was decided."""

    at: datetime
    facts: StoryFacts
    edition: Edition | None  # None: none was filed by then, and today's was taken.
    orders: Orders
    grants: tuple[Grant, ...]
    reads: Reads  # Of the period, until the moment.
    meter_down: bool

    @property
    def period(self) -> tuple[datetime, datetime]:
        period, zone = self.orders.policy.period, self.orders.zone
        return period_start(period, zone, self.at), period_end(period, zone, self.at)


@dataclass(frozen=True, slots=True)
class Explanation:
    question: Question
    source: Source
    scene: Scene
    reading: Reading
    before: Meter  # Where her meter stood before this view, asked or not.
    decision: Decision
    changes: tuple[Change, ...]
    counted: tuple[Counted, ...]
    views: tuple[
        tuple[datetime, Verdict, Reason], ...
    ]  # Of this story, the last first.
    was: tuple[Verdict, Reason] | None  # If the record is decided otherwise by now.


def explain(question: Question, *, now: datetime) -> Explanation:
    """Return what she sees or saw, and why. Raise `UnknownStory`."""
    kept = _recorded(question)
    scene = _scene(question, kept, now)
    ask = _ask(question, scene)
    before = metering_rules.peek(scene.reads, ask)
    if kept is None:
        reading = _reading(scene, before)
    else:
        reading, before = kept.reading, _stood(kept.reading.meter, before)
    decision = core.decide(reading)
    spent = before.standing is Standing.SPENT
    drawn = _drawn(scene.reads, ask.pool)
    again = resumes(drawn, before.limit, scene.orders, scene.at)
    case = Case(reading, before, question.who is Who.READER, again if spent else None)
    return Explanation(
        question=question,
        source=_source(question, kept),
        scene=scene,
        reading=reading,
        before=before,
        decision=decision,
        changes=changes(case),
        counted=_with_paths(drawn),
        views=_views(question),
        was=_was(kept, decision),
    )


def _source(question: Question, kept: Record | None) -> Source:
    if kept is not None:
        return Source.RECORDED
    return Source.NOW if question.at is None else Source.RECONSTRUCTED


# --- A moment that was recorded -------------------------------------------------------


def _recorded(question: Question) -> Record | None:
    """Return the recorded view that is nearest to the moment, if one is near."""
    if question.at is None:
        return None
    near = (question.at - NEAR, question.at + NEAR)
    rows = list(_rows(question).filter(at__range=near))
    if not rows:
        return None
    moment = question.at
    row = min(rows, key=lambda row: (abs(row.at - moment), row.pk))
    return next(recording.recorded([row]), None)


def _views(question: Question) -> tuple[tuple[datetime, Verdict, Reason], ...]:
    rows = _rows(question).order_by("-at", "-pk")[:VIEWS]
    return tuple((row.at, Verdict(row.verdict), Reason(row.reason)) for row in rows)


def _rows(question: Question) -> QuerySet[models.RecordedDecision]:
    every = models.RecordedDecision.objects
    if question.identity is None:
        return every.none()
    return every.filter(identity=question.identity, story_id=question.story_id)


def _stood(after: Meter, else_: Meter) -> Meter:
    """Return where the meter stood before a view that left it at `after`."""
    if after.standing is Standing.OPENED:
        return Meter(Standing.UNREAD, after.count - 1, after.limit)
    # A decision that did not ask the meter does not know where it stood.
    return after if after.standing in (Standing.READ, Standing.SPENT) else else_


def _was(kept: Record | None, decision: Decision) -> tuple[Verdict, Reason] | None:
    if kept is None or (decision.verdict, decision.reason) == (
        kept.verdict,
        kept.reason,
    ):
        return None
    return kept.verdict, kept.reason


# --- What held then -------------------------------------------------------------------


def _scene(question: Question, kept: Record | None, now: datetime) -> Scene:
    at = kept.at if kept else question.at or now
    edition = recording.edition(kept.policy) if kept else _edition(question, at)
    orders = edition.orders if edition else queries.orders()
    reads, down = _reads(question, orders, at)
    facts = _facts(question.story_id, at)
    if kept is not None:
        facts = replace(kept.reading.story, path=facts.path)
    grants = _grants(question, at)
    return Scene(at, facts, edition, orders, grants, reads, down)


def _edition(question: Question, at: datetime) -> Edition | None:
    """Return the edition of the moment; for now, only if it says what holds now."""
    found = recording.edition_at(at)
    if question.at is not None or found is None:
        return found
    same = record.edition_text(found.orders) == record.edition_text(queries.orders())
    return found if same else None


def _facts(story_id: int, at: datetime) -> StoryFacts:
    facts = queries.story(story_id)
    gone = models.StoryFact.objects.filter(pk=story_id, withdrawn_at__lte=at).exists()
    return replace(facts, withdrawn=gone)


def _grants(question: Question, at: datetime) -> tuple[Grant, ...]:
    if question.who is not Who.READER or question.identity is None:
        return ()
    held = queries.grants(question.identity, at)
    return tuple(grant for grant in held if grant.starts <= at)


def _reads(question: Question, orders: Orders, at: datetime) -> tuple[Reads, bool]:
    """Return what counts of what she has read; and whether the meter is out of reach."""
    start = period_start(orders.policy.period, orders.zone, at)
    if question.identity is None:
        return Reads(start), False
    try:
        row, down = metering.current().reads(question.identity), False
    except StoreDown:
        row, down = None, True
    known = _counted_by_record(question.identity, orders, start, at)
    stories = {**known.stories, **(row.stories if row else {})}
    pools = {**known.pools, **(row.pools if row else {})}
    if row and question.at is None:  # A period once begun is never left backwards.
        start = max(start, row.since)
    within = {story: when for story, when in stories.items() if start <= when <= at}
    return Reads(start, within, pools), down


def _counted_by_record(
    identity: UUID, orders: Orders, start: datetime, at: datetime
) -> Reads:
    rows = models.RecordedDecision.objects.filter(
        identity=identity, reason=Reason.COUNTED.value, at__range=(start, at)
    )
    stories: dict[int, datetime] = {}
    pools: dict[int, str] = {}
    columns = ("story_id", "at", "section", "access")
    for story, when, section, access in rows.order_by("-at").values_list(*columns):
        stories[story] = when
        pools[story] = orders.policy.pool_if_metered(section, access).name
    return Reads(start, stories, pools)


def _ask(question: Question, scene: Scene) -> Ask:
    visitor, facts = _visitor(question), scene.facts
    pool = scene.orders.policy.pool_if_metered(facts.section, facts.access)
    ask = visitor.ask(question.story_id, pool, scene.orders, scene.at)
    assert ask is not None  # noqa: S101  The visitor is always somebody.
    return ask


def _visitor(question: Question) -> Visitor:
    identity = question.identity or uuid4()
    if question.who is Who.READER:
        return Visitor(reader=Pass(identity, 0))
    return Visitor(identity)


def _reading(scene: Scene, before: Meter) -> Reading:
    features = frozenset(grant.feature for grant in scene.grants)
    reading = Reading(scene.facts, features=features, policy=scene.orders.policy)
    if not core.needs_meter(reading):
        return reading
    return replace(reading, meter=asked(before))


def _drawn(reads: Reads, pool: str) -> Reads:
    """Return the reads that were paid for out of this pool."""
    of = {s: at for s, at in reads.stories.items() if reads.pools.get(s, "") == pool}
    return Reads(reads.since, of)


def _with_paths(reads: Reads) -> tuple[Counted, ...]:
    paths = dict(
        models.StoryFact.objects.filter(pk__in=reads.stories)
        .order_by("pk")
        .values_list("pk", "path")
    )
    moments = sorted((when, story) for story, when in reads.stories.items())
    return tuple(Counted(story, paths.get(story, ""), when) for when, story in moments)
