"""The simulated publication: opened, lived through from stop to stop, and told of."""

from __future__ import annotations

import dataclasses
import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.catalogue.actions import Discount, Opening
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments.events import PaymentSucceeded
from broadsheet.kit import ids
from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money
from broadsheet.plumbing import outbox, publication
from broadsheet.plumbing.outbox import Heard

from .. import agenda, wiring
from .gateway import ADDRESS, Gateway
from .lives import HOURS, Life
from .trouble import Crash, Trouble

START = datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
YEAR = timedelta(days=365)
SECRET = "the-simulated-gateway-has-no-other"  # noqa: S105  It guards nothing.


class NotAThrowAway(Exception):
    """A simulation does not run where readers live: give it a database of its own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated: how many readers, how long, how bad, and which of all such."""

    readers: int
    days: int
    faults: float
    seed: int

    @property
    def end(self) -> datetime:
        return START + timedelta(days=self.days)


class World:
    """The paper, its readers, its gateway and its luck. `live` goes through its time."""

    def __init__(self, plan: Plan, gateway: Gateway, trouble: Trouble) -> None:
        self.plan, self.gateway, self.trouble = plan, gateway, trouble
        self.at = START
        self.zone = publication.current().zone
        self.work: Counter[str] = Counter()
        self.lives: list[Life] = []
        self._bag: list[tuple[datetime, int, bytes]] = []  # Webhooks that come later.
        self._posted = 0
        self._comes: list[tuple[datetime, int]] = []

    def live(self, stop: Callable[[World], None]) -> None:
        """Go from moment to moment until the end; `stop` sees each."""
        self._open_shop()
        self._let_readers_be_born()
        while self.at < self.plan.end:
            self.at, is_due = self._next()
            if is_due:
                self._safely(self._work)
            self._let_readers_act()
            self._safely(self._hear)
            stop(self)
        self._come_to_rest()
        stop(self)

    @property
    def did(self) -> Counter[str]:
        """What readers asked for, and what was refused them."""
        return sum((life.tally for life in self.lives), Counter())

    # --- Time ---------------------------------------------------------------------------

    def _next(self) -> tuple[datetime, bool]:
        """Return the next moment, and whether workers have something to do at it."""
        due = next(agenda.stops(self.at, self.plan.end, self.zone))
        queues = (self._comes[:1], self._bag[:1])
        comes = [queue[0][0] for queue in queues if queue]
        at = max(self.at, min([due, *comes]))
        return at, due <= at

    def _work(self) -> None:
        if agenda.is_round(self.at, self.zone):
            self.gateway.settle_pending(self.at)
            self.gateway.decide_disputes(self.at)
        self.work.update(agenda.work(self.at, self.zone))

    def _safely(self, what: Callable[[], None]) -> None:
        """Do it as a worker does who may die of it; the next one finds what is left."""
        try:
            what()
        except Crash:
            connection.close_if_unusable_or_obsolete()

    def _come_to_rest(self) -> None:
        """Live on for a week in which nothing breaks, so that all that was open ends."""
        self.trouble.quiet = True
        end = self.plan.end + timedelta(days=7)
        for at in agenda.stops(self.plan.end, end, self.zone):
            self.at = at
            self._work()
            self._hear()

    # --- Readers --------------------------------------------------------------------------

    def _let_readers_be_born(self) -> None:
        span = (self.plan.end - START) * 0.7
        create = get_user_model().objects.create_user
        for n in range(self.plan.readers):
            born = START + span * self.trouble.random.random()
            reader = create(
                f"reader-{n}@example.com", name=f"Reader {n}", joined_at=born
            )
            self.lives.append(Life(reader.public_id, self.trouble.random, self.gateway))
            hour = self.trouble.random.choice(HOURS)
            comes = born.replace(hour=hour, minute=15, second=0, microsecond=0)
            heapq.heappush(self._comes, (max(comes, self.at + timedelta(hours=1)), n))

    def _let_readers_act(self) -> None:
        while self._comes and self._comes[0][0] <= self.at:
            n = heapq.heappop(self._comes)[1]
            life = self.lives[n]
            self._safely(lambda life=life: life.act(self.at))  # type: ignore[misc]
            heapq.heappush(self._comes, (life.again(self.at), n))

    # --- Webhooks -------------------------------------------------------------------------

    def _hear(self) -> None:
        """Take what the gateway tells: in any order, late, twice, or never."""
        now: list[bytes] = []
        for body in self.gateway.news():
            if self.trouble.strikes("webhook dropped"):
                continue
            if self.trouble.strikes("webhook late"):
                self._later(body)
                continue
            now.append(body)
            if self.trouble.strikes("webhook twice"):
                self._later(body)
        if self.trouble.strikes("webhooks reordered", 5):
            self.trouble.random.shuffle(now)
        for body in now:
            self._later(body, at=self.at)
        while self._bag and self._bag[0][0] <= self.at:
            body = self._bag[0][2]
            self._receive(body)
            heapq.heappop(self._bag)  # Not before: an answer to it is what ends it.

    def _later(self, body: bytes, at: datetime | None = None) -> None:
        self._posted += 1
        wait = timedelta(minutes=self.trouble.random.randint(2, 4000))
        heapq.heappush(self._bag, (at or self.at + wait, self._posted, body))

    def _receive(self, body: bytes) -> None:
        headers = self.gateway.sign(body.decode(), self.at)
        payments.receive("paper", body=body, headers=headers, at=self.at)

    # --- The shop -------------------------------------------------------------------------

    def _open_shop(self) -> None:
        """The founding plans, two by the month, one by the week with a trial; offers."""
        at = self.at
        catalogue.open_shop(at=at)
        ledger.open_books()
        month = Term(1, "month")
        for code, term, rupees, opening in (
            ("monthly", month, 300, Opening(trial_days=7)),
            ("premium-monthly", month, 450, Opening(Money(9_900, "INR"), 2)),
            ("weekly", Term(1, "week"), 89, Opening()),
        ):
            catalogue.open_plan(code=code, name=code, features=["news"], at=at)
            catalogue.price(
                plan_code=code,
                price=Money(rupees * 100, "INR"),
                term=term,
                opening=opening,
                at=at,
            )
        for code, periods, most in (
            ("HALF", 2, None),
            ("KEEP", 1, None),
            ("FEW", 3, 5),
        ):
            offer = Discount(code, code, percent=50, periods=periods)
            catalogue.open_offer(offer, most=most, at=at)
        self._plan_prices()

    def _plan_prices(self) -> None:
        """Each year another price for new readers, and three months later for all."""
        for year in range(1, (self.plan.days - 1) // 365 + 1):
            begins = START + year * YEAR
            catalogue.price(
                plan_code="premium-monthly",
                price=Money(45_000 + 5_000 * year, "INR"),
                term=Term(1, "month"),
                effective_from=begins,
                for_existing_from=begins + timedelta(days=90),
                at=self.at,
            )


@contextmanager
def opened(plan: Plan, folder: Path) -> Iterator[World]:
    """
    Open a world in the database that Django is connected to; what was wired and set is
    put back after it. Raise `NotAThrowAway` if readers live there.
    """
    if get_user_model().objects.exists():
        raise NotAThrowAway(
            "This database has readers; a simulation runs only in one of its own."
        )
    trouble = Trouble(Random(plan.seed), plan.faults)  # noqa: S311  To be repeated.
    gateway = Gateway(folder / "gateway.sqlite3", SECRET, trouble)
    before = settings.BROADSHEET
    settings.BROADSHEET = dataclasses.replace(
        before, gateway_url=ADDRESS, gateway_secret=SECRET
    )
    payments.reach_through(gateway)
    ids.draw_from(Random(plan.seed))  # noqa: S311  The same.
    outbox.connect(_routes(trouble), defer=lambda delivery_id: None)
    try:
        yield World(plan, gateway, trouble)
    finally:
        wiring.connect()
        ids.draw_from(ids.SYSTEM)
        payments.reach_through(None)
        settings.BROADSHEET = before
        gateway.close()


def _routes(trouble: Trouble) -> dict[type, Heard]:
    """The house's own wiring, with a worker who may die inside the settling of a payment."""

    def die(event: object, at: datetime) -> None:
        trouble.crash("in the second transaction")

    heard = wiring.ROUTES[PaymentSucceeded]
    dying = dataclasses.replace(heard, at_once=(*heard.at_once, die))
    return {**wiring.ROUTES, PaymentSucceeded: dying}
