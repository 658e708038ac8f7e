"""
Any life of a contract, with any fault of the provider: after every step the books add
up, the log folds to the row, nobody is charged twice, and whoever has paid gets in.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.catalogue.actions import Discount
from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments.models import Attempt
from broadsheet.business.subscriptions import actions, queries, rules
from broadsheet.business.subscriptions.events import Granted, GrantEnded
from broadsheet.business.subscriptions.models import (
    HeldCredit,
    Subscription,
    SubscriptionEvent,
)
from broadsheet.business.subscriptions.rules import Kind, Status
from broadsheet.kit import calendar
from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money
from tests import gateway_process as cards

pytestmark = pytest.mark.process

REFUSALS = (
    actions.AlreadySubscribed, actions.CannotChange, actions.CannotGive,
    actions.CannotPause, actions.ChangePending, actions.NoSuchOffer,
    actions.NoSuchSubscription, actions.NotPaused, actions.NothingDue,
    actions.NothingScheduled, actions.OfferTaken, actions.PaymentUnavailable,
    actions.StaleQuote, actions.StaleChange, actions.TooLate,
)  # fmt: skip
PLANS = ("monthly", "premium-monthly", "smart-quarterly", "super-saver")
FAULTS = (
    "decline_soft", "decline_hard", "requires_action", "lost_response", "error_after",
    "error_before", "drop_before",
)  # fmt: skip
DAY = timedelta(days=1)


class Life(RuleBasedStateMachine):
    """One reader after another, on one paper whose clock only goes forward."""

    paper = None  # Set before it runs.
    people = None

    def __init__(self):
        super().__init__()
        self.at: datetime = self.paper.at
        user = self.people.objects.create_user(f"{uuid4()}@example.com", name="Asha")
        self.reader: UUID = user.public_id
        self.moved: tuple[int, int] = (0, 0)
        self.windows: dict[tuple[str, str], tuple[datetime, datetime]] = {}
        self.paper.gateway.api("DELETE", "/control/faults")
        self.paper.told.clear()

    # --- what a reader does -----------------------------------------------------

    def ask(self, verb, **said):
        """Let her ask for something of her newest contract; a refusal moves nothing."""
        row = self.row()
        if row is None or row.started_at is None:
            return None
        before = Subscription.objects.values().get(pk=row.pk)
        said = {"reader": self.reader, "subscription_id": row.pk, "at": self.at, **said}
        try:
            return getattr(actions, verb)(**said)
        except REFUSALS:
            assert Subscription.objects.values().get(pk=row.pk) == before
            return None

    @initialize(
        plan=st.sampled_from(PLANS),
        card=st.sampled_from(
            (cards.SUCCEEDS, cards.SUCCEEDS, cards.SAVES_THEN_DECLINES)
        ),
    )
    def begin(self, plan, card):
        self.buy(plan, card, "")

    @precondition(lambda self: not self.runs())
    @rule(
        plan=st.sampled_from(PLANS),
        card=st.sampled_from((cards.SUCCEEDS, cards.SUCCEEDS, cards.DECLINED,
                              cards.SAVES_THEN_DECLINES)),
        offer=st.sampled_from(("", "", "HALF")),
    )  # fmt: skip
    def buy(self, plan, card, offer):
        try:
            due = actions.quote(
                reader=self.reader, plan_code=plan, offer=offer, at=self.at
            )
            page = actions.begin(
                reader=self.reader, plan_code=plan, quoted_minor=due.price.minor,
                request_key=str(uuid4()), return_path="/", place="27", offer=offer,
                at=self.at,
            )  # fmt: skip
        except REFUSALS:
            return
        if page.pay_at.startswith(self.paper.gateway.url):
            with self.paper.gateway.payer() as browser:
                open_still = "<form" in browser.get(page.pay_at).text
            if open_still:
                self.paper.gateway.pay(page.pay_at, card)
        actions.conclude(page.id, at=self.at)

    @precondition(lambda self: self.row().status == Status.PAST_DUE)
    @rule()
    def pay_what_is_due(self):
        try:
            page = actions.pay_due(reader=self.reader, return_path="/", at=self.at)
        except REFUSALS:
            return
        if page.pay_at.startswith(self.paper.gateway.url):
            self.paper.gateway.pay(page.pay_at, cards.SUCCEEDS)
        actions.conclude(page.id, at=self.at)

    @precondition(lambda self: self.runs())
    @rule(how=st.sampled_from(("cancel", "cancel", "undo", "undo", "at once")))
    def end_it_or_not(self, how):
        if how == "cancel":
            self.ask("cancel", reason="")
        elif how == "undo":
            self.ask("undo_cancel")
        else:
            quote = self.ask("quote_refund")
            if quote is not None and quote.days < quote.of // 2:
                self.ask("cancel_now", quoted_minor=quote.back.minor, reason="")

    @precondition(lambda self: self.runs())
    @rule(starts=st.integers(1, 6), days=st.integers(1, 40))
    def pause(self, starts, days):
        first = self.at.date() + starts * DAY
        self.ask("pause", starts=first, resumes=first + days * DAY)

    @precondition(lambda self: self.row().status == Status.PAUSED)
    @rule()
    def resume(self):
        self.ask("resume")

    @precondition(lambda self: self.runs())
    @rule(plan=st.sampled_from(PLANS), fault=st.sampled_from((*FAULTS, *8 * ("",))))
    def change(self, plan, fault):
        self.break_something(fault)
        quote = self.ask("quote_change", plan_code=plan)
        if quote is None:
            return
        before = self.captured()
        changed = self.ask("change", quote=quote.token, return_path="/")
        again = self.ask("change", quote=quote.token, return_path="/")
        assert (changed is None) == (again is None)
        if changed is not None and changed.status == "changed":
            charged = max(0, quote.charge.minor)
            assert self.captured() - before == charged

    @precondition(lambda self: self.runs())
    @rule(what=st.sampled_from(("keep the plan", "take an offer", "be given days")))
    def something_small(self, what):
        if what == "keep the plan":
            self.ask("withdraw_change")
        elif what == "take an offer":
            self.ask("accept_offer", code="KEEP")
        else:
            said = {"subscription_id": self.row().pk, "reason": "x", "by": "x"}
            try:
                actions.extend(**said, days=10, at=self.at)
            except REFUSALS:
                pass

    # --- what the world does ----------------------------------------------------

    def break_something(self, kind):
        if kind:
            self.paper.gateway.control("faults", kind=kind)

    @rule(
        hours=st.sampled_from((1, 12, 24, 24 * 3, 24 * 15, 24 * 40)),
        jobs=st.permutations(
            ("renew", "lapse", "pauses", "expire", "changes", "prices", "credits",
             "reconcile", "renew")
        ),
    )  # fmt: skip
    def let_time_pass(self, hours, jobs):
        self.at += timedelta(hours=hours)
        for job in jobs:
            self.work(job)

    @rule(days=st.integers(8, 31), fault=st.sampled_from((*FAULTS, *8 * ("",))))
    def let_weeks_pass(self, days, fault):
        """In which every worker is up, every day, and the provider perhaps is not."""
        self.break_something(fault)
        for _ in range(days):
            self.at += DAY
            if self.something_is_due():
                for job in ("pauses", "renew", "lapse", "changes", "credits"):
                    self.work(job)
        self.work("prices")
        self.work("reconcile")

    def something_is_due(self):
        row = self.row()
        days = [row.paused_on, row.resumes_on]
        instants = [row.due_at, row.cancel_at, row.grace_until]
        return any(day and day <= self.at.date() + DAY for day in days) or any(
            instant and instant <= self.at for instant in instants
        )

    def work(self, job):
        verbs = {
            "renew": actions.renew_due, "lapse": actions.lapse_due,
            "pauses": actions.turn_pauses, "expire": actions.expire_checkouts,
            "changes": actions.expire_changes, "prices": actions.tell_prices,
            "credits": actions.return_credits, "reconcile": payments.reconcile,
        }  # fmt: skip
        foreseen = list(queries.dry_run(self.at)) if job == "renew" else []
        verbs[job](at=self.at)
        if job == "renew":
            billed = {
                (invoice.subscription_ref, invoice.period_index): invoice.total
                for one in foreseen
                for invoice in books.invoices(one.subscription_id)
                if invoice.kind == "renewal"
            }
            for one in foreseen:  # Case 124: the dry run is what was billed.
                if one.amount:
                    key = (one.subscription_id, one.period_index)
                    assert billed[key] == one.amount

    # --- what holds after every step --------------------------------------------

    def row(self) -> Subscription | None:
        rows = Subscription.objects.filter(reader_id=self.reader)
        return rows.order_by("-made_at", "-pk").first()

    def runs(self):
        row = self.row()
        return row is not None and row.is_running

    def rows(self):
        return Subscription.objects.filter(reader_id=self.reader)

    def attempts(self):
        return Attempt.objects.filter(payment__reader_id=self.reader)

    def captured(self):
        return sum(self.attempts().values_list("captured_minor", flat=True))

    @invariant()
    def the_books_add_up(self):
        moved = (self.captured(), books.posted_under(""))
        if moved == self.moved:
            return  # As when they were looked at last.
        self.moved = moved
        held: Counter[UUID] = Counter()
        for attempt in Attempt.objects.select_related("payment"):
            net = attempt.captured_minor - attempt.refunded_minor
            if attempt.captured_minor:
                held[UUID(attempt.payment.invoice_ref)] += net
        assert books.check(dict(held)) == ()

    @invariant()
    def the_log_folds_to_the_row(self):
        for row in self.rows():
            log = list(SubscriptionEvent.objects.filter(subscription=row).order_by("n"))
            assert [event.n for event in log] == list(range(1, row.row_version + 1))
            assert rules.fold(Kind(event.kind) for event in log) == row.status

    @invariant()
    def what_is_over_is_over(self):
        for row in self.rows().filter(status__in=rules.TERMINAL):
            assert row.due_at is None
            assert not row.tries.filter(closed_at=None).exists()
            assert not row.changes.filter(closed_at=None).exists()
            assert {i.status for i in books.invoices(row.pk)} <= {"paid", "void"}

    @invariant()
    def an_invoice_is_collected_once_or_given_back(self):
        for attempt in self.attempts().filter(captured_minor__gt=0):
            others = self.attempts().filter(
                payment=attempt.payment_id, captured_minor__gt=0
            )
            spare = HeldCredit.objects.filter(
                attempt_id__in=others.values("pk"), reason=""
            ).count()
            assert others.count() - spare <= 1

    @invariant()
    def the_provider_charged_what_we_know_of(self):
        unknown = self.attempts().filter(status__in=["submitted", "unknown"])
        if unknown.exists():
            return
        with sqlite3.connect(self.paper.gateway.store) as store:
            total = 0
            for reference in {str(i) for i in self.invoices()}:
                found = store.execute(
                    "SELECT coalesce(sum(amount), 0) FROM payments"
                    " WHERE status = 'succeeded' AND reference = ?",
                    [reference],
                )
                total += found.fetchone()[0]
        assert total == self.captured()

    def invoices(self):
        return [i.id for row in self.rows() for i in books.invoices(row.pk)]

    @invariant()
    def periods_neither_overlap_nor_go_back(self):
        for row in self.rows():
            end = None
            for event in row.events.order_by("n"):
                if event.kind == Kind.PLAN_CHANGED:
                    end = None
                if event.kind in (Kind.STARTED, Kind.RENEWED):
                    start = date.fromisoformat(event.facts["period"][0])
                    assert end is None or start >= end
                    end = date.fromisoformat(event.facts["period"][1])

    @invariant()
    def who_has_paid_gets_in_and_nobody_else(self):
        self.hear_of_grants()
        for row in self.rows().filter(started_at__isnull=False):
            within = self.gets_in(row)
            paused = row.status == Status.PAUSED or (
                row.paused_on is not None
                and calendar.instant(row.paused_on, row.zone) <= self.at
            )
            if row.is_running and row.paid_through > self.at and not paused:
                assert within, "what she has paid for is shut"
            if row.status in rules.TERMINAL:
                assert not within, "what is over is open"
            if row.status == Status.PAUSED and self.is_in_pause(row):
                assert not within, "a pause is open"

    def is_in_pause(self, row):
        starts = calendar.instant(row.paused_on, row.zone)
        return starts <= self.at < calendar.instant(row.resumes_on, row.zone)

    def hear_of_grants(self):
        for event in self.paper.told:
            if isinstance(event, Granted):
                key = (event.reference, event.feature)
                self.windows[key] = (event.starts, event.ends)
            elif isinstance(event, GrantEnded):
                for key, (starts, ends) in list(self.windows.items()):
                    if key[0] == event.reference and ends > event.ends:
                        self.windows[key] = (starts, max(starts, event.ends))
        self.paper.told.clear()

    def gets_in(self, row):
        return any(
            starts <= self.at < ends
            for (reference, feature), (starts, ends) in self.windows.items()
            if reference in (row.reference, row.resumed_reference) and feature == "news"
        )

    @invariant()
    def whatever_she_looks_at_can_be_shown(self):
        queries.current(self.reader, self.at)
        row = self.row()
        assert row is None or json.dumps([h.facts for h in queries.timeline(row.pk)])


def open_shop(at):
    for code, rupees, months in (("monthly", 300, 1), ("premium-monthly", 450, 1)):
        catalogue.open_plan(code=code, name=code, features=["news"], at=at)
        catalogue.price(
            plan_code=code, price=Money(rupees * 100, "INR"), term=Term(months, "month"),
            at=at,
        )  # fmt: skip
    for code, periods in (("HALF", 2), ("KEEP", 1)):
        catalogue.open_offer(Discount(code, code, percent=50, periods=periods), at=at)


@pytest.mark.timeout(400)  # A quarter of that on quiet cores.
def test_any_life_of_a_contract_keeps_every_promise(paper, django_user_model):
    open_shop(paper.at)
    Life.paper, Life.people = paper, django_user_model
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=16,
            stateful_step_count=22,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # It is no use if nothing happens in them.
    happened = Counter(SubscriptionEvent.objects.values_list("kind", flat=True))
    wanted = {"renewed", "payment_failed", "lapsed", "cancel_asked", "paused"}
    assert wanted <= happened.keys(), happened
