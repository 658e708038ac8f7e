"""Webhooks: real bytes of the gateway, forged, altered, late, twice, in any order."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest

from broadsheet.business.payments import actions, queries
from broadsheet.business.payments.events import PaymentDeclined, PaymentSucceeded
from broadsheet.business.payments.models import Attempt, InboundEvent, PaymentMethod
from tests import gateway_process as cards

from .conftest import PRICE, open_one

pytestmark = [pytest.mark.process]


@pytest.fixture
def heard(shop, ear, opened):
    """The gateway's own webhook about a card that succeeded."""
    shop.pay(opened.pay_at)
    shop.settled()
    (one,) = ear.heard
    return one


def receive(one, at, body=None, headers=None):
    actions.receive(
        "paper",
        body=one[0] if body is None else body,
        headers=one[1] if headers is None else headers,
        at=at,
    )


def signature_of(one):
    return one[1]["Paper-Signature"]


def signed(one, value):
    return {**one[1], "Paper-Signature": value}


def test_a_webhook_alone_settles_a_payment(heard, opened, announced, at):
    """Case 19: her browser closed before it came back."""
    receive(heard, at)

    state = queries.payment(opened.payment_id)
    assert (state.status, state.captured) == ("succeeded", PRICE)
    assert [type(event) for event in announced] == [PaymentSucceeded]
    event = InboundEvent.objects.get()
    assert bytes(event.body) == heard[0]
    assert (event.verified, event.applied_at, event.outcome) == (
        "current",
        at,
        "applied",
    )
    assert event.event_id == json.loads(heard[0])["id"]


def test_case_045_the_same_event_twice_is_once(heard, opened, announced, at):
    receive(heard, at)
    receive(heard, at + timedelta(minutes=1))
    assert len(announced) == 1
    assert InboundEvent.objects.get().applied_at == at


def test_a_webhook_and_asking_are_once(heard, opened, announced, at):
    assert actions.refresh(opened.payment_id, at=at).status == "succeeded"
    receive(heard, at)
    assert len(announced) == 1
    assert InboundEvent.objects.get().outcome == "nothing new"


@pytest.mark.parametrize(
    "alter",
    [
        lambda body: body + b"\n",
        lambda body: body.rstrip(b"}") + b" }}}",
        lambda body: body.replace(b"390000", b"390001"),
        lambda body: json.dumps(json.loads(body), separators=(",", ":")).encode(),
        lambda body: b"",
    ],
    ids=["a newline", "a space", "an amount", "re-serialised", "nothing"],
)
def test_case_048_one_byte_of_difference_is_forged(heard, opened, announced, at, alter):
    altered = alter(heard[0])
    assert altered != heard[0]
    with pytest.raises(actions.Forged):
        receive(heard, at, body=altered)
    nothing_moved(opened, announced)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        "v1=" + "0" * 64,
        "t=1",
        "{t},v1=" + "0" * 64,
        "{t},{t},{v1}",
        "t=99999999999999999999,{v1}",
        "{t},{v1}\x00",
        "{t},v1=" + "é" * 64,
        "{t},v0={digest}",
        "{t}" + ",v1=" + "0" * 64 + ("," + "v1=" + "1" * 64) * 20,
    ],
)
def test_a_header_that_proves_nothing_is_forged(heard, opened, announced, at, header):
    second, proof = signature_of(heard).split(",")
    header = header.format(t=second, v1=proof, digest=proof.removeprefix("v1="))
    with pytest.raises(actions.Forged):
        receive(heard, at, headers=signed(heard, header))
    nothing_moved(opened, announced)


def test_without_the_header_it_is_forged(heard, opened, announced, at):
    for headers in (
        {},
        {"Paper-Signature": signature_of(heard), "PAPER-SIGNATURE": ""},
    ):
        with pytest.raises(actions.Forged):
            receive(heard, at, headers=headers)
    nothing_moved(opened, announced)


