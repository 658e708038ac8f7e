"""What a person has to look at: put on the list, explained, closed with a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission

from broadsheet.business.payments import actions, queries
from broadsheet.business.payments.models import Attempt, Concern
from broadsheet.business.payments.rules import Trouble
from broadsheet.front.desk.concerns import ADVICE
from broadsheet.kit.money import Money
from tests import gateway_process as cards

pytestmark = [pytest.mark.process]

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def plain_files(settings):
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": plain}}


def kinds():
    return [one.kind for one in queries.concerns()]


def test_a_payment_that_nobody_can_tell_of_comes_before_a_person_after_five_days(
    shop, opened, announced, at
):
    shop.pay(opened.pay_at, cards.PENDS)
    now = at
    for wait in (5 / 1440, 1 / 24, 1, 1, 1, 1, 1):
        assert kinds() == []
        now += timedelta(days=wait)
        actions.reconcile(at=now)
    (one,) = queries.concerns()
    assert (one.kind, one.payment_id) == ("stuck", opened.payment_id)
    assert one.raised_at == now
    # The bank speaks at last; what had to be looked at has answered itself.
    shop.control(f"payments/{one.provider_ref}/settle", status="succeeded")
    actions.refresh(opened.payment_id, at=now)
    assert kinds() == []
    assert Concern.objects.get().closed_by == ""


def test_case_034_a_key_of_yesterday_goes_to_a_person_and_not_to_the_gateway(
    shop, opened, reader, announced, at
):
    shop.pay(opened.pay_at)
    actions.refresh(opened.payment_id, at=at)
    (method,) = queries.methods(reader)
    shop.control("faults", kind="drop_before")
    asked = {
        "method_ref": method.method_ref, "invoice_ref": f"old-{opened.payment_id}",
        "amount": Money(390_000, "INR"), "idempotency_key": f"old-{method.method_ref}",
    }  # fmt: skip
    assert actions.charge(at=at, **asked).status == "unknown"
    assert actions.charge(at=at + DAY, **asked).status == "unknown"
    assert kinds() == ["old_key"]
    found = shop.api("GET", f"/v1/payments?reference={asked['invoice_ref']}").json()
    assert found["data"] == []


def test_case_038_a_success_over_another_amount_is_kept_as_it_is_and_looked_at(
    shop, opened, announced, at
):
    shop.control("faults", kind="short_capture")
    shop.pay(opened.pay_at)
    state = actions.refresh(opened.payment_id, at=at)
    assert (state.status, state.captured) == ("succeeded", Money(195_000, "INR"))
    assert [one.minor for one in announced] == [195_000]
    (one,) = queries.concerns()
    assert one.kind == "short"
    assert one.detail.startswith("₹1,950 of ₹3,900")


def test_a_refund_that_the_gateway_refuses_is_looked_at(shop, opened, announced, at):
    shop.pay(opened.pay_at)
    actions.refresh(opened.payment_id, at=at)
    ref = Attempt.objects.get().provider_ref
    key = f"behind-our-back-{ref}"
    shop.api("POST", "/v1/refunds", key=key, payment=ref, amount=390_000)
    with pytest.raises(actions.Refused):
        actions.refund(
            payment_id=opened.payment_id,
            amount=Money(1_000, "INR"),
            idempotency_key=f"ours-{ref}",
            at=at,
        )
    assert kinds() == ["refund_refused"]


def test_case_036_too_many_requests_is_no_decline(shop, opened, reader, announced, at):
    shop.pay(opened.pay_at)
    actions.refresh(opened.payment_id, at=at)
    (method,) = queries.methods(reader)
    asked = {
        "method_ref": method.method_ref, "invoice_ref": f"busy-{opened.payment_id}",
        "amount": Money(390_000, "INR"), "idempotency_key": f"busy-{method.method_ref}",
    }  # fmt: skip
    for fault in ("rate_limited", "key_in_use"):
        shop.control("faults", kind=fault)
        assert actions.charge(at=at, **asked).status == "unknown"
    assert actions.charge(at=at, **asked).status == "succeeded"
    assert len(queries.attempts(queries.payment_for(asked["invoice_ref"]).payment_id)) == 1  # fmt: skip


def test_every_trouble_has_words_and_advice():
    assert set(ADVICE) == {one.value for one in Trouble}


# --- At the desk -----------------------------------------------------------------------


def staff(django_user_model, *codenames):
    user = django_user_model.objects.create_user(email="finance@example.in")
    group = Group.objects.create(name="Finance")
    names = ("access_admin", *codenames)
    group.permissions.set(Permission.objects.filter(codename__in=names))
    user.groups.add(group)
    return user


@pytest.fixture
def stuck(shop, opened, announced, at):
    shop.control("faults", kind="short_capture")
    shop.pay(opened.pay_at)
    actions.refresh(opened.payment_id, at=at)
    return queries.concerns()[0]


def test_the_list_says_what_happened_and_what_to_do(client, django_user_model, stuck):
    client.force_login(staff(django_user_model, "view_concern"))
    page = client.get("/desk/payments/").content.decode()
    assert "Less was captured than the invoice asks for." in page
    assert "₹1,950 of ₹3,900" in page
    assert stuck.provider_ref in page
    assert "Ask again" not in page  # She may look, and not close.
    assert client.post(f"/desk/payments/{stuck.concern_id}/").status_code in (302, 403)
    assert queries.concerns_open() == 1


def test_a_concern_is_closed_with_a_reason_and_a_name(client, django_user_model, stuck):
    user = staff(django_user_model, "view_concern", "change_concern")
    client.force_login(user)
    address = f"/desk/payments/{stuck.concern_id}/"
    client.post(address, {"do": "close", "note": "  "})
    assert queries.concerns_open() == 1
    client.post(address, {"do": "ask"})
    assert queries.concerns_open() == 1
    client.post(address, {"do": "close", "note": "Paid in cash at the counter."})
    row = Concern.objects.get()
    assert (row.closed_by, row.note) == (
        user.get_username(),
        "Paid in cash at the counter.",
    )
    assert (
        "Every payment is known to have ended."
        in client.get("/desk/payments/").content.decode()
    )


def test_others_do_not_see_it(client, django_user_model, stuck):
    client.force_login(staff(django_user_model))
    assert client.get("/desk/payments/").status_code in (302, 403)
