"""
The outbox: what a room announces inside its transaction reaches the others.

A handler is called *at once*, inside the same transaction (the gate is told this way,
so that access never lags behind the fact), or *later*, by a job worker, after the
commit. A later handler runs in a transaction of its own together with the mark that
it has heard, so its effects on our database happen exactly once; what it does to the
outside world must bear being done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Exists, Min, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from pydantic import TypeAdapter

from broadsheet.kit.ids import new_id

from .models import Announcement, Delivery

Handler = Callable[[Any, datetime], None]
HandlerOfMany = Callable[[Sequence[Any], datetime], None]
Defer = Callable[[int], None]
DeferMany = Callable[[Sequence[int]], None]
KEPT_FOR = timedelta(days=30)  # Long enough to ask why something was sent.


@dataclass(frozen=True, slots=True)
class Heard:
    """
    Who hears an event: in its transaction, and after it. Of many events announced
    together `many_at_once` hears all at a time, in place of `at_once`, if it is given.
    """

    at_once: tuple[Handler, ...] = ()
    later: tuple[Handler, ...] = ()
    many_at_once: tuple[HandlerOfMany, ...] = ()


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far the deliveries are behind. `failed` of the `waiting` failed before."""

    waiting: int
    failed: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A delivery that failed and still waits."""

    id: int
    topic: str
    handler: str
    attempts: int
    error: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One handler's hearing of a fact about a reader; `error` is its last failure."""

    id: int
    handler: str
    at: datetime
    done_at: datetime | None
    error: str


class Undeliverable(Exception):
    """A delivery names a topic or a handler that nobody wired. Do not try again."""


_routes: dict[type, Heard] = {}
_topics: dict[str, type] = {}
_handlers: dict[str, Handler] = {}
_adapters: dict[type, TypeAdapter[Any]] = {}
_defer: Defer | None = None
_defer_many: DeferMany | None = None


def connect(
    routes: Mapping[type, Heard], *, defer: Defer, defer_many: DeferMany | None = None
) -> None:
    """Say who hears what. Called once, by `main.wiring`."""
    global _defer, _defer_many
    _defer, _defer_many = defer, defer_many
    _routes.clear()
    _routes.update(routes)
    _topics.update({_name(event): event for event in routes})
    _handlers.update(
        {
            _name(handler): handler
            for heard in routes.values()
            for handler in heard.later
        }
    )


def announce(event: object, *, at: datetime) -> None:
    """
    Tell everyone who was wired to hear `event` (a frozen dataclass of plain values).
    Must be called inside a transaction. Costs two statements and a job a later handler.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("announce() belongs inside the transaction of the fact.")
    heard = _routes.get(type(event), Heard())
    for handler in heard.at_once:
        handler(event, at)
    if heard.later:
        _write(event, heard.later, at)


def announce_all(events: Sequence[object], *, at: datetime) -> None:
    """
    Tell of many events of one kind at once: an announcement each, as `announce` would,
    but in four statements for all of them.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(
            "announce_all() belongs inside the transaction of the facts."
        )
    if not events:
        return
    heard = _routes.get(type(events[0]), Heard())
    for together in heard.many_at_once:
        together(events, at)
    for handler in () if heard.many_at_once else heard.at_once:
        for event in events:
            handler(event, at)
    if heard.later:
        _write_all(events, heard.later, at)


def _write_all(
    events: Sequence[object], handlers: tuple[Handler, ...], at: datetime
) -> None:
    announcements = Announcement.objects.bulk_create(
        Announcement(
            id=new_id(at),
            topic=_name(type(event)),
            payload=_adapter(type(event)).dump_python(event, mode="json"),
            at=at,
        )
        for event in events
    )
    deliveries = Delivery.objects.bulk_create(
        Delivery(announcement=announcement, handler=_name(handler))
        for announcement in announcements
        for handler in handlers
    )
    if _defer_many is not None:
        _defer_many([delivery.pk for delivery in deliveries])
    elif _defer is not None:
        for delivery in deliveries:
            _defer(delivery.pk)


def _write(event: object, handlers: tuple[Handler, ...], at: datetime) -> None:
    announcement = Announcement.objects.create(
        id=new_id(at),
        topic=_name(type(event)),
        payload=_adapter(type(event)).dump_python(event, mode="json"),
        at=at,
    )
    for handler in handlers:
        delivery = Delivery.objects.create(
            announcement=announcement, handler=_name(handler)
        )
        if _defer is not None:
            _defer(delivery.pk)


