"""The process: killed, started again, asked wrongly; and what it must never write."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from paper_gateway.signing import event_header
from tests.gateway_process import (
    DECLINED,
    EVERY_CARD,
    PENDS,
    SRC,
    filled_in,
    running_gateway,
)

from .conftest import open_payment, read

pytestmark = [pytest.mark.process]


class Merchant:
    """Takes webhooks; refuses them while `answer` is not 200."""

    def __init__(self):
        self.answer, self.heard = 200, []
        merchant = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                merchant.heard.append((body, self.headers["Paper-Signature"]))
                self.send_response(merchant.answer)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_for(self, count, seconds=10):
        until = time.monotonic() + seconds
        while len(self.heard) < count:
            assert time.monotonic() < until, f"heard {len(self.heard)} of {count}"
            time.sleep(0.02)


@pytest.fixture
def merchant():
    merchant = Merchant()
    yield merchant
    merchant.server.shutdown()
    merchant.server.server_close()


@pytest.fixture
def own(tmp_path):
    """A gateway of this test alone, to be killed."""
    with running_gateway(tmp_path) as gateway:
        yield gateway


def test_killed_and_started_again_it_has_lost_nothing(own, merchant):
    merchant.answer = 503
    paid = open_payment(own, "key-before-kill", webhook_url=merchant.url)
    own.pay(paid["pay_url"])
    pending = open_payment(own)
    own.pay(pending["pay_url"], PENDS)
    before = [read(own, one) for one in (paid, pending)]
    merchant.wait_for(1)

    own.kill()
    own.start()

    assert [read(own, one) for one in (paid, pending)] == before
    assert open_payment(own, "key-before-kill", webhook_url=merchant.url) == paid
    # What was not accepted before the kill is carried after it, until it is.
    merchant.answer = 200
    own.settled()
    bodies = {body for body, _ in merchant.heard}
    assert len(bodies) == 1
    count = len(merchant.heard)
    time.sleep(0.4)
    assert len(merchant.heard) == count


def test_killed_in_the_middle_of_many_payments_it_keeps_what_it_answered(own):
    answered = []

    def pay_until_dead():
        try:
            while True:
                payment = open_payment(own)
                own.pay(payment["pay_url"])
                answered.append(payment)
        except Exception:
            return

    threads = [threading.Thread(target=pay_until_dead) for _ in range(3)]
    for thread in threads:
        thread.start()
    while len(answered) < 10:
        time.sleep(0.01)
    own.kill()
    for thread in threads:
        thread.join()
    own.start()
    assert {read(own, one)["status"] for one in answered} == {"succeeded"}


def test_an_event_is_signed_over_the_bytes_that_are_sent(own, merchant):
    payment = open_payment(own, webhook_url=merchant.url)
    own.pay(payment["pay_url"])
    merchant.wait_for(1)
    body, header = merchant.heard[0]
    second = int(re.fullmatch(r"t=([0-9]+),v1=[0-9a-f]{64}", header)[1])
    assert header == event_header(body, own.secret, second)
    assert abs(second - time.time()) < 10


@pytest.mark.parametrize(
    ("kind", "times_heard"), [("webhook_duplicate", 2), ("webhook_drop", 0)]
)
def test_events_are_doubled_and_dropped_on_request(own, merchant, kind, times_heard):
    own.control("faults", kind=kind)
    payment = open_payment(own, webhook_url=merchant.url)
    own.pay(payment["pay_url"])
    own.settled()
    assert len(merchant.heard) == times_heard
    assert len({body for body, _ in merchant.heard}) == min(times_heard, 1)
    assert len(own.api("GET", "/v1/events").json()["data"]) == 1


def test_an_event_is_overtaken_on_request(own, merchant):
    own.control("faults", kind="webhook_reorder")
    payment = open_payment(own, webhook_url=merchant.url)
    own.pay(payment["pay_url"], PENDS)
    own.control(f"payments/{payment['id']}/settle", status="succeeded")
    own.settled()
    kinds = [re.search(rb'"type": "([^"]+)"', body)[1] for body, _ in merchant.heard]
    assert kinds == [b"payment.succeeded", b"payment.pending"]


def test_an_event_is_late_on_request(own, merchant):
    own.control("faults", kind="webhook_delay", seconds=0.6)
    payment = open_payment(own, webhook_url=merchant.url)
    started = time.monotonic()
    own.pay(payment["pay_url"])
    merchant.wait_for(1)
    assert time.monotonic() - started >= 0.6


def test_a_pending_payment_settles_by_itself_if_it_is_to(tmp_path):
    with running_gateway(tmp_path, "--pending-seconds", "0.3") as gateway:
        payment = open_payment(gateway)
        gateway.pay(payment["pay_url"], PENDS)
        assert read(gateway, payment)["status"] == "pending"
        until = time.monotonic() + 5
        while read(gateway, payment)["status"] != "succeeded":
            assert time.monotonic() < until
            time.sleep(0.05)


def test_no_card_number_is_ever_written(own):
    numbers = [*EVERY_CARD, "4242424242424241", "378282246310005"]
    for number in numbers:
        payment = open_payment(own)
        own.pay(payment["pay_url"], number, cvc="739")
        with own.payer() as browser:
            browser.post(f"/pay/{payment['id']}?number={number}", data=filled_in("1"))
            browser.post("/nowhere", data=filled_in(number, cvc="739"))
    own.stop()
    written = own.log
    for path in own.folder.glob("gateway.sqlite3*"):
        written += path.read_bytes().decode("latin-1")
    # It is written that there was a card at all: its last digits and nothing before.
    assert "4242" in written
    for number in numbers:
        digits = number.replace(" ", "")
        assert digits not in written
        assert digits[:10] not in written
        assert number not in written
    assert "739" not in [
        str(value)
        for row in sqlite3.connect(own.store).execute("SELECT * FROM methods")
        for value in row
    ]
    assert sqlite3.connect(own.store).execute(
        "SELECT count(*) FROM methods WHERE last4 = '0002'"
    ).fetchone() == (1,)
    assert DECLINED.endswith("0002")


def run(*flags, secret="a-secret-that-is-long"):
    return subprocess.run(
        [sys.executable, "-m", "paper_gateway", *flags],
        env={**os.environ, "PYTHONPATH": str(SRC), "PAPER_GATEWAY_SECRET": secret},
        capture_output=True,
        text=True,
        timeout=20,
    )


def test_help_names_every_flag():
    said = run("--help")
    assert said.returncode == 0
    for flag in (
        *("--host", "--port", "--address", "--store", "--secret-file"),
        *("--merchant", "--pending-seconds", "--backoff"),
    ):
        assert flag in said.stdout


@pytest.mark.parametrize(
    ("flags", "secret", "says"),
    [
        ((), "", "Give a secret of at least 16 characters"),
        ((), "short", "Give a secret of at least 16 characters"),
        (("--secret-file", "/nowhere/secret"), "", "/nowhere/secret"),
        (("--store", "/proc/nothing/here.sqlite3"), "a" * 20, "cannot be opened"),
    ],
)
def test_what_it_cannot_run_with_is_said_in_one_line(tmp_path, flags, secret, says):
    if "--store" not in flags:
        flags = (*flags, "--store", str(tmp_path / "s.sqlite3"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    refused = run(*flags, "--port", port, secret=secret)
    assert refused.returncode == 1
    assert says in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run("--port", port, "--store", str(tmp_path / "s.sqlite3"))
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        f"paper_gateway: 127.0.0.1:{port} cannot be listened on: Address already in use."
    ]


def test_it_stops_when_it_is_asked_to(tmp_path):
    with running_gateway(tmp_path) as gateway:
        process = gateway.process
        gateway.stop(signal.SIGINT)
        assert process.returncode == 0


def test_the_secret_file_may_hold_two_and_each_lets_in(tmp_path):
    file = tmp_path / "secrets"
    file.write_text("the-newer-secret-of-two\nthe-older-secret-of-two\n")
    with running_gateway(
        tmp_path, "--secret-file", str(file), secret="the-older-secret-of-two"
    ) as gateway:
        assert open_payment(gateway)["status"] == "open"
        gateway.secret = "the-newer-secret-of-two"
        assert open_payment(gateway)["status"] == "open"
        gateway.secret = "a-secret-that-is-long"
        assert gateway.api("GET", "/v1/events").status_code == 401
