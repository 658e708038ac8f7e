"""
Handing what was converted to the newsroom, a hundred stories in a transaction. What was
brought in before and is the same, or was since decided otherwise here, is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DataError, IntegrityError, transaction

from broadsheet.news.newsroom import actions as newsroom
from broadsheet.news.newsroom import queries

from ..models import BroughtItem
from .addresses import redirected, remember, whereabouts

DELETED = "deleted here since: not brought in again"
WITHDRAWN = "withdrawn here since: left as it is"
STILL_LIVE = "no longer published there: still live here"


@dataclass(slots=True)
class Ready:
    """One item, converted: what the newsroom is given, and how it is told of."""

    place: int  # In the report.
    number: int  # WordPress's.
    kind: str
    title: str
    origin_id: str
    given: dict[str, Any]
    live: bool  # To be published, now or at its hour.
    digest: str
    addresses: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)  # Href to its address's key.
    notes: tuple[str, ...] = ()
    group: str = "posts"
    words: tuple[int, int] = (0, 0)
    size: int = 0


@dataclass(slots=True)
class Done:
    """What became of it: new, changed, unchanged or refused, and what there is to say."""

    ready: Ready
    outcome: str
    story_id: int | None = None
    skipped: str = ""  # Why it was left alone although it came otherwise.
    refused: str = ""
    lost: list[str] = field(default_factory=list)  # Addresses that another story has.
    pending: dict[str, str] = field(
        default_factory=dict
    )  # Links that lead nowhere yet.


class Intake:
    def __init__(self, origin: str, at: datetime) -> None:
        self._origin = origin
        self._at = at

    def take(self, batch: Sequence[Ready]) -> list[Done]:
        """Bring the batch in, all in one transaction, and say what became of each."""
        try:
            with transaction.atomic():
                return self._together(batch)
        except (DataError, IntegrityError) as error:
            if len(batch) == 1:
                why = f"the database refused it: {str(error).splitlines()[0]}"
                return [Done(batch[0], "refused", refused=why)]
        # One of them is at fault; the others must not suffer for it.
        return [done for ready in batch for done in self.take([ready])]

    def _together(self, batch: Sequence[Ready]) -> list[Done]:
        known = self._known(batch)
        shown = _live([row.story_id for row in known.values() if row.story_id])
        done: list[Done] = []
        todo: list[Ready] = []
        for ready in batch:
            row = known.get(ready.origin_id)
            left = row and _left_alone(ready, row, row.story_id in shown)
            if left:
                done.append(left)
            else:
                todo.append(ready)
        return done + self._file(todo, known)

    def _known(self, batch: Sequence[Ready]) -> dict[str, BroughtItem]:
        ids = [ready.origin_id for ready in batch]
        rows = BroughtItem.objects.select_for_update().order_by("pk")
        found = rows.filter(origin=self._origin, origin_id__in=ids)
        return {row.origin_id: row for row in found}

    def _file(
        self, todo: Sequence[Ready], known: Mapping[str, BroughtItem]
    ) -> list[Done]:
        if not todo:
            return []
        paths = whereabouts(key for ready in todo for key in ready.links.values())
        arrivals = [self._arrival(ready, paths) for ready in todo]
        taken = newsroom.take_in(arrivals, at=self._at)
        done = []
        for ready, one in zip(todo, taken, strict=True):
            if one.story_id is None:
                done.append(Done(ready, "refused", refused=_sentence(one.refusal)))
                continue
            outcome = "changed" if ready.origin_id in known else "new"
            here = {href for href, key in ready.links.items() if key in paths}
            pending = {h: k for h, k in ready.links.items() if h not in here}
            done.append(Done(ready, outcome, one.story_id, pending=pending))
        self._remember(done)
        return done

    def _arrival(self, ready: Ready, paths: Mapping[str, str]) -> newsroom.Arrival:
        moved = {href: paths[key] for href, key in ready.links.items() if key in paths}
        given = ready.given | {"blocks": redirected(ready.given["blocks"], moved)}
        return newsroom.Arrival(
            **given, origin=self._origin, origin_id=ready.origin_id, live=ready.live
        )

    def _remember(self, done: Sequence[Done]) -> None:
        filed = [(each, each.story_id) for each in done if each.story_id is not None]
        BroughtItem.objects.bulk_create(
            (
                BroughtItem(
                    origin=self._origin,
                    origin_id=each.ready.origin_id,
                    story_id=story_id,
                    digest=each.ready.digest,
                    live=each.ready.live and not self._waits(each.ready),
                    at=self._at,
                )
                for each, story_id in filed
            ),
            update_conflicts=True,
            unique_fields=["origin", "origin_id"],
            update_fields=["story", "digest", "live", "at"],
        )
        lost = remember([(pk, each.ready.addresses) for each, pk in filed])
        for each, story_id in filed:
            each.lost = lost.get(story_id, [])

    def _waits(self, ready: Ready) -> bool:
        hour = ready.given["go_live_at"]
        return hour is not None and hour > self._at


def _left_alone(ready: Ready, row: BroughtItem, shown: bool) -> Done | None:
    """Return why the story stays as it is: the same came, or the desk has decided."""
    same = Done(ready, "unchanged", row.story_id, pending=ready.links)
    if row.digest == ready.digest:
        return same
    if row.story_id is None:
        same.skipped = DELETED
    elif row.live and not shown:
        same.skipped = WITHDRAWN
    elif shown and not ready.live:
        same.skipped = STILL_LIVE
    else:
        return None
    same.pending = {}
    return same


def _live(story_ids: Sequence[int]) -> frozenset[int]:
    return frozenset(each.story_id for each in queries.standings_of(story_ids))


def _sentence(refusal: Exception | None) -> str:
    return str(refusal) or type(refusal).__name__
