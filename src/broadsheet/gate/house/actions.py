"""
The gate's verbs: what other rooms file with it.

Each runs in the caller's transaction, and tells all gates of the change when that
transaction commits. None is expensive: an upsert, a line in `gate_change`, a NOTIFY.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from broadsheet.gate.core import meter, pages, vocabulary
from broadsheet.gate.core.budget import Window
from broadsheet.gate.core.pages import UnknownPlaceholder as UnknownPlaceholder
from broadsheet.gate.store import Kind, StoreDown
from broadsheet.gate.store.postgres import CHANNEL
from broadsheet.plumbing import outbox, publication

from . import audiences, giving, metering, models, queries, recording
from .audiences import walls_edited as walls_edited
from .crawler_lists import BadKeys as BadKeys
from .crawler_lists import BadRanges as BadRanges
from .crawler_lists import NotAHost as NotAHost
from .crawler_lists import UnknownList as UnknownList
from .crawler_lists import file_agent_keys as file_agent_keys
from .crawler_lists import file_ranges as file_ranges
from .events import ErasureOwed, PolicyChanged, UnionOwed
from .giving import AllowanceSpent as AllowanceSpent
from .giving import FreeToAll as FreeToAll
from .giving import NotHersToGive as NotHersToGive
from .giving import gift_terms_edited as gift_terms_edited
from .giving import give as give
from .giving import take_back as take_back
from .listings import forget_listings as forget_listings
from .listings import install as install
from .listings import listings_changed as listings_changed
from .listings import press_listing as press_listing
from .listings import sweep_listings as sweep_listings
from .listings import take_turn as take_turn
from .tending import tend_records as tend_records

_PATH = re.compile(r"/[^/?#\s]+/[^/?#\s]*-(\d+)/")
_FEATURE = re.compile(r"news|adfree|archive|epaper|vertical:[a-z0-9-]+")
CHANGES_KEPT = timedelta(days=1)  # A gate that was away for longer must start anew.


VISITS_KEPT = timedelta(days=400)  # A year, and the same weeks of the year before.


class BadPath(Exception):
    """A story's canonical address is not of the form `/section/slug-id/`. Do not retry."""


class UnknownFeature(Exception):
    """A grant names a feature that the gate does not know. Do not try again."""


class NoBitLeft(Exception):
    """All the verticals that a pass has room for are taken. Do not try again."""


# --- Stories ----------------------------------------------------------------------


@transaction.atomic
def file_story(facts: vocabulary.StoryFacts, *, at: datetime) -> None:
    """File what the gate must know of a story. Raise `BadPath`."""
    _check_path(facts)
    models.StoryFact.objects.update_or_create(
        story_id=facts.story_id,
        defaults={
            "path": facts.path,
            "access": facts.access,
            "section": facts.section,
            "published_at": facts.published_at,
            "revision": facts.revision,
            "withdrawn_at": at if facts.withdrawn else None,
        },
    )
    _tell(Kind.STORY, number=facts.story_id, at=at)


@transaction.atomic
def file_stories(stories: Sequence[vocabulary.StoryFacts], *, at: datetime) -> None:
    """File many stories' facts, as `file_story` does, in three statements."""
    for facts in stories:
        _check_path(facts)
    values = [
        (each.story_id, each.path, each.access, each.section, each.published_at)
        + (each.revision, at if each.withdrawn else None)
        for each in sorted(stories, key=lambda each: each.story_id)
    ]
    if not values:
        return
    with connection.cursor() as cursor:
        cursor.execute(_FILE, [list(column) for column in zip(*values, strict=True)])
        cursor.execute(
            """
            INSERT INTO gate_change (txid, kind, subject, number, at)
            SELECT pg_current_xact_id()::text::bigint, %s, '', number, %s
              FROM unnest(%s::bigint[]) AS number
            """,
            [Kind.STORY.value, at, [story_id for story_id, *_ in values]],
        )
    _wake()


def _check_path(facts: vocabulary.StoryFacts) -> None:
    found = _PATH.fullmatch(facts.path)
    if found is None or int(found[1]) != facts.story_id:
        raise BadPath(f"{facts.path!r} is not an address of story {facts.story_id}.")


