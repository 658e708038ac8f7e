"""
What one room's fact means to another, where a verb alone does not say it. Each of
these takes an event and its instant, and calls one or two verbs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.subscriptions import events as subscriptions
from broadsheet.front.web import pressing
from broadsheet.gate.core.vocabulary import StoryFacts
from broadsheet.gate.house import actions as gate
from broadsheet.gate.house.events import ErasureOwed, PolicyChanged, UnionOwed
from broadsheet.kit.calendar import local_date
from broadsheet.news.archive import actions as archive
from broadsheet.news.newsroom import events as newsroom
from broadsheet.news.newsroom import queries as stories
from broadsheet.plumbing import publication
from broadsheet.readers import events as readers

SOURCE = "subscription"
PRESSED_AHEAD = timedelta(days=3)  # The age up to which a story is sure to be read.


# --- Stories --------------------------------------------------------------------------


def file_story(event: newsroom.StoryPublished, at: datetime) -> None:
    """The gate knows a story's class before the story can be asked for."""
    standing = stories.standing(event.story_id)
    if standing is not None:
        _file(standing, at)


def file_stories(events: Sequence[newsroom.StoryPublished], at: datetime) -> None:
    """As `file_story`, of the many stories that an import publishes together."""
    ids = [event.story_id for event in events]
    gate.file_stories([_facts(each) for each in stories.standings_of(ids)], at=at)


def shut_search(event: newsroom.StoryPublished, at: datetime) -> None:
    archive.shut_stories([event.story_id], at)


def shut_searches(events: Sequence[newsroom.StoryPublished], at: datetime) -> None:
    archive.shut_stories([event.story_id for event in events], at)


def press_story(event: newsroom.StoryPublished, at: datetime) -> None:
    """An old story, as an import brings by the million, is pressed when it is asked for."""
    standing = stories.standing(event.story_id)
    if standing is not None and at - standing.published_at > PRESSED_AHEAD:
        gate.forget_pages([event.story_id], at=at)
    else:
        pressing.press(event.story_id, at=at)


def index_story(event: newsroom.StoryPublished, at: datetime) -> None:
    archive.index_story(event.story_id, at)


def withdraw_story(event: newsroom.StoryWithdrawn, at: datetime) -> None:
    """Closed to readers and gone from the search, in the withdrawal's transaction."""
    gate.withdraw_story(event.story_id, at=at)
    archive.unindex_story(event.story_id, at)


def refile_section(event: newsroom.SectionChanged, at: datetime) -> None:
    """Every story of the section has another address, or repeats another name."""
    after = 0
    while page := stories.standings(after=after, section_id=event.section_id):
        for standing in page:
            _file(standing, at)
        after = page[-1].story_id
        gate.forget_pages([standing.story_id for standing in page], at=at)
    pressing.furnish(at=at)


def press_author_anew(event: newsroom.AuthorChanged, at: datetime) -> None:
    after = 0
    while page := stories.standings(after=after, author_id=event.author_id):
        after = page[-1].story_id
        gate.forget_pages([standing.story_id for standing in page], at=at)


def listings_changed(event: newsroom.ListingsChanged, at: datetime) -> None:
    gate.listings_changed(event.paths, at=at)


def _file(standing: stories.Standing, at: datetime) -> None:
    gate.file_story(_facts(standing), at=at)


def _facts(standing: stories.Standing) -> StoryFacts:
    return StoryFacts(
        story_id=standing.story_id,
        path=standing.path,
        access=standing.access,
        section=standing.section,
        published_at=standing.published_at,
        revision=standing.revision,
    )


# --- The gate's own words ---------------------------------------------------------------


def press_all_anew(event: PolicyChanged, at: datetime) -> None:
    """The wall may read otherwise, and the lead-in may be of another length."""
    pressing.furnish(at=at)
    gate.forget_pages(None, at=at)


def furnish(event: object, at: datetime) -> None:
    pressing.furnish(at=at)


# --- Readers ------------------------------------------------------------------------


def unite_meters(event: readers.LoggedIn, at: datetime) -> None:
    if event.device is not None:
        gate.unite(event.device, event.reader, at=at)


def settle_union(event: UnionOwed, at: datetime) -> None:
    gate.settle_union(event.device, event.reader)


def settle_erasure(event: ErasureOwed, at: datetime) -> None:
    gate.settle_erasure(event.identity)


def void_passes(
    event: readers.LoggedOutEverywhere
    | readers.PasswordChanged
    | readers.SessionEnded
    | subscriptions.PaymentTrouble,
    at: datetime,
) -> None:
    gate.void_passes(event.reader, at=at)


def forget_reader(event: readers.Erased, at: datetime) -> None:
    gate.void_passes(event.reader, at=at)
    gate.erase(event.reader, at=at)
    ledger.forget_reader(event.reader)


# --- Subscriptions --------------------------------------------------------------------


def admit(event: subscriptions.Granted, at: datetime) -> None:
    gate.admit(
        event.reader,
        feature=event.feature,
        starts=event.starts,
        ends=event.ends,
        source=SOURCE,
        reference=event.reference,
        at=at,
    )


def dismiss(event: subscriptions.GrantEnded, at: datetime) -> None:
    gate.dismiss(source=SOURCE, reference=event.reference, ends=event.ends, at=at)


def pause_delivery(event: subscriptions.Paused, at: datetime) -> None:
    """Days on which nothing is open to her are not earned."""
    _move(event.subscription_id, event.starts, event.resumes, event.bills_at, at)


def resume_delivery(event: subscriptions.Resumed, at: datetime) -> None:
    today = local_date(at, publication.current().zone)
    _move(event.subscription_id, today, today, event.bills_at, at)


def _move(
    subscription_id: UUID, since: date, starts: date, until: datetime, at: datetime
) -> None:
    ends = local_date(until, publication.current().zone)
    issued = [each for each in books.invoices(subscription_id) if each.number]
    if issued:
        ledger.move_delivery(
            invoice_id=issued[0].id, since=since, starts=starts, ends=ends, at=at
        )
