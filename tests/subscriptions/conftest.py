"""
A reader, a shop with the founding plans, and a real paper gateway to pay at. The rooms
are wired as `main.wiring` wires them; everything that is announced is written down.
"""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID, uuid4

import pytest

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments.events import (
    DisputeLost,
    DisputeWon,
    PaymentDeclined,
    PaymentDisputed,
    PaymentRefunded,
    PaymentSucceeded,
)
from broadsheet.business.subscriptions import actions, events, queries
from broadsheet.business.subscriptions.models import Checkout, Subscription
from broadsheet.plumbing import outbox
from broadsheet.plumbing.outbox import Heard
from tests.gateway_process import SUCCEEDS, Gateway, running_gateway

PRICES = {"smart-quarterly": 90_000, "smart-essential": 270_000, "super-saver": 390_000}


@dataclass
class Paper:
    """The publication, as a test drives it: buy, pay, look at the books."""

    gateway: Gateway
    reader: UUID
    at: datetime
    told: list[object] = field(default_factory=list)
    webhooks: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    def begin(self, plan="smart-quarterly", key=None, quoted=None, **changes):
        asked = {
            "reader": self.reader,
            "plan_code": plan,
            "quoted_minor": PRICES.get(plan, 1) if quoted is None else quoted,
            "request_key": key or str(uuid4()),
            "return_path": "/politics/budget-1/",
            "place": "27",
            "at": self.at,
        }
        return actions.begin(**{**asked, **changes})

    def pay(self, page, number=SUCCEEDS):
        return self.gateway.pay(page.pay_at, number)

    def buy(self, plan="smart-quarterly", number=SUCCEEDS, at=None):
        """Buy a plan from the first click to the last page; return the subscription."""
        at = at or self.at
        page = self.begin(plan, at=at)
        self.pay(page, number)
        actions.conclude(page.id, at=at)
        return Subscription.objects.get(checkouts=page.id)

    def hear(self, at=None):
        """Take the webhooks that have arrived."""
        self.gateway.settled()
        for body, headers in self.webhooks:
            payments.receive("paper", body=body, headers=headers, at=at or self.at)

    def payment_of(self, page) -> UUID:
        return Checkout.objects.get(pk=page.id).payment_id

    def kinds(self, row) -> list[str]:
        return [happening.kind for happening in queries.history(row.pk)]

    def said(self, *types):
        """What was announced, of these types, since the last time it was asked."""
        said = [event for event in self.told if isinstance(event, types or object)]
        self.told.clear()
        return said

    def balances(self) -> dict[str, int]:
        return {a: money.minor for a, money in books.trial_balance() if money}

    def charges(self) -> int:
        """How many payments the gateway itself says have succeeded for this reader."""
        return sum(
            attempt.status == "succeeded"
            for page in self._payments()
            for attempt in payments_attempts(page)
        )

    def _payments(self):
        from broadsheet.business.payments.models import Payment

        return Payment.objects.filter(reader_id=self.reader).values_list(
            "pk", flat=True
        )


def payments_attempts(payment_id):
    from broadsheet.business.payments import queries as known

    return known.attempts(payment_id)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    with running_gateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def ear():
    """Where the gateway's webhooks arrive, and are kept as raw bytes."""
    heard: list[tuple[bytes, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.append((body, dict(self.headers.items())))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", heard
    server.shutdown()
    server.server_close()


@pytest.fixture
def paper(transactional_db, settings, gateway, ear, django_user_model, at):
    origin, heard = ear
    gateway.api("DELETE", "/control/faults")
    gateway.settled()
    heard.clear()
    settings.BROADSHEET = dataclasses.replace(
        settings.BROADSHEET,
        gateway_url=gateway.url,
        gateway_secret=gateway.secret,
        origin=origin,
    )
    catalogue.open_shop(at=at)
    ledger.open_books()
    reader = django_user_model.objects.create_user("asha@example.com", name="Asha Rao")
    paper = Paper(gateway, reader.public_id, at, webhooks=heard)
    before = dict(outbox._routes), outbox._defer
    outbox.connect(routes(paper.told), defer=lambda delivery: None)
    yield paper
    outbox.connect(before[0], defer=before[1])


def routes(told: list[object]) -> dict[type, Heard]:
    """Wire payments to subscriptions, and write down what subscriptions announces."""

    def write_down(event, at):
        told.append(event)

    ours = (
        events.Started, events.Renewed, events.PaymentTrouble, events.Cancelled,
        events.CancelUndone, events.Lapsed, events.Granted, events.GrantEnded,
        events.CreditHeld, events.CancelledNow, events.Paused, events.Resumed,
        events.ChangeScheduled, events.PlanChanged, events.PriceRises, events.Given,
        events.TermOver, events.RenewalComing, events.CardExpiring,
    )  # fmt: skip
    return {event: Heard(at_once=(write_down,)) for event in ours} | {
        PaymentSucceeded: Heard(at_once=(actions.on_payment_succeeded,)),
        PaymentDeclined: Heard(at_once=(actions.on_payment_declined,)),
        PaymentRefunded: Heard(at_once=(actions.on_payment_refunded,)),
        PaymentDisputed: Heard(at_once=(actions.on_payment_disputed,)),
        DisputeWon: Heard(at_once=(actions.on_dispute_won,)),
        DisputeLost: Heard(at_once=(actions.on_dispute_lost,)),
    }
