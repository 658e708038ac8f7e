"""Readers: what each wants next, drawn from the seed, and asked for as she would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as known
from broadsheet.business.subscriptions import actions, queries
from broadsheet.kit import calendar
from broadsheet.plumbing import publication

from .gateway import ADDRESS, Gateway

PLANS = ("monthly", "premium-monthly", "smart-quarterly", "smart-essential", "super-saver", "weekly")  # fmt: skip
HOURS = (4, 8, 13, 17)  # Of the day, UTC, at which readers come.
PLACES = ("27", "27", "07", "29", "33")
CARDS = {
    "4242424242424242": 86,  # Succeeds.
    "4000000000000341": 6,  # Succeeds now, later charges decline.
    "4000000000000002": 3,  # Declined.
    "4000000000000259": 2,  # Stays pending.
    "4000002760003184": 3,  # Her bank asks.
}
REFUSALS = (
    actions.AlreadySubscribed, actions.CannotChange, actions.CannotGive,
    actions.CannotPause, actions.ChangePending, actions.NoSuchOffer,
    actions.NoSuchSubscription, actions.NotPaused, actions.NothingDue,
    actions.NothingScheduled, actions.OfferTaken, actions.PaymentUnavailable,
    actions.StaleQuote, actions.StaleChange, actions.StaleRefund, actions.TooLate,
    payments.NoSuchMethod, payments.Unreachable,
)  # fmt: skip


@dataclass
class Life:
    """One reader. `again` says when she comes next."""

    id: UUID
    random: Random
    gateway: Gateway
    tally: Counter[str] = field(default_factory=Counter)
    clicks: int = 0

    def again(self, at: datetime) -> datetime:
        row = queries.open_subscription(self.id)
        days = 50.0
        if row is not None:
            days = {"active": 70.0, "trialing": 9.0, "paused": 15.0}.get(
                row.status, 2.5
            )
        on = at + timedelta(days=max(1.0, self.random.expovariate(1 / days)))
        hour = self.random.choice(HOURS)
        return on.replace(hour=hour, minute=15, second=0, microsecond=0)

    def act(self, at: datetime) -> None:
        """Do one thing that a reader in her state does; a refusal is an answer too."""
        row = queries.open_subscription(self.id)
        wants = self._wants(
            row.status if row else "", row is not None and bool(row.cancel_at)
        )
        verb = self.random.choices(list(wants), list(wants.values()))[0]
        self.tally[verb.__name__] += 1
        try:
            verb(at)
        except REFUSALS as refusal:
            self.tally[f"refused: {type(refusal).__name__}"] += 1

    def _wants(
        self, status: str, leaving: bool
    ) -> dict[Callable[[datetime], None], int]:
        if status == "":
            return {self.buy: 60, self.stay_away: 30, self.be_given: 3, self.dispute: 2}
        if status == "incomplete":
            return {self.buy: 50, self.stay_away: 50}
        if status == "past_due":
            return {self.pay_due: 55, self.stay_away: 30, self.cancel: 5, self.leave: 3}
        if status == "paused":
            return {self.resume: 35, self.stay_away: 55, self.cancel: 10}
        if leaving:
            return {self.undo: 45, self.stay_away: 50, self.leave: 5}
        return {
            self.stay_away: 30, self.change: 20, self.pause: 14, self.cancel: 12,
            self.take_offer: 5, self.be_extended: 4, self.leave: 4, self.resume: 3,
            self.keep_plan: 3, self.lose_card: 2, self.dispute: 3,
        }  # fmt: skip

    # --- Buying and paying ------------------------------------------------------------

    def buy(self, at: datetime) -> None:
        plan = self.random.choice(PLANS)
        offer = self.random.choice(("", "", "", "HALF", "FEW"))
        due = actions.quote(reader=self.id, plan_code=plan, offer=offer, at=at)
        self.clicks += 1

        def click() -> actions.CheckoutPage:
            return actions.begin(
                reader=self.id,
                plan_code=plan,
                quoted_minor=due.price.minor,
                request_key=f"click-{self.clicks}",
                return_path="/",
                place=self.random.choice(PLACES),
                offer=offer,
                at=at,
            )

        page = click()
        if self.random.random() < 0.1:
            page = click()  # A double click.
        self._pay(page, at, gives_up=0.12)

    def pay_due(self, at: datetime) -> None:
        """Pay what could not be renewed, mostly with another card."""
        page = actions.pay_due(reader=self.id, return_path="/", at=at)
        self._pay(page, at, gives_up=0.1)

    def _pay(
        self, page: actions.CheckoutPage, at: datetime, *, gives_up: float
    ) -> None:
        if self.random.random() < gives_up:
            return
        if page.pay_at.startswith(ADDRESS):
            self._type_card(page.pay_at)
        if self.random.random() < 0.85:  # Else she shuts the browser too soon.
            actions.conclude(page.id, at=at)

    def _type_card(self, pay_at: str) -> None:
        number = self.random.choices(list(CARDS), list(CARDS.values()))[0]
        expiry = f"{self.random.randint(1, 12):02d} / {self.random.randint(28, 45)}"
        card = {"number": number, "expiry": expiry, "cvc": "123", "name": "Asha Rao"}
        with self.gateway.payer() as browser:
            sent = browser.post(pay_at, data=card)
            if "/confirm" in sent.headers.get("location", ""):
                says = "approve" if self.random.random() < 0.8 else "refuse"
                browser.post(f"{pay_at}/confirm", data={"answer": says})

    # --- A running contract -------------------------------------------------------------

    def stay_away(self, at: datetime) -> None:
        """Most days a reader wants nothing of us."""

    def cancel(self, at: datetime) -> None:
        actions.cancel(**self._hers(at), reason="")

    def undo(self, at: datetime) -> None:
        actions.undo_cancel(**self._hers(at))

    def leave(self, at: datetime) -> None:
        quote = actions.quote_refund(**self._hers(at))
        actions.cancel_now(**self._hers(at), quoted_minor=quote.back.minor, reason="")

    def change(self, at: datetime) -> None:
        plan = self.random.choice(PLANS)
        quote = actions.quote_change(**self._hers(at), plan_code=plan)
        said = {**self._hers(at), "quote": quote.token, "return_path": "/"}
        changed = actions.change(**said)
        if self.random.random() < 0.1:
            changed = actions.change(**said)  # A double click.
        if changed.pay_at.startswith(ADDRESS) and self.random.random() < 0.8:
            self._type_card(changed.pay_at)

    def keep_plan(self, at: datetime) -> None:
        actions.withdraw_change(**self._hers(at))

    def pause(self, at: datetime) -> None:
        today = calendar.local_date(at, publication.current().zone)
        starts = today + timedelta(days=self.random.randint(1, 12))
        resumes = starts + timedelta(days=self.random.randint(1, 45))
        actions.pause(**self._hers(at), starts=starts, resumes=resumes)

    def resume(self, at: datetime) -> None:
        actions.resume(**self._hers(at))

    def take_offer(self, at: datetime) -> None:
        actions.accept_offer(**self._hers(at), code="KEEP")

    def lose_card(self, at: datetime) -> None:
        """Have a saved card removed: the next renewal finds none."""
        saved = known.methods(self.id)
        if saved:
            payments.forget_method(self.random.choice(saved).method_ref, at=at)

    # --- What the house does for her, and her bank to us ----------------------------------

    def be_given(self, at: datetime) -> None:
        today = calendar.local_date(at, publication.current().zone)
        until = today + timedelta(days=self.random.randint(5, 120))
        said = {"plan_code": "smart-quarterly", "reason": "a prize", "by": "desk"}
        actions.comp(reader=self.id, until=until, **said, at=at)

    def be_extended(self, at: datetime) -> None:
        hers, days = self._hers(at), self.random.randint(1, 20)
        said = {
            "subscription_id": hers["subscription_id"],
            "reason": "late",
            "by": "desk",
        }
        actions.extend(**said, days=days, at=at)

    def dispute(self, at: datetime) -> None:
        """Ask her bank for the money of her last invoice back."""
        last = queries.latest(self.id)
        paid = (
            (one for one in books.invoices(last.pk) if one.status == "paid")
            if last
            else ()
        )
        for invoice in paid:
            self.gateway.dispute(str(invoice.id), at)
            return

    def _hers(self, at: datetime) -> dict[str, Any]:
        row = queries.open_subscription(self.id)
        if row is None:
            raise actions.NoSuchSubscription("She has none.")
        return {"reader": self.id, "subscription_id": row.pk, "at": at}
