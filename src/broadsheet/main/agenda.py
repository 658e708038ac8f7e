"""
What is to be done by the clock, in order: the moments at which something comes due,
and the work that is due then. `broadsheet clock` and `broadsheet simulate` go by it.

Some work is due to the minute (`EXACT`) and is visited at its own instant. The rest is
done by the day: on its own timetable in a worker, and here once a day, at `ROUND`, in
the publication's zone, when the day that it is about is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from procrastinate.contrib.django import app

from broadsheet.business.ledger import actions as ledger
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as known
from broadsheet.business.subscriptions import actions as subscribing
from broadsheet.business.subscriptions import queries as subscribed

Verb = Callable[[datetime], int]
ROUND = time(0, 40)
DAY = timedelta(days=1)
# Checks everything and does nothing: a year of nights would read all books 365 times.
LEFT_OUT = frozenset({"main.verify_books"})


@dataclass(frozen=True, slots=True)
class Work:
    """A job's verb, by the job's name. It returns how much it did at a time."""

    name: str
    do: Verb

    def finish(self, at: datetime) -> int:
        """Do all that is due at `at`, a batch after another; return how much."""
        done = 0
        while some := self.do(at):
            done += some
        return done


def _renew(at: datetime) -> int:
    return subscribing.renew_due(at=at).claimed


# In the order in which a reader would want them done at one and the same midnight: who
# comes back is not charged as if she were away, and who is charged does not lapse.
EXACT = (
    Work("subscriptions.pauses", lambda at: subscribing.turn_pauses(at=at)),
    Work("payments.reconcile", lambda at: payments.reconcile(at=at)),
    Work("subscriptions.renew", _renew),
    Work("subscriptions.lapse", lambda at: subscribing.lapse_due(at=at)),
    Work("subscriptions.expire", lambda at: subscribing.expire_checkouts(at=at)),
    Work("subscriptions.expire", lambda at: subscribing.expire_changes(at=at)),
    Work("subscriptions.credits", lambda at: subscribing.return_credits(at=at)),
)
DAILY = (
    Work("payments.catch_up", lambda at: payments.catch_up(at=at)),
    Work("ledger.recognise", lambda at: ledger.recognise(at=at)),
    Work("subscriptions.prices", lambda at: subscribing.tell_prices(at=at)),
    Work("subscriptions.remind", lambda at: subscribing.remind_due(at=at)),
    Work("subscriptions.cards", lambda at: subscribing.warn_of_cards(at=at)),
)
OURS = frozenset(work.name for work in (*EXACT, *DAILY))


def stops(after: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """
    Yield every moment after `after` at which something comes due, in order, and `until`
    last of all. What is done at one decides which is the next, so ask one at a time.
    """
    at = after
    while at < until:
        due = (subscribed.next_due(at), known.next_check(at), next_round(at, zone))
        at = min(until, *(when for when in due if when is not None))
        yield at


def next_round(after: datetime, zone: ZoneInfo) -> datetime:
    """Return when the day's work is done next, after `after`."""
    today = after.astimezone(zone).date()
    rounds = (
        datetime.combine(today + n * DAY, ROUND, zone).astimezone(after.tzinfo)
        for n in range(3)
    )
    return next(one for one in rounds if one > after)


def is_round(at: datetime, zone: ZoneInfo) -> bool:
    return at.astimezone(zone).time() == ROUND


def work(at: datetime, zone: ZoneInfo) -> dict[str, int]:
    """Do what is due at a stop, and return how much of each there was."""
    done: dict[str, int] = {}
    for one in (*EXACT, *DAILY) if is_round(at, zone) else EXACT:
        some = one.finish(at)
        if some:
            done[one.name] = done.get(one.name, 0) + some
    return done


def keep_house(at: datetime) -> None:
    """Run the other rooms' timed jobs once. They read the publication's clock."""
    second = int(at.timestamp())
    for periodic in app.periodic_registry.periodic_tasks.values():
        if periodic.task.name not in OURS | LEFT_OUT | {"builtin:procrastinate"}:
            periodic.task(timestamp=second)