_FILE = """
INSERT INTO gate_storyfact
       (story_id, path, access, section, published_at, revision, withdrawn_at)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[],
                     %s::timestamptz[], %s::bigint[], %s::timestamptz[])
ON CONFLICT (story_id) DO UPDATE
   SET path = excluded.path, access = excluded.access, section = excluded.section,
       published_at = excluded.published_at, revision = excluded.revision,
       withdrawn_at = excluded.withdrawn_at
"""


@transaction.atomic
def withdraw_story(story_id: int, *, at: datetime) -> None:
    """Take the story back: it is answered with 410, and its pages are deleted."""
    models.StoryFact.objects.filter(story_id=story_id, withdrawn_at=None).update(
        withdrawn_at=at
    )
    models.PressedPage.objects.filter(story_id=story_id).delete()
    _tell(Kind.STORY, number=story_id, at=at)


@transaction.atomic
def press(page: pages.PressedPage, *, at: datetime) -> None:
    """Keep the page, unless a newer revision is kept already."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO gate_pressedpage AS p
                   (story_id, revision, full_html, cut_html, pressed_at)
            VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (story_id) DO UPDATE
               SET revision = excluded.revision, full_html = excluded.full_html,
                   cut_html = excluded.cut_html, pressed_at = excluded.pressed_at
             WHERE p.revision <= excluded.revision
            """,
            [page.story_id, page.revision, page.full, page.cut, at],
        )
    _tell(Kind.STORY, number=page.story_id, at=at)


@transaction.atomic
def forget_pages(story_ids: Sequence[int] | None, *, at: datetime) -> None:
    """Delete pages, so that they are pressed anew; None means all."""
    if story_ids is None:
        models.PressedPage.objects.all().delete()
        _tell(Kind.PAGES, at=at)
        return
    models.PressedPage.objects.filter(story_id__in=story_ids).delete()
    for story_id in story_ids:
        _tell(Kind.STORY, number=story_id, at=at)


@transaction.atomic
def file_furniture(pieces: Mapping[str, str], *, at: datetime) -> None:
    """File pieces of HTML by name; the others stay. Raise `UnknownPlaceholder`."""
    pages.check_furniture(pieces)
    for name, html in sorted(pieces.items()):
        models.Furniture.objects.update_or_create(
            name=name, defaults={"html": html, "filed_at": at}
        )
    _tell(Kind.FURNITURE, at=at)


# --- Readers ----------------------------------------------------------------------


@transaction.atomic
def admit(
    reader: UUID,
    *,
    feature: str,
    starts: datetime,
    ends: datetime,
    source: str,
    reference: str,
    at: datetime,
) -> None:
    """
    Grant `feature` to the reader. The same source, reference and feature again moves
    the grant's window. Raise `UnknownFeature`, `NoBitLeft`.
    """
    if not _FEATURE.fullmatch(feature):
        raise UnknownFeature(f"{feature!r} is not a feature of the gate.")
    if feature.startswith(vocabulary.VERTICAL):
        _give_bit(feature)
    models.Grant.objects.update_or_create(
        source=source,
        reference=reference,
        feature=feature,
        defaults={"reader": reader, "starts": starts, "ends": ends, "filed_at": at},
    )
    void_passes(reader, at=at)


@transaction.atomic
def dismiss(*, source: str, reference: str, ends: datetime, at: datetime) -> None:
    """Let the grants of this reference end at `ends`, if they would have ended later."""
    grants = models.Grant.objects.select_for_update().order_by("pk")
    readers = set()
    for grant in grants.filter(source=source, reference=reference, ends__gt=ends):
        grant.ends = max(grant.starts, ends)
        grant.save(update_fields=["ends"])
        readers.add(grant.reader)
    for reader in sorted(readers):
        void_passes(reader, at=at)


@transaction.atomic
def void_passes(reader: UUID, *, at: datetime) -> None:
    """Void all passes of the reader; who still has a session gets a new one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO gate_readerepoch AS e (reader, epoch, raised_at)
            VALUES (%s, 1, %s)
            ON CONFLICT (reader) DO UPDATE
               SET epoch = e.epoch + 1, raised_at = excluded.raised_at
            RETURNING epoch
            """,
            [reader, at],
        )
        epoch = cursor.fetchone()[0]
    _tell(Kind.EPOCH, subject=str(reader), number=epoch, at=at)


@transaction.atomic
def unite(device: UUID, reader: UUID, *, at: datetime) -> None:
    """
    Give device and reader the union of what both have read, never the sum. A login must
    not fail for it: if the meter cannot be reached, the union is owed.
    """
    try:
        settle_union(device, reader)
    except StoreDown:
        outbox.announce(UnionOwed(device, reader), at=at)


