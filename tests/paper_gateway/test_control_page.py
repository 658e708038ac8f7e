"""The salesperson's page: who enters, and what the buttons do."""

from __future__ import annotations

import re

import httpx
import pytest

from .conftest import open_payment, read

pytestmark = [pytest.mark.process]


@pytest.fixture
def cookie(gateway):
    answer = httpx.post(
        f"{gateway.url}/control/enter", data={"secret": gateway.secret}, trust_env=False
    )
    assert answer.status_code == 303
    said = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Secure", "Path=/"} <= set(said.split("; "))
    assert gateway.secret not in said
    return said.split(";")[0]


@pytest.fixture
def press(gateway, cookie):
    def press(do):
        return httpx.post(
            f"{gateway.url}/control", data={"do": do}, headers={"Cookie": cookie},
            trust_env=False,
        )  # fmt: skip

    yield press
    gateway.control("outage", seconds=0)


def test_nobody_enters_without_the_secret(gateway):
    with gateway.payer() as browser:
        assert browser.get("/control").status_code == 401
        wrong = browser.post("/control/enter", data={"secret": "a guess"})
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (403, False)
        assert browser.post("/control", data={"do": "outage:300"}).status_code == 401
        forged = {"Cookie": "__Host-paper-control=" + "0" * 64}
        assert browser.get("/control", headers=forged).status_code == 401
    assert gateway.api("GET", "/v1/clock").status_code == 200


def test_a_payment_is_disputed_and_decided_with_buttons(gateway, press):
    payment = open_payment(gateway)
    gateway.pay(payment["pay_url"])
    page = press(f"dispute:{payment['id']}")
    assert f"{payment['id']} is disputed" in page.text
    assert read(gateway, payment)["disputed"] == 390_000
    assert press(f"won:{payment['id']}").status_code == 200
    assert read(gateway, payment)["disputed"] == 0
    again = press(f"lost:{payment['id']}")
    assert again.status_code == 409
    assert "A dispute that is won cannot become lost." in again.text


def test_the_next_charge_declines_for_good_and_faults_are_disarmed(gateway, press):
    press("arm:decline_hard")
    payment = open_payment(gateway)
    gateway.pay(payment["pay_url"])
    assert read(gateway, payment)["hard"] is True
    press("arm:decline_soft")
    assert "Disarmed: 1." in press("disarm:").text


def test_it_goes_down_and_comes_up_while_the_page_stays(gateway, press):
    assert "It is out of order until" in press("outage:300").text
    assert gateway.api("GET", "/v1/clock").status_code == 503
    assert "It is in order." in press("outage:0").text
    assert gateway.api("GET", "/v1/clock").status_code == 200


@pytest.mark.parametrize("do", ["", "arm:nonsense", "outage:7", "explode:now"])
def test_a_button_that_is_none_does_nothing(gateway, press, do):
    assert press(do).status_code == 422
    assert "<p>None.</p>" in press("disarm:").text


def test_every_button_on_the_page_is_known(gateway, cookie, press):
    payment = open_payment(gateway)
    gateway.pay(payment["pay_url"])
    page = httpx.get(
        f"{gateway.url}/control", headers={"Cookie": cookie}, trust_env=False
    )
    buttons = set(re.findall(r'name="do" value="([a-z]+):', page.text))
    assert buttons >= {"arm", "outage", "dispute", "reverse", "expire", "remove"}
    # No script and no style but its own file's.
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
