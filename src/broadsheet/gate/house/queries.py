"""Questions to the gate from Django's side. They cost a few indexed queries each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, F
from django.db.models.functions import TruncDate
from django.utils.translation import gettext

from broadsheet.gate.core import decide as core
from broadsheet.gate.core import passes, visitor, wall
from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import (
    NOBODY,
    Budget,
    CrawlerRule,
    Decision,
    Grant,
    Meter,
    Orders,
    Policy,
    PoolRule,
    Purpose,
    Reading,
    Recording,
    Standing,
    StoryFacts,
)
from broadsheet.gate.store import StoreDown, statements
from broadsheet.gate.store.crawlers import Document
from broadsheet.plumbing import publication

from . import metering, minting, models, pools, recording
from .metering import meter_facts as meter_facts
from .minting import keyring as keyring
from .minting import mint as mint
from .minting import verticals
from .recording import of_identity


class UnknownStory(Exception):
    """Nobody has filed this story with the gate. Trying again does not help."""


@dataclass(frozen=True, slots=True)
class WallText:
    """A wall's words. Not escaped: they are text, not HTML."""

    headline: str
    message: str


# --- What the publisher chose -----------------------------------------------------


def policy() -> Policy:
    """Return the policy as edited at the desk, or its defaults."""
    row = _policy_row()
    return Policy(
        limit_anonymous=row.limit_anonymous,
        extra_registered=row.extra_registered,
        period=row.period,
        lead_in_min=row.lead_in_min,
        lead_in_max=row.lead_in_max,
        store_down_open=row.store_down == "open",
        line_from=row.line_from,
        crawlers=crawler_rules(),
        pools=pool_rules(),
        budget=_budget(row),
    )


def crawler_rules() -> tuple[CrawlerRule, ...]:
    """Return the rules that the desk has made; elsewhere DEFAULT_RULES hold."""
    rows = models.CrawlerRule.objects.order_by("kind", "name")
    columns = rows.values_list("kind", "action", "name", "price", "currency")
    return tuple(statements.rule(*row) for row in columns)


def budget() -> Budget:
    """Return how many new devices a network may bring."""
    return _budget(_policy_row())


def _budget(row: models.Policy) -> Budget:
    return Budget(
        row.new_devices,
        row.new_devices_nearby,
        row.new_devices_hours,
        row.new_devices_per_known,
    )


def pool_rules() -> tuple[PoolRule, ...]:
    """Return what draws on which pool; all else draws on the shared one."""
    columns = pools.PoolRule.objects.order_by("section", "access").values_list(
        "pool_id",
        "pool__limit_anonymous",
        F("pool__limit_anonymous") + F("pool__extra_registered"),
        "pool__label",
        "section",
        "access",
    )
    return tuple(statements.pool_rule(*row) for row in columns)


def crawler_documents() -> tuple[Document, ...]:
    """Return the lists that were filed since the release."""
    rows = models.CrawlerDocument.objects.order_by("what", "name")
    return tuple(Document(row.what, row.name, row.document) for row in rows)


@dataclass(frozen=True, slots=True)
class CrawlerCount:
    """How often a crawler came on a day of the publication's, and what it got."""

    day: date
    kind: str
    name: str
    proof: str
    verdict: str
    visits: int


def crawler_counts(since: datetime, until: datetime) -> tuple[CrawlerCount, ...]:
    """Return the visits in the window, the latest day first. Reads each of them."""
    day = TruncDate("at", tzinfo=publication.current().zone)
    rows = (
        models.CrawlerVisit.objects.filter(at__gte=since, at__lt=until)
        .annotate(day=day)
        .values_list("day", "kind", "name", "proof", "verdict")
        .annotate(visits=Count("pk"))
        .order_by("-day", "kind", "name", "proof", "verdict")
    )
    return tuple(CrawlerCount(*row) for row in rows)


def wall_text(kind: str, values: Mapping[str, str]) -> WallText:
    """
    Return the wall's finished words. `kind` is one of models.WALLS; `values` are those
    of core.wall.VARIABLES, already worded for readers.
    """
    headline, message = _wall_templates(kind)
    return WallText(wall.render(headline, values), wall.render(message, values))


def wall_text_for_furniture(kind: str, values: Mapping[str, str]) -> WallText:
    """Return the same for `file_furniture`: the gate will fill limit and section."""
    headline, message = _wall_templates(kind)
    return WallText(
        wall.render_for_furniture(headline, values),
        wall.render_for_furniture(message, values),
    )


def _wall_templates(kind: str) -> tuple[str, str]:
    """The texts we came with are translated; an editor's own have no translation."""
    row = _policy_row()
    texts = getattr(row, f"{kind}_headline"), getattr(row, f"{kind}_message")
    headline, message = (gettext(text) if text else "" for text in texts)
    return headline, message


def _policy_row() -> models.Policy:
    return models.Policy.objects.order_by("pk").first() or models.Policy()


# --- Decisions --------------------------------------------------------------------