def settle_union(device: UUID, reader: UUID) -> None:
    """Unite now, or raise `StoreDown`. Doing it twice is as doing it once."""
    metering.current().unite(device, reader)


# --- Crawlers ---------------------------------------------------------------------


@transaction.atomic
def pools_edited(*, by: UUID | None = None, at: datetime) -> None:
    """Tell all gates that the desk has changed what draws on which pool: a new edition."""
    _wake()
    recording.file_edition(queries.orders(), by=by, at=at)


@transaction.atomic
def crawler_rules_edited(*, by: UUID | None = None, at: datetime) -> None:
    """Tell all gates that the desk has changed what crawlers get: a new edition."""
    _wake()
    recording.file_edition(queries.orders(), by=by, at=at)


# --- Housekeeping -----------------------------------------------------------------


@transaction.atomic
def erase(identity: UUID, *, at: datetime) -> None:
    """
    Forget what a device or a reader has read, as she may ask of us, and all decisions
    that were recorded of it. If the meter cannot be reached, the erasure is owed.
    """
    recording.forget(identity, at=at)
    # Also where she was counted before the meter moved to Valkey.
    models.MeterRow.objects.filter(identity=identity).delete()
    giving.forget_gifts(identity)
    try:
        settle_erasure(identity)
    except StoreDown:
        outbox.announce(ErasureOwed(identity), at=at)


def settle_erasure(identity: UUID) -> None:
    """Forget now, or raise `StoreDown`. Doing it twice is as doing it once."""
    metering.current().erase(identity)


@transaction.atomic
def sweep(*, at: datetime) -> int:
    """
    Delete meter rows in which nothing counts any more, changes that every gate has
    heard, and crawlers' visits of long ago. Return the number of meter rows. Reads the
    whole meter table: run it daily. Rows in Valkey go by themselves.
    """
    start = meter.period_start(queries.policy().period, publication.current().zone, at)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM gate_meterrow
             WHERE since < %(start)s
               AND NOT EXISTS (SELECT FROM unnest(read_at) AS moment
                                WHERE moment >= %(start)s)
            """,
            {"start": start - meter.KEPT_AFTER},
        )
        deleted: int = cursor.rowcount
    _sweep_newcomers(at)
    models.Change.objects.filter(at__lt=at - CHANGES_KEPT).delete()
    models.CrawlerVisit.objects.filter(at__lt=at - VISITS_KEPT).delete()
    giving.sweep_gifts(at=at)
    audiences.sweep_hits(at=at)
    return deleted


def _sweep_newcomers(at: datetime) -> None:
    """Delete what the next window would have: perhaps no gate has come into one."""
    begins = Window.at(at, queries.budget().hours).begins
    models.NewcomerRow.objects.filter(since__lt=begins).delete()
    models.NewcomerSalt.objects.filter(begins__lt=begins).delete()


@transaction.atomic
def policy_edited(*, by: UUID | None = None, at: datetime) -> None:
    """Tell everyone that the policy's row was saved at the desk: a new edition."""
    _wake()
    recording.file_edition(queries.orders(), by=by, at=at)
    policy = queries.policy()
    outbox.announce(
        PolicyChanged(policy.limit_anonymous, policy.limit_registered, policy.period),
        at=at,
    )


def _give_bit(feature: str) -> None:
    if models.Vertical.objects.filter(name=feature).exists():
        return
    with connection.cursor() as cursor:
        # Two new verticals at once must not take one bit.
        cursor.execute("LOCK TABLE gate_vertical IN SHARE ROW EXCLUSIVE MODE")
    taken = models.Vertical.objects.order_by("-bit").first()
    bit = taken.bit + 1 if taken else vocabulary.FIRST_VERTICAL_BIT
    if bit > vocabulary.LAST_VERTICAL_BIT:
        raise NoBitLeft(f"There is no room in a pass for {feature!r}.")
    models.Vertical.objects.get_or_create(name=feature, defaults={"bit": bit})


def _tell(kind: Kind, *, subject: str = "", number: int = 0, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO gate_change (txid, kind, subject, number, at)
            VALUES (pg_current_xact_id()::text::bigint, %s, %s, %s, %s)
            """,
            [kind.value, subject, number, at],
        )
    _wake()


def _wake() -> None:
    """Let the gates look at once, instead of within half a second."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