def test_case_050_one_good_signature_of_two_in_a_header_of_any_case_will_do(
    heard, opened, at
):
    second, proof = signature_of(heard).split(",")
    header = f"{second},v1={'0' * 64}, {proof}"
    receive(heard, at, headers={"paper-signature": header})
    assert queries.payment(opened.payment_id).status == "succeeded"


@pytest.mark.parametrize("late", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_case_056_an_old_recording_and_one_from_the_future_are_forged(
    heard, opened, announced, at, late
):
    with pytest.raises(actions.Forged):
        receive(heard, at + late)
    nothing_moved(opened, announced)


@pytest.mark.parametrize("late", [timedelta(minutes=4), timedelta(minutes=-4)])
def test_case_014_clocks_may_differ_a_little(heard, opened, at, late):
    receive(heard, at + late)
    assert queries.payment(opened.payment_id).status == "succeeded"


def test_case_049_a_secret_can_be_changed(heard, opened, at, settings):
    """Case 49: signed with the old one, within the overlap and after it."""
    old = settings.BROADSHEET.gateway_secret
    object.__setattr__(settings.BROADSHEET, "gateway_secret", "a-new-secret-of-ours")
    with pytest.raises(actions.Forged):
        receive(heard, at)
    object.__setattr__(
        settings.BROADSHEET, "gateway_secret", f"a-new-secret-of-ours,{old}"
    )
    receive(heard, at)
    assert InboundEvent.objects.get().verified == "previous"


def test_a_provider_that_we_do_not_have(heard, at):
    for name in ("nobody", "..", "paper.client", ""):
        with pytest.raises(actions.NoSuchProvider):
            actions.receive(name, body=heard[0], headers=heard[1], at=at)


def nothing_moved(opened, announced):
    assert announced == []
    assert InboundEvent.objects.count() == 0
    assert queries.payment(opened.payment_id).status == "requires_action"


# --- Any order, any number of times ------------------------------------------------


def the_end(payment_id):
    """Everything that a set of events must leave the same, in whatever order."""
    (attempt,) = Attempt.objects.filter(payment=payment_id).values(
        "status", "captured_minor", "refunded_minor", "hard", "reason", "provider_ref"
    )
    return attempt, PaymentMethod.objects.count(), queries.payment(payment_id).captured


def test_case_046_every_order_ends_the_same(shop, ear, reader, announced, at, request):
    """Case 46, I21: pending, declined, late success, two refunds: 120 orders."""
    opened = open_one(reader, at, request.node.name)
    (before,) = Attempt.objects.values()
    shop.control("faults", kind="pending_then_fail")
    shop.pay(opened.pay_at, cards.SUCCEEDS)
    ref = before["provider_ref"]
    shop.control(f"payments/{ref}/settle", status="declined")
    shop.control(f"payments/{ref}/settle", status="succeeded")
    for n, amount in enumerate((100_000, 50_000)):
        refund = shop.api(
            "POST", "/v1/refunds", key=f"refund-{n}", payment=ref, amount=amount
        )
        assert refund.status_code == 201
    shop.settled()
    kinds = [json.loads(body)["type"] for body in ear.bodies()]
    assert sorted(kinds) == [
        "payment.declined",
        "payment.pending",
        "payment.refunded",
        "payment.refunded",
        "payment.succeeded",
    ]

    ends, succeeded, refunded = [], [], []
    for order in itertools.permutations(ear.heard):
        InboundEvent.objects.all().delete()
        Attempt.objects.update(**before)
        PaymentMethod.objects.all().delete()
        announced.clear()
        for one in (*order, *order):  # And all of it twice.
            receive(one, at)
        ends.append(the_end(opened.payment_id))
        succeeded.append(
            [event.minor for event in announced if type(event) is PaymentSucceeded]
        )
        refunded.append(
            sum(
                event.minor
                for event in announced
                if type(event).__name__ == "PaymentRefunded"
            )
        )

    expected = {
        "status": "succeeded",
        "captured_minor": 390_000,
        "refunded_minor": 150_000,
        "hard": False,
        "reason": "",
        "provider_ref": ref,
    }
    assert len(ends) == 120
    assert all(end == (expected, 1, PRICE) for end in ends)
    assert succeeded == [[390_000]] * 120
    assert refunded == [150_000] * 120


# --- What is kept and not applied ----------------------------------------------------


def sign(shop, at, event):
    from paper_gateway.signing import event_header

    body = json.dumps(event).encode()
    second = int(at.timestamp())
    return body, {"Paper-Signature": event_header(body, shop.secret, second)}


def test_case_055_an_event_of_no_payment_of_ours_is_kept(
    heard, shop, opened, announced, at
):
    """Case 55."""
    event = json.loads(heard[0])
    event["id"] = "evt_other"
    event["data"]["payment"] |= {"id": "pay_other", "idempotency_key": "key-other"}
    body, headers = sign(shop, at, event)
    actions.receive("paper", body=body, headers=headers, at=at)
    assert InboundEvent.objects.get().outcome == "kept: not about a payment of ours"
    assert announced == []


@pytest.mark.parametrize(
    "change",
    [{"currency": "USD"}, {"reference": "inv-of-somebody-else"}],
    ids=["currency", "reference"],
)
def test_an_event_of_another_currency_or_invoice_moves_nothing(
    heard, shop, opened, announced, at, change
):
    event = json.loads(heard[0])
    event["data"]["payment"] |= change
    body, headers = sign(shop, at, event)
    actions.receive("paper", body=body, headers=headers, at=at)
    assert InboundEvent.objects.get().outcome.startswith("refused: pay_")
    assert announced == []
    assert queries.payment(opened.payment_id).status == "requires_action"


@pytest.mark.parametrize(
    "event",
    [
        [],
        {"id": "evt_1"},
        {"id": "evt_1", "type": "payment.succeeded", "data": {}},
        {"id": "evt_1", "type": "payment.succeeded", "data": {"payment": 7}},
    ],
)
def test_a_genuine_event_that_we_cannot_read_is_kept(
    shop, opened, announced, at, event
):
    """Case 54: answered, so that it is not sent for three days, and shown to a person."""
    body, headers = sign(shop, at, event)
    for _ in range(2):
        actions.receive("paper", body=body, headers=headers, at=at)
    kept = InboundEvent.objects.get()
    assert bytes(kept.body) == body
    assert kept.outcome.startswith("kept: ")
    assert announced == []


def test_case_053_an_unknown_kind_is_kept(shop, opened, announced, at):
    """Case 53."""
    body, headers = sign(shop, at, {"id": "evt_9", "type": "payout.paid", "data": {}})
    actions.receive("paper", body=body, headers=headers, at=at)
    assert InboundEvent.objects.get().outcome == (
        "kept: payout.paid is not about a payment"
    )


def test_case_054_an_event_that_cannot_be_applied_now_is_kept_and_applied_later(
    heard, opened, at, announced
):
    """A hearer breaks: the event is kept, nothing moves, and sending it again heals."""
    from broadsheet.business.payments import events
    from broadsheet.plumbing import outbox
    from broadsheet.plumbing.outbox import Heard

    def breaks(event, at):
        raise ZeroDivisionError

    routes = dict(outbox._routes)
    outbox._routes[events.PaymentSucceeded] = Heard((breaks,))
    with pytest.raises(ZeroDivisionError):
        receive(heard, at)
    assert InboundEvent.objects.get().applied_at is None
    assert queries.payment(opened.payment_id).status == "requires_action"

    outbox._routes.update(routes)
    receive(heard, at)
    assert InboundEvent.objects.get().outcome == "applied"
    assert len(announced) == 1


def test_a_decline_by_webhook(shop, ear, opened, announced, at):
    shop.pay(opened.pay_at, cards.EXPIRED)
    shop.settled()
    receive(ear.heard[0], at)
    (declined,) = announced
    assert type(declined) is PaymentDeclined
    assert (declined.reason, declined.hard) == ("expired_card", True)
