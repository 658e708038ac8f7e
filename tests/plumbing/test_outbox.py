from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest
from django.db import transaction

from broadsheet.plumbing import outbox
from broadsheet.plumbing.models import Announcement, Delivery
from broadsheet.plumbing.outbox import Heard


@dataclass(frozen=True, slots=True)
class Printed:
    edition: int
    at: datetime


@pytest.fixture
def wired():
    """Wire `Printed` to two hearers; put the real wiring back afterwards."""
    before = dict(outbox._routes), outbox._defer, outbox._defer_many
    heard: list[tuple[str, Printed]] = []
    deferred: list[int] = []

    def at_once(event, at):
        heard.append(("at once", event))

    def later(event, at):
        if event.edition == 13:
            raise ValueError("no edition 13")
        heard.append(("later", event))

    outbox.connect({Printed: Heard((at_once,), (later,))}, defer=deferred.append)
    yield heard, deferred
    outbox.connect(before[0], defer=before[1], defer_many=before[2])


def announce(edition, at):
    with transaction.atomic():
        outbox.announce(Printed(edition, at), at=at)


@pytest.mark.django_db(transaction=True)
def test_a_fact_reaches_each_hearer_once_however_often_it_is_delivered(wired, at):
    heard, deferred = wired
    announce(1, at)
    assert heard == [("at once", Printed(1, at))]

    for _ in range(3):
        outbox.deliver(deferred[0], at=at)

    assert heard == [("at once", Printed(1, at)), ("later", Printed(1, at))]
    delivery = Delivery.objects.get()
    assert (delivery.attempts, delivery.done_at, delivery.last_error) == (1, at, "")


@pytest.mark.django_db(transaction=True)
def test_a_fact_that_is_rolled_back_is_never_told(wired, at):
    _, deferred = wired
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.announce(Printed(1, at), at=at)
        raise ZeroDivisionError
    assert Announcement.objects.count() == Delivery.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_handler_that_fails_is_remembered_and_may_try_again(wired, at):
    _, deferred = wired
    announce(13, at)
    for attempt in (1, 2):
        with pytest.raises(ValueError):
            outbox.deliver(deferred[0], at=at)
        delivery = Delivery.objects.get()
        assert delivery.attempts == attempt
        assert delivery.last_error == "ValueError: no edition 13"
        assert delivery.done_at is None


@pytest.mark.django_db(transaction=True)
def test_announcing_outside_a_transaction_is_a_mistake_of_ours(wired, at):
    with pytest.raises(RuntimeError):
        outbox.announce(Printed(1, at), at=at)