def deliver(delivery_id: int, *, at: datetime) -> None:
    """
    Let one handler hear one announcement, unless it has. An error is written down
    and raised again, so that the job is retried. Takes a lock on the delivery's row.
    """
    try:
        with transaction.atomic():
            delivery = (
                Delivery.objects.select_for_update(of=("self",))
                .select_related("announcement")
                .get(pk=delivery_id)
            )
            if delivery.done_at is not None:
                return
            _hear(delivery)
            delivery.attempts += 1
            delivery.last_error = ""
            delivery.done_at = at
            delivery.save()
    except Exception as error:
        _remember(delivery_id, error)
        raise


def _hear(delivery: Delivery) -> None:
    event_type = _topics.get(delivery.announcement.topic)
    handler = _handlers.get(delivery.handler)
    if event_type is None or handler is None:
        raise Undeliverable(f"{delivery.announcement.topic} -> {delivery.handler}")
    event: object = _adapter(event_type).validate_python(delivery.announcement.payload)
    handler(event, delivery.announcement.at)


def _remember(delivery_id: int, error: Exception) -> None:
    delivery = Delivery.objects.filter(pk=delivery_id, done_at=None).first()
    if delivery is not None:
        delivery.attempts += 1
        delivery.last_error = f"{type(error).__name__}: {error}"[:2000]
        delivery.save(update_fields=["attempts", "last_error"])


def backlog() -> Backlog:
    """Return how far the deliveries are behind. One query, on a partial index."""
    waiting = Delivery.objects.filter(done_at=None).aggregate(
        waiting=Count("id"),
        failed=Count("id", filter=~Q(last_error="")),
        oldest_at=Min("announcement__at"),
    )
    return Backlog(**waiting)


def failed(limit: int) -> list[Failed]:
    """Return the deliveries that failed and still wait, the oldest first."""
    rows = Delivery.objects.filter(done_at=None).exclude(last_error="")
    return [
        Failed(
            id=row.pk,
            topic=row.announcement.topic,
            handler=row.handler,
            attempts=row.attempts,
            error=row.last_error,
            at=row.announcement.at,
        )
        for row in rows.select_related("announcement").order_by("id")[:limit]
    ]


def told_of(
    reader: UUID, *, handlers: str, until: datetime | None = None, limit: int
) -> list[Told]:
    """
    Return what the later handlers whose name holds `handlers` were told of a reader, the
    newest first; of the last `KEPT_FOR`, for older announcements are pruned. One query.
    """
    rows = Delivery.objects.alias(
        about=KeyTextTransform("reader", "announcement__payload")
    ).filter(
        announcement__payload__has_key="reader",
        about=str(reader),
        handler__contains=handlers,
    )
    if until is not None:
        rows = rows.filter(announcement__at__lte=until)
    found = rows.select_related("announcement").order_by("-announcement__at", "-id")
    return [
        Told(
            id=row.pk,
            handler=row.handler.rpartition(".")[2],
            at=row.announcement.at,
            done_at=row.done_at,
            error=row.last_error,
        )
        for row in found[:limit]
    ]


def prune(*, at: datetime, batch: int = 1000) -> int:
    """
    Delete the announcements older than `KEPT_FOR` that everyone has heard, and return
    how many. A batch is a transaction, so that no lock is held for long.
    """
    old = Announcement.objects.filter(at__lt=at - KEPT_FOR)
    heard = old.filter(
        ~Exists(Delivery.objects.filter(announcement=OuterRef("pk"), done_at=None))
    )
    pruned = 0
    while ids := list(heard.order_by("at", "id").values_list("pk", flat=True)[:batch]):
        with transaction.atomic():
            Delivery.objects.filter(announcement__in=ids).delete()
            pruned += Announcement.objects.filter(pk__in=ids).delete()[0]
    return pruned


def _adapter(event_type: type) -> TypeAdapter[Any]:
    """Return what turns this event into plain JSON and back, built once: it is slow."""
    if event_type not in _adapters:
        _adapters[event_type] = TypeAdapter(event_type)
    return _adapters[event_type]


def _name(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}".removeprefix("broadsheet.")
