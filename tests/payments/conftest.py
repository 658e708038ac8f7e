"""A real gateway, a merchant's ear that keeps raw webhooks, and a reader who pays."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from broadsheet.business.payments import actions, events
from broadsheet.kit.money import Money
from broadsheet.plumbing import outbox
from broadsheet.plumbing.outbox import Heard
from tests.gateway_process import running_gateway

PRICE = Money(390000, "INR")


@dataclass
class Ear:
    """Where webhooks arrive: as raw bytes with their headers, in order of arrival."""

    url: str
    heard: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    answer: int = 200

    def bodies(self) -> list[bytes]:
        return [body for body, _ in self.heard]


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    with running_gateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def listening():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            ear.heard.append((body, dict(self.headers.items())))
            self.send_response(ear.answer)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ear = Ear(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield ear
    server.shutdown()
    server.server_close()


@pytest.fixture
def ear(listening, gateway):
    """The merchant's ear, empty, with nothing on its way to it."""
    gateway.api("DELETE", "/control/faults")
    listening.answer = 200
    gateway.settled()
    listening.heard.clear()
    return listening


@pytest.fixture
def shop(settings, gateway, ear):
    """Our own settings, pointing at the gateway; the gateway points back at the ear."""
    settings.BROADSHEET = dataclasses.replace(
        settings.BROADSHEET,
        gateway_url=gateway.url,
        gateway_secret=gateway.secret,
        origin=ear.url,
    )
    return gateway


@pytest.fixture
def reader(db, django_user_model):
    return django_user_model.objects.create_user("asha@example.com").public_id


@pytest.fixture
def announced():
    """Everything that payments announces, in order."""
    before = dict(outbox._routes), outbox._defer
    told: list[object] = []
    hear = Heard(at_once=(lambda event, at: told.append(event),))
    outbox.connect(
        {
            events.PaymentSucceeded: hear,
            events.PaymentDeclined: hear,
            events.PaymentRefunded: hear,
            events.PaymentDisputed: hear,
            events.DisputeWon: hear,
            events.DisputeLost: hear,
        },
        defer=lambda delivery: None,
    )
    yield told
    outbox.connect(before[0], defer=before[1])


@pytest.fixture
def opened(shop, reader, at, request):
    """A payment whose page waits for the reader."""
    return open_one(reader, at, request.node.name)


def open_one(reader, at, name, **changes):
    asked = {
        "invoice_ref": f"inv-{name}"[:64],
        "reader": reader,
        "amount": PRICE,
        "description": "Broadsheet, two years",
        "idempotency_key": f"key-{name}"[:128],
        "return_url": "http://127.0.0.1:9/subscribe/back/?checkout=1",
        "at": at,
    }
    return actions.open_payment(**{**asked, **changes})
