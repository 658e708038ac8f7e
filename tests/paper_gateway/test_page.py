"""The hosted page, as a payer's browser meets it."""

from __future__ import annotations

import re
import threading

import pytest
from starlette.datastructures import URL

from tests.gateway_process import ASKS_BANK, DECLINED, PENDS, SUCCEEDS, filled_in

from .conftest import open_payment, read

pytestmark = [pytest.mark.process]


@pytest.fixture
def payment(gateway):
    return open_payment(gateway, description="Two years <b>& more</b>")


@pytest.fixture
def page(gateway, payment):
    with gateway.payer() as browser:
        return browser.get(payment["pay_url"])


def test_it_says_who_is_paid_what_and_for_what(page):
    assert page.status_code == 200
    assert '<h1 class="amount">₹3,900</h1>' in page.text
    assert "Pay Broadsheet" in page.text
    assert "Two years &lt;b&gt;&amp; more&lt;/b&gt;" in page.text
    assert "<b>" not in page.text


def test_every_field_has_a_label_and_tells_the_browser_what_it_is(page):
    fields = dict(
        re.findall(r'<input id="(\w+)"[^>]*autocomplete="([\w-]+)"', page.text)
    )
    assert fields == {
        "number": "cc-number",
        "expiry": "cc-exp",
        "cvc": "cc-csc",
        "name": "cc-name",
    }
    for name in fields:
        assert f'<label for="{name}">' in page.text


def test_it_lists_every_test_card(page):
    rows = re.findall(r"<tr><td><code>([\d ]{19})</code>", page.text)
    assert len(rows) == len(set(rows)) == 7
    assert {SUCCEEDS, DECLINED, ASKS_BANK, PENDS} <= set(rows)


def test_its_policy_allows_its_own_style_and_the_way_back_only(page):
    assert page.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self' http://127.0.0.1:9"
    )
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in page.text
    assert " style=" not in page.text


def test_its_style_is_served(gateway):
    with gateway.payer() as browser:
        style = browser.get("/static/pay.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "prefers-color-scheme: dark" in style.text


def test_mistakes_are_told_beside_their_fields_and_nothing_is_charged(gateway, payment):
    typed = filled_in("4242 4242 4242 4241", expiry="01/20", cvc="98", name="")
    with gateway.payer() as browser:
        page = browser.post(payment["pay_url"], data=typed)
    assert page.status_code == 422
    assert "<title>Error: Pay ₹3,900 to Broadsheet</title>" in page.text
    for name in ("number", "expiry", "cvc", "name"):
        assert f'<p class="error" id="{name}-error">' in page.text
        assert f'aria-invalid="true" aria-describedby="{name}-error"' in page.text
        assert f'<a href="#{name}">' in page.text
    assert 'value="01/20"' in page.text
    assert "4241" not in page.text
    assert "value" not in re.search(r'<input id="cvc"[^>]*>', page.text)[0]
    assert "value" not in re.search(r'<input id="number"[^>]*>', page.text)[0]
    assert read(gateway, payment)["status"] == "open"


def test_what_was_typed_cannot_break_out_of_the_page(gateway, payment):
    evil = '"><script>alert(1)</script>'
    with gateway.payer() as browser:
        page = browser.post(payment["pay_url"], data=filled_in("1", name=evil))
    assert page.status_code == 422
    assert "<script" not in page.text
    assert "&quot;&gt;&lt;script&gt;" in page.text


@pytest.mark.parametrize("status", ["succeeded", "cancelled"])
def test_the_way_back_keeps_the_merchants_own_query(gateway, payment, page, status):
    if status == "succeeded":
        back = gateway.pay(payment["pay_url"]).headers["location"]
    else:
        link = re.search(r'<p class="cancel"><a href="([^"]+)">', page.text)[1]
        back = link.replace("&amp;", "&")
    url = URL(back)
    assert back.startswith("http://127.0.0.1:9/back?checkout=7&payment=pay_")
    assert f"&status={status}&signature=" in url.query


def test_leaving_changes_nothing(gateway, payment, page):
    """The link is a link: whoever follows it, or prefetches it, cancels nothing."""
    assert "Cancel and return to Broadsheet" in page.text
    assert read(gateway, payment)["status"] == "open"


def test_a_double_submit_makes_one_charge(gateway, payment):
    ready, locations = threading.Barrier(6), []

    def submit():
        with gateway.payer() as browser:
            ready.wait()
            answer = browser.post(payment["pay_url"], data=filled_in())
            locations.append(answer.headers["location"])

    threads = [threading.Thread(target=submit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(locations) == 6
    assert len(set(locations)) == 1
    events = every_event(gateway, payment)
    assert [event["type"] for event in events] == ["payment.succeeded"]
    assert read(gateway, payment)["captured"] == 390_000


def every_event(gateway, payment):
    found, after = [], 0
    while rows := gateway.api("GET", f"/v1/events?after={after}").json()["data"]:
        found += rows
        after = rows[-1]["n"]
    return [
        one
        for one in found
        if one["data"].get("payment", {}).get("id") == payment["id"]
    ]


def test_a_second_card_after_the_first_was_decided_charges_nothing(gateway, payment):
    gateway.pay(payment["pay_url"], DECLINED)
    with gateway.payer() as browser:
        again = browser.post(payment["pay_url"], data=filled_in(SUCCEEDS))
        page = browser.get(payment["pay_url"])
    assert "status=declined" in again.headers["location"]
    assert read(gateway, payment)["captured"] == 0
    assert "Your bank declined this payment. Nothing was charged." in page.text
    assert "<form" not in page.text


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [("approve", "succeeded", ""), ("refuse", "declined", "authentication_failed")],
)
def test_the_bank_asks_once(gateway, payment, answer, status, reason):
    page = gateway.pay(payment["pay_url"], ASKS_BANK).headers["location"]
    assert page == f"/pay/{payment['id']}/confirm"
    assert gateway.tell_bank(page, "perhaps").headers["location"] == (
        f"/pay/{payment['id']}"
    )
    assert read(gateway, payment)["status"] == "requires_action"
    gateway.tell_bank(page, answer)
    other = {"approve": "refuse", "refuse": "approve"}[answer]
    gateway.tell_bank(page, other)
    found = read(gateway, payment)
    assert (found["status"], found["reason"]) == (status, reason)


def test_a_payment_that_is_not_there(gateway):
    with gateway.payer() as browser:
        for path in ("/pay/pay_none", "/pay/pay_none/confirm"):
            for answer in (browser.get(path), browser.post(path, data=filled_in())):
                assert answer.status_code == 404
                assert "There is no such payment" in answer.text


def test_a_form_that_is_no_form_is_refused_quietly(gateway, payment):
    with gateway.payer() as browser:
        for body, kind in [
            (b"\xff\xfe=1", "application/x-www-form-urlencoded"),
            (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
            (
                b"&".join(b"n%d=1" % n for n in range(99)),
                "application/x-www-form-urlencoded",
            ),
        ]:
            answer = browser.post(
                payment["pay_url"], content=body, headers={"content-type": kind}
            )
            assert answer.status_code in (400, 422)
    assert read(gateway, payment)["status"] == "open"
