from __future__ import annotations

import secrets

import pytest

from tests.gateway_process import running_gateway


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    with running_gateway(tmp_path_factory.mktemp("shared-gateway")) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared):
    """A gateway with no fault armed."""
    shared.api("DELETE", "/control/faults")
    return shared


def asked(**changes):
    """What a merchant asks for, if nothing else is said."""
    return {
        "amount": 390_000,
        "currency": "INR",
        "reference": "inv-1",
        "description": "Broadsheet, two years",
        "return_url": "http://127.0.0.1:9/back?checkout=7",
        "save_method": True,
        **changes,
    }


def open_payment(gateway, key="", **changes):
    answer = gateway.api(
        "POST", "/v1/payments", key=key or secrets.token_hex(8), **asked(**changes)
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def read(gateway, payment):
    return gateway.api("GET", f"/v1/payments/{payment['id']}").json()