def decide(
    story_id: int, *, cookies: Mapping[str, str], at: datetime, count: bool
) -> Decision:
    """
    Return what this reader gets. Only with `count` is a metered story ever opened by
    a free view; without, an unread one is `Reason.UNREAD`. A view that counts is
    recorded. Raise `UnknownStory`.
    """
    orders_now = orders()
    reading = Reading(story(story_id), policy=orders_now.policy)
    if not count:
        reading = replace(reading, purpose=Purpose.GLANCE)
    who = _visitor(cookies, orders_now, at)
    reading = replace(reading, features=who.features)
    if core.needs_meter(reading):
        # A device is let in where it reads its first page, by the gate in front, which
        # knows where it comes from.
        outside = count and who.new and orders_now.policy.budget.on
        count = count and not outside
        meter = _meter(reading.story, who, orders_now, at, count=count)
        let_in = replace(reading, meter=meter)
        reading = core.must_register(reading, meter) if outside else let_in
    decision = core.decide(reading)
    recording.keep(who, orders_now, reading, decision, at)
    return decision


def anonymous(story_id: int, at: datetime) -> Decision:
    """Return what somebody without any cookie gets: feeds, mail, search."""
    return core.decide(Reading(story(story_id), policy=policy()))


def for_pressing(story_id: int) -> tuple[Decision, Decision]:
    """Return the decisions with which the full and the cut body may be asked for."""
    reading = Reading(story(story_id))
    return (
        core.decide(replace(reading, purpose=Purpose.PRESS_FULL)),
        core.decide(replace(reading, purpose=Purpose.PRESS_CUT)),
    )


def story(story_id: int) -> StoryFacts:
    """Return what was filed of the story. Raise `UnknownStory`."""
    row = models.StoryFact.objects.filter(pk=story_id).first()
    if row is None:
        raise UnknownStory(f"Story {story_id} is not filed with the gate.")
    return StoryFacts(
        story_id=row.story_id,
        path=row.path,
        access=row.access,
        section=row.section,
        published_at=row.published_at,
        revision=row.revision,
        withdrawn=row.withdrawn_at is not None,
    )


def _meter(
    facts: StoryFacts, who: Visitor, orders: Orders, at: datetime, *, count: bool
) -> Meter:
    pool = orders.policy.pool(facts.section, facts.access) or orders.policy.shared
    ask = who.ask(facts.story_id, pool, orders, at)
    if ask is None:
        return replace(NOBODY, limit=pool.anonymous)
    counting = metering.current()
    try:
        return counting.count(ask) if count else counting.peek(ask)
    except StoreDown:
        return Meter(Standing.DOWN, limit=ask.limit)


def decisions(identity: UUID) -> list[dict[str, object]]:
    """Return what is recorded of a reader or a device, ready for JSON."""
    return of_identity(identity)


# --- Who is there -----------------------------------------------------------------


def device(cookies: Mapping[str, str]) -> UUID | None:
    """Return the device that the cookies prove."""
    text = cookies.get(passes.DEVICE_COOKIE)
    carried = text and passes.read_device(minting.keyring(), text, publication.now())
    return carried.identity if carried else None


def device_called(text: str) -> UUID | None:
    """Return the device that a person means by its number, or by its cookie's value."""
    try:
        return UUID(text)
    except ValueError:
        return device({passes.DEVICE_COOKIE: text})


def entitled(reader: UUID, feature: str, at: datetime) -> bool:
    """Test if the reader has a grant of the feature that holds at `at`."""
    return models.Grant.objects.filter(
        reader=reader, feature=feature, starts__lte=at, ends__gt=at
    ).exists()


def grants(reader: UUID, at: datetime) -> list[Grant]:
    """Return the reader's grants that have not ended at `at`, first to end first."""
    rows = models.Grant.objects.filter(reader=reader, ends__gt=at)
    return [
        Grant(row.reader, row.feature, row.starts, row.ends, row.source, row.reference)
        for row in rows.order_by("ends", "feature", "pk")
    ]


def _visitor(cookies: Mapping[str, str], orders: Orders, at: datetime) -> Visitor:
    """Return the visitor; her session vouches for her if her pass does not."""
    known = passes.name_reader(minting.keyring(), cookies.get(passes.READER_COOKIE, ""))
    who = visitor.identify(
        cookies,
        keyring=minting.keyring(),
        epochs={known.identity: minting.epoch(known.identity)} if known else {},
        orders=orders,
        at=at,
    )
    reader = None if who.reader else minting.reader_in(cookies)
    if reader is None:
        return who
    carried = minting.pass_for(reader, at)
    features = visitor.features_of(carried.bits, orders.verticals)
    return replace(who, reader=carried, features=features)


def orders() -> Orders:
    """Return the policy, and what else holds for every view."""
    facts, row = publication.current(), _policy_row()
    return Orders(
        policy(),
        facts.zone,
        facts.clock_offset,
        verticals(),
        recording=Recording(row.record_days, row.record_entitled),
    )
