"""Answers that are lost, late or broken: unknown, then found; never charged twice."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from broadsheet.business.payments import actions, queries
from broadsheet.business.payments.events import PaymentDeclined, PaymentSucceeded
from broadsheet.business.payments.models import Attempt, Payment
from broadsheet.kit.money import Money

from .conftest import PRICE, open_one

pytestmark = [pytest.mark.process]


def at_gateway(shop, key):
    """Return what the gateway itself holds under our key."""
    found = shop.api("GET", f"/v1/payments?idempotency_key={key}").json()["data"]
    return [(payment["status"], payment["captured"]) for payment in found]


@pytest.fixture
def method(shop, opened, reader, at, announced):
    shop.pay(opened.pay_at)
    actions.refresh(opened.payment_id, at=at)
    announced.clear()
    return queries.methods(reader)[0].method_ref


@pytest.fixture
def invoice(request):
    """An invoice of this test alone: the gateway, and its keys, outlive each test."""
    return f"renewal-{request.node.name}"[-64:]


def charge(method, invoice, at, n=1):
    return actions.charge(
        method_ref=method,
        invoice_ref=invoice,
        amount=PRICE,
        idempotency_key=f"{invoice}-{n}",
        at=at,
    )


@pytest.mark.parametrize("fault", ["lost_response", "error_after"])
def test_case_031_032_a_charge_whose_answer_is_lost_is_unknown_and_then_found(
    shop, method, invoice, announced, at, fault
):
    """Cases 31, 32, I23."""
    shop.control("faults", kind=fault, scope="reference", value=invoice)
    state = charge(method, invoice, at)
    assert (state.status, state.captured, state.reason) == ("unknown", None, "")
    assert announced == []
    assert at_gateway(shop, f"{invoice}-1") == [("succeeded", 390_000)]

    state = actions.refresh(state.payment_id, at=at)

    assert (state.status, state.captured) == ("succeeded", PRICE)
    assert [type(event) for event in announced] == [PaymentSucceeded]
    assert at_gateway(shop, f"{invoice}-1") == [("succeeded", 390_000)]


@pytest.mark.parametrize(
    "fault", ["lost_response", "error_after", "drop_before", "error_before"]
)
def test_case_033_trying_again_under_the_same_key_makes_one_charge(
    shop, method, invoice, announced, at, fault
):
    """Cases 31 to 33."""
    shop.control("faults", kind=fault, scope="reference", value=invoice)
    assert charge(method, invoice, at).status == "unknown"
    assert charge(method, invoice, at).status == "succeeded"
    assert charge(method, invoice, at).status == "succeeded"
    assert at_gateway(shop, f"{invoice}-1") == [("succeeded", 390_000)]
    assert len(announced) == Attempt.objects.filter(n=1).count() - 1 == 1


def test_case_035_while_one_is_unknown_there_is_no_second_key(
    shop, method, invoice, announced, at
):
    """Invariants I4 and I23."""
    shop.control("faults", kind="drop_before", scope="reference", value=invoice)
    unknown = charge(method, invoice, at)
    with pytest.raises(actions.AttemptOpen) as refused:
        charge(method, invoice, at, n=2)
    assert refused.value.payment_id == unknown.payment_id
    assert at_gateway(shop, f"{invoice}-2") == []
    assert len(queries.attempts(unknown.payment_id)) == 1


def test_case_034_a_key_that_the_provider_may_have_forgotten_is_not_sent_again(
    shop, method, invoice, announced, at
):
    """Case 34: a person must look."""
    shop.control("faults", kind="drop_before", scope="reference", value=invoice)
    assert charge(method, invoice, at).status == "unknown"
    assert charge(method, invoice, at + timedelta(hours=25)).status == "unknown"
    assert at_gateway(shop, f"{invoice}-1") == []
    assert announced == []


def test_a_page_whose_answer_is_lost_is_opened_once(shop, reader, at, request):
    name = request.node.name
    shop.control("faults", kind="lost_response", scope="reference", value=f"inv-{name}")
    with pytest.raises(actions.Unreachable):
        open_one(reader, at, name)
    (attempt,) = Attempt.objects.all()
    assert (attempt.status, attempt.pay_at) == ("unknown", "")

    opened = open_one(reader, at, name)

    assert at_gateway(shop, f"key-{name}") == [("open", 0)]
    assert open_one(reader, at, name) == opened
    assert Attempt.objects.count() == 1


def test_a_gateway_that_is_not_there(shop, reader, at, settings, announced):
    object.__setattr__(settings.BROADSHEET, "gateway_url", "http://127.0.0.1:9")
    with pytest.raises(actions.Unreachable):
        open_one(reader, at, "nowhere")
    state = queries.payment_for("inv-nowhere")
    assert state is not None
    assert state.status == actions.refresh(state.payment_id, at=at).status == "unknown"
    assert announced == []


def test_a_gateway_that_does_not_know_us_says_nothing_of_the_payment(
    shop, reader, at, settings, announced
):
    """A wrong secret is our own trouble: no reader was declined."""
    object.__setattr__(settings.BROADSHEET, "gateway_secret", "not-the-right-secret")
    with pytest.raises(actions.Unreachable):
        open_one(reader, at, "stranger")
    assert Attempt.objects.get().status == "unknown"
    assert announced == []


def test_a_request_that_the_gateway_refuses_is_declined_for_good(
    shop, reader, at, announced
):
    with pytest.raises(actions.Refused) as refused:
        open_one(reader, at, "bad-address", return_url="ftp://example.com/")
    assert refused.value.code == "bad_return_url"
    (declined,) = announced
    assert type(declined) is PaymentDeclined
    assert (declined.reason, declined.hard) == ("bad_return_url", True)
    with pytest.raises(actions.Refused):
        open_one(reader, at, "bad-address", return_url="ftp://example.com/")
    assert len(announced) == 1


@pytest.mark.django_db(transaction=True)
def test_the_key_is_committed_before_the_answer_comes(shop, reader, at):
    """Invariant I5: another connection sees it while the gateway still thinks."""
    shop.control("faults", kind="slow", seconds=1.5)
    thread = threading.Thread(target=open_and_close, args=(reader, at, "thinking"))
    thread.start()
    until = time.monotonic() + 5
    while not (seen := Attempt.objects.filter(idempotency_key="key-thinking").first()):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert (seen.status, seen.pay_at, thread.is_alive()) == ("submitted", "", True)
    assert actions.refresh(seen.payment_id, at=at).status == "requires_action"
    thread.join()
    assert len(queries.attempts(seen.payment_id)) == 1


def open_and_close(reader, at, name):
    open_one(reader, at, name)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_money_is_not_asked_for_inside_a_transaction_that_may_be_undone(
    shop, reader, at
):
    with pytest.raises(RuntimeError), transaction.atomic():
        open_one(reader, at, "undone")
    assert at_gateway(shop, "key-undone") == []
    assert Payment.objects.count() == 0


# --- Keys -------------------------------------------------------------------------


def test_the_same_key_and_request_is_the_same_page(shop, opened, reader, at, request):
    again = open_one(reader, at + timedelta(minutes=9), request.node.name)
    assert again == opened
    assert (Payment.objects.count(), Attempt.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"description": "Something else"}, actions.KeyReused),
        ({"return_url": "http://127.0.0.1:9/other/"}, actions.KeyReused),
        ({"invoice_ref": "inv-other"}, actions.KeyReused),
        ({"amount": Money(1, "INR")}, actions.WrongRequest),
        ({"amount": Money(390_000, "USD")}, actions.WrongRequest),
        ({"idempotency_key": "key-other"}, actions.AttemptOpen),
    ],
    ids=["description", "way back", "invoice", "amount", "currency", "second key"],
)
def test_the_same_key_and_another_request_is_refused(
    shop, opened, reader, at, request, change, error
):
    before = list(Attempt.objects.values())
    name = request.node.originalname + f"[{request.node.callspec.id}]"
    with pytest.raises(error):
        open_one(reader, at, name, **change)
    assert list(Attempt.objects.values()) == before
    assert Payment.objects.count() == 1


def test_after_a_decline_a_new_key_is_a_second_attempt_at_the_same_payment(
    shop, opened, reader, announced, at, request
):
    shop.pay(opened.pay_at, "4000000000000002")
    actions.refresh(opened.payment_id, at=at)
    second = open_one(
        reader, at, request.node.name, idempotency_key=f"second-{request.node.name}"
    )
    assert second.payment_id == opened.payment_id
    assert second.pay_at != opened.pay_at
    assert queries.payment(opened.payment_id).status == "requires_action"

    shop.pay(second.pay_at)

    assert actions.refresh(opened.payment_id, at=at).captured == PRICE
    assert [type(event) for event in announced] == [PaymentDeclined, PaymentSucceeded]
    with pytest.raises(actions.AlreadyPaid):
        open_one(reader, at, request.node.name, idempotency_key="key-third-one")


def test_case_076_a_late_authorisation_after_a_second_receipt_is_announced_as_its_own(
    shop, opened, reader, announced, ear, at, request
):
    """Case 76: both were captured; the hearer learns which attempt to give back."""
    shop.pay(opened.pay_at, "4000000000000002")
    actions.refresh(opened.payment_id, at=at)
    second = open_one(
        reader, at, request.node.name, idempotency_key=f"second-{request.node.name}"
    )
    shop.pay(second.pay_at)
    actions.refresh(opened.payment_id, at=at)
    first = queries.attempts(opened.payment_id)[0]
    ear.heard.clear()
    shop.control(f"payments/{first.provider_ref}/settle", status="succeeded")
    shop.settled()
    kind, ref = b"payment.succeeded", first.provider_ref.encode()
    (late,) = [one for one in ear.heard if kind in one[0] and ref in one[0]]
    actions.receive("paper", body=late[0], headers=late[1], at=at)

    assert queries.payment(opened.payment_id).captured == Money(780_000, "INR")
    succeeded = [event for event in announced if type(event) is PaymentSucceeded]
    assert len({event.attempt_id for event in succeeded}) == len(succeeded) == 2
    assert succeeded[1].attempt_id == first.attempt_id


def at_the_same_time(verb, times=8):
    """Run `verb` in several threads at once; return what came of each."""
    ready, outcomes = threading.Barrier(times), []

    def run(n):
        ready.wait()
        try:
            outcomes.append(verb(n))
        except Exception as error:
            outcomes.append(type(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_payment(shop, reader, at):
    """Case 21."""
    outcomes = at_the_same_time(lambda n: open_one(reader, at, "clicked"))
    assert len(set(outcomes)) == 1
    assert outcomes[0].pay_at.startswith(shop.url)
    assert at_gateway(shop, "key-clicked") == [("open", 0)]


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_two_keys_make_one_charge(
    shop, method, invoice, announced, at
):
    outcomes = at_the_same_time(lambda n: charge(method, invoice, at, n), 4)
    charged = [one for one in outcomes if not isinstance(one, type)]
    assert [state.status for state in charged] == ["succeeded"]
    refusals = {one for one in outcomes if isinstance(one, type)}
    assert refusals <= {actions.AttemptOpen, actions.AlreadyPaid}
    assert len(announced) == 1
