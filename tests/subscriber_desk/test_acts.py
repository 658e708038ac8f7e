"""What the desk does: exactly that, once, with a reason; or nothing, in one sentence."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import queries as payments
from broadsheet.business.subscriptions import actions, events
from broadsheet.business.subscriptions.models import HeldCredit, Subscription
from broadsheet.kit.money import Money
from broadsheet.plumbing.models import DeskAct, DeskLimits
from broadsheet.readers.models import Reader
from tests.subscriber_desk.conftest import acts

WHY = "She rang and asked."


@pytest.fixture
def invoice(row):
    return books.invoices(row.pk)[0]


def fresh(row) -> Subscription:
    return Subscription.objects.get(pk=row.pk)


def rupees(minor: int) -> Money:
    return Money(minor, "INR")


# --- One click --------------------------------------------------------------------------


def test_a_part_is_given_back_with_a_credit_note_and_once(live, row, invoice, hired):
    desk = hired("Finance", row.reader_id)
    before = row.row_version
    assert (
        "₹400 of invoice"
        in desk.ask("refund", invoice=invoice.id, amount="400").content.decode()
    )
    assert acts() == [] and not HeldCredit.objects.exists()

    assert desk.click("refund", invoice=invoice.id, amount="400").status_code == 302
    assert desk.click_again().status_code == 302

    held = HeldCredit.objects.get()
    assert (held.minor, held.currency, held.returned_at) == (40_000, "INR", None)
    notes = books.credit_notes(invoice.id)
    assert [(note.total, note.reason) for note in notes] == [
        (rupees(40_000), "refunded")
    ]
    act = DeskAct.objects.get()
    assert (act.verb, act.reason, act.minor, act.currency) == (
        "refund",
        WHY,
        40_000,
        "INR",
    )
    assert (act.actor, act.subject) == (desk.staff.public_id, row.reader_id)
    assert act.before["left"] == str(rupees(90_000))
    assert act.before["invoice"] == invoice.number
    assert fresh(row).row_version == before  # The contract goes on as it was.

    assert actions.return_credits(at=live.at) == 1
    payment = payments.payment_for(str(invoice.id))
    assert payment.refunded == rupees(40_000)
    assert books.check() == ()


def test_the_whole_goes_back_when_no_amount_is_said(live, row, invoice, hired):
    desk = hired("Finance", row.reader_id)
    desk.click("refund", invoice=invoice.id, amount="400")
    assert desk.click("refund", invoice=invoice.id).status_code == 302
    sums = HeldCredit.objects.order_by("pk").values_list("minor", flat=True)
    assert list(sums) == [40_000, 50_000]
    said = desk.refusal(desk.ask("refund", invoice=invoice.id))
    assert said == f"Of {invoice.number}, ₹0 can be given back; not more, not nothing."
    assert actions.return_credits(at=live.at) == 2
    assert books.check() == ()


@pytest.mark.parametrize("amount", ["900.01", "0", "-1", "nine", "1e3", "9" * 19])
def test_what_cannot_go_back_is_refused_and_nothing_moves(row, invoice, hired, amount):
    desk = hired("Finance", row.reader_id)
    reply = desk.ask("refund", invoice=invoice.id, amount=amount)
    assert desk.refusal(reply).endswith(".")
    sent = {"invoice": invoice.id, "amount": amount, "reason": WHY, "key": uuid4()}
    path = f"/desk/subscribers/{row.reader_id}/refund/"
    assert desk.refusal(desk.client.post(path, sent)).endswith(".")
    assert (acts(), HeldCredit.objects.count()) == ([], 0)
    assert books.credit_notes(invoice.id) == ()


def test_another_readers_invoice_is_not_refunded_here(live, row, invoice, hired):
    other = Reader.objects.create_user("bina@example.com")
    desk = hired("Finance", other.public_id)
    sent = {"invoice": invoice.id, "amount": "", "reason": WHY, "key": uuid4()}
    reply = desk.client.post(f"/desk/subscribers/{other.public_id}/refund/", sent)
    assert reply.status_code == 200
    assert (acts(), HeldCredit.objects.count()) == ([], 0)


def test_support_refunds_up_to_the_limit_of_the_desk(row, invoice, hired):
    DeskLimits.objects.create(refund_minor=50_000)
    desk = hired("Support", row.reader_id)
    limit = "Your limit is ₹500 for one reader in thirty days, and %s of it is given."
    said = desk.refusal(desk.ask("refund", invoice=invoice.id, amount="500.01"))
    assert said.startswith(limit % "₹0")
    assert desk.click("refund", invoice=invoice.id, amount="300").status_code == 302
    said = desk.refusal(desk.ask("refund", invoice=invoice.id, amount="201"))
    assert said.startswith(limit % "₹300")
    said = desk.refusal(desk.ask("end"))  # It would give ₹600 back.
    assert said.startswith(limit % "₹300")
    assert desk.click("refund", invoice=invoice.id, amount="200").status_code == 302
    assert [minor for minor in DeskAct.objects.order_by("pk").values_list("minor", flat=True)] == [30_000, 20_000]  # fmt: skip


def test_days_are_given_once(live, row, hired):
    desk = hired("Circulation", row.reader_id)
    ends = row.paid_through
    assert desk.click("extend", days=7).status_code == 302
    assert desk.click_again().status_code == 302
    assert fresh(row).paid_through == ends + timedelta(days=7)
    assert live.kinds(row)[-1] == "extended"
    act = DeskAct.objects.get()
    assert act.before["paid_through"] == (ends - timedelta(seconds=1)).isoformat()
    assert (
        act.after["paid_through"] == (ends + timedelta(days=7, seconds=-1)).isoformat()
    )


def test_a_plan_is_given_to_whom_has_none(live, hired):
    desk = hired("Circulation", live.reader)
    assert (
        desk.click("give", plan="smart-quarterly", until="2026-09-01").status_code
        == 302
    )
    desk.click_again()
    given = Subscription.objects.get()
    assert (given.status, given.renews) == ("active", False)
    history = given.events.get()
    assert (history.kind, history.by) == ("given", str(desk.staff.public_id))
    assert acts() == [("give", WHY)]
    reply = desk.ask("give", plan="smart-quarterly", until="2026-09-01")
    token = re.search(r'name="key" value="([^"]+)"', reply.content.decode())[1]
    sent = {
        "plan": "smart-quarterly",
        "until": "2026-09-02",
        "reason": WHY,
        "key": token,
    }
    reply = desk.client.post(f"/desk/subscribers/{live.reader}/give/", sent)
    assert desk.refusal(reply) == "This reader has a subscription. Extend it instead."
    assert (Subscription.objects.count(), len(acts())) == (1, 1)


def test_she_is_moved_and_her_card_is_charged_what_was_quoted(live, row, hired):
    desk = hired("Circulation", row.reader_id)
    live.told.clear()
    assert desk.click("move", plan="smart-essential").status_code == 302
    assert desk.click_again().status_code == 302
    live.hear()
    moved = fresh(row)
    assert moved.plan_version.plan.code == "smart-essential"
    kinds = live.kinds(row)
    assert kinds.count("change_asked") == kinds.count("plan_changed") == 1
    assert live.charges() == 2
    first, last = DeskAct.objects.order_by("at", "key")
    assert {first.verb, last.verb} == {"move", "moved"}
    asked = first if first.verb == "move" else last
    assert asked.before["plan"] == "smart-essential"
    assert asked.after["when"] == "now"
    event = row.events.get(kind="change_asked")
    assert event.by == str(desk.staff.public_id)


def test_a_move_for_later_is_withdrawn_again(live, hired):
    row = live.buy("smart-essential")
    desk = hired("Circulation", row.reader_id)
    assert desk.click("move", plan="smart-quarterly").status_code == 302
    assert "when Smart Quarterly begins" in desk.page()
    assert desk.click("keep").status_code == 302
    assert live.kinds(row)[-2:] == ["change_asked", "change_dropped"]
    assert [verb for verb, _ in acts()].count("keep") == 1


def test_it_is_cancelled_at_the_end_and_undone(live, row, hired):
    desk = hired("Support", row.reader_id)
    live.told.clear()
    assert desk.click("cancel").status_code == 302
    desk.click_again()
    assert fresh(row).cancel_at == row.paid_through
    assert desk.click("undo").status_code == 302
    assert fresh(row).cancel_at is None
    said = [type(event) for event in live.said(events.Cancelled, events.CancelUndone)]
    assert said == [events.Cancelled, events.CancelUndone]
    by = row.events.filter(kind__startswith="cancel").values_list("by", flat=True)
    assert set(by) == {str(desk.staff.public_id)}
    assert acts() == [("cancel", WHY), ("undo", WHY)]


def test_cancelling_says_that_a_pause_to_come_is_withdrawn(live, row, hired):
    desk = hired("Support", row.reader_id)
    desk.click("pause", starts="2026-08-10", resumes="2026-08-24")
    page = desk.ask("cancel").content.decode()
    assert "Everything works until 2 November 2026." in page
    assert "The pause that was to come is withdrawn." in page
    assert desk.click("cancel").status_code == 302
    assert fresh(row).cancel_at == row.paid_through


def test_it_is_ended_at_once_with_the_quoted_rest(live, row, hired):
    desk = hired("Finance", row.reader_id)
    assert desk.ask("end").status_code == 302  # Finance refunds, and ends nothing.
    desk = hired("Support", row.reader_id)
    DeskLimits.objects.create(refund_minor=90_000)
    assert desk.click("end").status_code == 302
    desk.click_again()
    assert fresh(row).status == "cancelled"
    held = HeldCredit.objects.get()
    act = DeskAct.objects.get()
    assert held.minor == act.minor == 90_000  # The first of its 92 days is today.
    assert act.after["status"] == "cancelled"


def test_it_is_paused_and_resumed(live, row, hired):
    desk = hired("Support", row.reader_id)
    assert (
        desk.click("pause", starts="2026-08-10", resumes="2026-08-24").status_code
        == 302
    )
    desk.click_again()
    paused = fresh(row)
    assert (str(paused.paused_on), str(paused.resumes_on)) == (
        "2026-08-10",
        "2026-08-24",
    )
    assert desk.click("resume").status_code == 302
    assert fresh(row).paused_on is None
    assert live.kinds(row)[-2:] == ["pause_asked", "pause_withdrawn"]
    assert acts() == [("pause", WHY), ("resume", WHY)]


def test_a_pause_that_cannot_be_is_refused_in_one_sentence(row, hired):
    desk = hired("Support", row.reader_id)
    reply = desk.click("pause", starts="2026-08-10", resumes="2026-12-24")
    assert desk.refusal(reply) == "A pause lasts 90 days at most."
    assert (acts(), fresh(row).paused_on) == ([], None)


def test_a_receipt_and_a_link_are_sent_again(live, row, invoice, hired):
    desk = hired("Support", row.reader_id)
    live.told.clear()
    assert desk.click("receipt", invoice=invoice.id).status_code == 302
    desk.click_again()
    assert live.said(events.ReceiptAsked) == [
        events.ReceiptAsked(row.pk, row.reader_id, invoice.id)
    ]
    assert desk.click("link").status_code == 302
    desk.click_again()
    from broadsheet.readers.models import MailedKey

    assert MailedKey.objects.get().email == "asha@example.com"
    assert acts() == [("receipt", WHY), ("link", WHY)]


def test_she_is_logged_out_everywhere(row, hired):
    desk = hired("Support", row.reader_id)
    assert desk.click("logout").status_code == 302
    desk.click_again()
    assert Reader.objects.get(public_id=row.reader_id).session_epoch == 1
    assert acts() == [("logout", WHY)]


def test_a_note_is_kept_and_shown_with_its_writer(row, hired):
    desk = hired("Finance", row.reader_id)
    assert desk.click("note", "Pays by bank, <b>every</b> time.").status_code == 302
    page = desk.page()
    assert "“Pays by bank, <b>every</b> time.”" in page
    assert "by Finance Staff" in page


# --- What every act keeps to --------------------------------------------------------------

QUOTED = {
    "extend": ("Circulation", {"days": "7"}),
    "cancel": ("Support", {}),
    "end": ("Support", {}),
    "pause": ("Support", {"starts": "2026-08-10", "resumes": "2026-08-20"}),
    "logout": ("Support", {}),
    "link": ("Support", {}),
    "note": ("Support", {}),
    "move": ("Circulation", {"plan": "smart-essential"}),
}


@pytest.mark.parametrize("name", QUOTED)
@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_nothing_is_done(live, row, hired, name, reason):
    role, asked = QUOTED[name]
    DeskLimits.objects.create(refund_minor=10**9)
    desk = hired(role, row.reader_id)
    live.told.clear()
    assert desk.click(name, reason, **asked).status_code == 200
    assert (acts(), live.told) == ([], [])
    assert fresh(row).row_version == row.row_version


@pytest.mark.parametrize("name", ["extend", "cancel", "end", "pause"])
def test_what_was_shown_must_still_be_true(live, row, hired, name):
    role, asked = QUOTED[name]
    DeskLimits.objects.create(refund_minor=10**9)
    desk = hired(role, row.reader_id)
    live.told.clear()
    reply = desk.click(name, over={"stamp": "something else"}, **asked)
    said = "Something has changed since; this is what holds now."
    assert desk.refusal(reply) == said
    assert "What happens" in reply.content.decode()
    assert (acts(), live.told) == ([], [])


def test_a_forged_quote_moves_nobody(live, row, hired):
    desk = hired("Circulation", row.reader_id)
    reply = desk.click("move", over={"stamp": "forged"}, plan="smart-essential")
    assert desk.refusal(reply).endswith(".")
    assert fresh(row).row_version == row.row_version
    assert live.charges() == 1


def test_what_is_not_asked_right_is_not_quoted(row, hired):
    desk = hired("Circulation", row.reader_id)
    for asked in ({"days": "0"}, {"days": "367"}, {"days": "x"}):
        assert "What happens" not in desk.ask("extend", **asked).content.decode()
    assert desk.ask("nothing").status_code == 404
    desk.reader = uuid4()
    assert desk.ask("note").status_code == 404
    assert acts() == []


def test_the_record_cannot_be_changed_or_removed(row, hired):
    hired("Support", row.reader_id).click("note")
    for statement in ("UPDATE plumbing_deskact SET reason = 'x'", "DELETE FROM plumbing_deskact"):  # fmt: skip
        with pytest.raises(IntegrityError, match="append-only"):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
    assert acts() == [("note", WHY)]
