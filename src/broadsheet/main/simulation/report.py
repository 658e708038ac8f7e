"""A run of a simulation, and what came of it, in words and as plain facts."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import actions as payments
from broadsheet.kit import clock

from ..progress import Progress
from .invariants import Broken, broken, rows
from .world import START, Plan, World, opened

MOST = 20  # Findings that are kept; the first is the one to look at.
BY_YEAR = """
SELECT extract(year FROM at AT TIME ZONE 'UTC')::int, kind, count(*)
FROM subscriptions_subscriptionevent GROUP BY 1, 2 ORDER BY 1, 2
"""
STANDING = """
SELECT md5(coalesce(string_agg(line, '|' ORDER BY line), '')) FROM (
    SELECT ROW(id, status, k, paid_through, due_at, row_version)::text AS line
    FROM subscriptions_subscription
    UNION ALL SELECT ROW(id, status, captured_minor, refunded_minor)::text
    FROM payments_attempt
    UNION ALL SELECT ROW(id, status, number)::text FROM ledger_invoice
    UNION ALL SELECT ROW(count(*), sum(abs(amount_minor)))::text FROM ledger_entry
    UNION ALL SELECT ROW(reference, feature, starts, ends)::text FROM gate_grant
) all_
"""
ISSUED = """
SELECT number, md5(ROW(id, total_minor, taxable_minor, tax_minor, round_off_minor,
       currency, recipient, place_of_supply, seller_gstin, issued_at)::text)
FROM ledger_invoice WHERE number IS NOT NULL
"""
PAID = "SELECT id, paid_through FROM subscriptions_subscription WHERE started_at IS NOT NULL"
GAVE_UP = """
SELECT DISTINCT subscription_id FROM subscriptions_subscriptionevent
WHERE kind IN ('cancelled_now', 'plan_changed')
"""


@dataclass
class Report:
    """What happened, by kind and year; what broke; how fast it went."""

    plan: Plan
    events: dict[int, dict[str, int]] = field(default_factory=dict)
    did: Counter[str] = field(default_factory=Counter)
    work: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    balances: dict[str, int] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    verified: int = 0
    seconds: float = 0.0

    @property
    def facts(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def words(self) -> str:
        years = sorted(self.events)
        kinds = sorted({kind for counts in self.events.values() for kind in counts})
        lines = [f"{'':16}" + "".join(f"{year:>9}" for year in years)]
        for kind in kinds:
            counts = (self.events[year].get(kind, 0) for year in years)
            lines.append(f"{kind:16}" + "".join(f"{count:>9}" for count in counts))
        for title, tally in (("Readers", self.did), ("Faults", self.struck)):
            told = ", ".join(f"{name} {n}" for name, n in sorted(tally.items()))
            lines += ["", f"{title}: {told}."]
        ledger = ", ".join(f"{name} {minor}" for name, minor in self.balances.items())
        lines += ["", f"The books, in minor units: {ledger}."]
        said = f"{len(self.broken)} broken" if self.broken else "all hold"
        lines.append(
            f"Every invariant was verified {self.verified} times: {said}."
            f" {self.seconds:.0f} seconds."
        )
        return "\n".join(lines)


class _Watch:
    """Looks at the world at each stop; verifies everything now and then."""

    def __init__(self, found: Report, every: timedelta, progress: Progress) -> None:
        self._found, self._every, self._progress = found, every, progress
        self._next = START + every
        self._issued: dict[str, str] = {}
        self._paid: dict[Any, datetime] = {}

    def __call__(self, world: World) -> None:
        over = world.trouble.quiet
        if world.at >= self._next or over:
            self._next = world.at + self._every
            self._verify(world)
        self._progress.at(world.at, f"{sum(world.work.values())} done by workers")

    def _verify(self, world: World) -> None:
        found = self._found
        found.verified += 1
        found.broken += islice(broken(world), MOST - len(found.broken))
        found.broken += self._since_last_time()
        if found.broken:
            raise _Enough

    def _since_last_time(self) -> list[Broken]:
        """I9, I15: what was issued has not changed, what was paid for has not shrunk."""
        issued, paid = dict(rows(ISSUED, {})), dict(rows(PAID, {}))
        gave_up = {row[0] for row in rows(GAVE_UP, {})}
        said = [
            Broken("I9 an issued invoice does not change", number, "it did")
            for number, mark in self._issued.items()
            if issued.get(number) != mark
        ] + [
            Broken("I15 paid time does not shrink by itself", str(one), f"from {until}")
            for one, until in self._paid.items()
            if paid[one] < until and one not in gave_up
        ]
        self._issued, self._paid = issued, paid
        return said


class _Enough(Exception):
    """Something is broken; what comes after it proves nothing."""


def run(
    plan: Plan, folder: Path, *, check_every: int, loud: bool | None = None
) -> Report:
    """Live through `plan` in the database at hand, and return what came of it."""
    found, began = Report(plan), clock.steady()
    progress = Progress(START, plan.end, loud=loud)
    with opened(plan, folder) as world:
        try:
            world.live(_Watch(found, timedelta(days=check_every), progress))
            _tell_everything_again(world, found)
        except _Enough:
            pass
        progress.done()
        for year, kind, count in rows(BY_YEAR, {}):
            found.events.setdefault(year, {})[kind] = count
        found.did, found.work, found.struck = (
            world.did,
            world.work,
            world.trouble.struck,
        )
        found.balances = {name: money.minor for name, money in books.trial_balance()}
    found.seconds = round(clock.steady() - began, 1)
    return found


def _tell_everything_again(world: World, found: Report) -> None:
    """I21: every webhook of all those years once more, in any order, changes nothing."""
    before = rows(STANDING, {})
    told = world.gateway.everything(world.at)
    world.trouble.random.shuffle(told)
    for body, headers in told:
        payments.receive("paper", body=body, headers=headers, at=world.at)
    if rows(STANDING, {}) != before:
        said = Broken("I21 twice is once, in any order", "all webhooks", "told again")
        found.broken.append(said)
