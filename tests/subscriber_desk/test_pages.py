"""What each role sees, finds and takes out; and what it does not."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.payments.models import Attempt, Payment
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.models import Subscription
from broadsheet.front.desk.subscribers import people, timeline
from broadsheet.front.desk.subscribers.acts import ACTS
from broadsheet.kit.money import Money
from broadsheet.plumbing import audit, publication
from broadsheet.readers.models import Reader
from tests.subscriber_desk.conftest import acts, member, shown

LIST = "/desk/subscribers/"


@pytest.fixture
def asha(db):
    """A reader with a plan for nothing, an invoice and a payment."""
    at = publication.now()
    catalogue.open_shop(at=at)
    ledger.open_books()
    reader = Reader.objects.create_user("asha@example.com", name="Asha Rao")
    view = actions.comp(
        reader=reader.public_id,
        plan_code="smart-quarterly",
        until=(at + timedelta(days=30)).date(),
        reason="A prize.",
        by="house",
        at=at,
    )
    invoice = ledger.bill(
        ledger.Charge("Smart Quarterly", Money(90_000, "INR"), "998431", None),
        subscription_ref=view.id,
        reader=reader.public_id,
        kind="oneoff",
        period_index=0,
        recipient="Asha Rao",
        at=at,
    )
    ledger.settle(invoice.id, payment_ref=uuid4(), received=Money(90_000, "INR"), at=at)
    paid = Payment.objects.create(
        invoice_ref=str(invoice.id), reader=reader, amount_minor=90_000,
        currency="INR", made_at=at,
    )  # fmt: skip
    Attempt.objects.create(
        payment=paid, n=1, provider="paper", idempotency_key="k1", made_at=at,
        request_fingerprint="f", description="d", provider_ref="pay_Qx81Z",
        status="succeeded", captured_minor=90_000, settled_at=at,
    )  # fmt: skip
    return reader


@pytest.fixture
def at_the_desk(hired, asha):
    return lambda role: hired(role, asha.public_id)


# --- Every view, every role -----------------------------------------------------------------

ALL = {"Circulation", "Support", "Finance", "Auditor"}
SEE = {
    "": ALL,
    "{reader}/": ALL,
    "deeds/": {"Finance", "Auditor"},
    "export/": {"Circulation", "Finance"},
}
ACT = {
    "reveal": {"Support"},
    "refund": {"Support", "Finance"},
    "receipt": {"Circulation", "Support"},
    "extend": {"Circulation"},
    "give": {"Circulation"},
    "move": {"Circulation"},
    "keep": {"Circulation"},
    "pause": {"Circulation", "Support"},
    "resume": {"Circulation", "Support"},
    "cancel": {"Circulation", "Support"},
    "undo": {"Circulation", "Support"},
    "end": {"Circulation", "Support"},
    "link": {"Circulation", "Support"},
    "logout": {"Circulation", "Support"},
    "note": {"Circulation", "Support", "Finance"},
}
BOOKS = {"/desk/books/", "/desk/invoices/", "/desk/revenue/", "/desk/payments/"}


def opened(client: Client, reader) -> set[str]:
    """Return every view that answers this browser with a page, asked and posted to."""
    looks = [*SEE, *BOOKS]
    got = {
        path
        for path in looks
        if path != "export/" and client.get(_address(path, reader)).status_code == 200
    }
    if client.post(f"{LIST}export/", {"reason": "x"}).status_code == 200:
        got.add("export/")
    for name in ACT:
        url = f"{LIST}{reader}/{name}/"
        codes = {client.get(url).status_code, client.post(url, {}).status_code}
        assert codes in ({200}, {302}), (name, codes)
        got |= {name} if codes == {200} else set()
    return got


def _address(path: str, reader) -> str:
    return path if path.startswith("/") else LIST + path.format(reader=reader)


@pytest.mark.parametrize("role", [*sorted(ALL), "Reporter", None])
def test_every_view_is_for_its_roles_and_no_others(asha, role):
    assert set(ACT) == set(ACTS)
    client = Client()
    if role in ALL:
        client.force_login(member(role))
    elif role is not None:  # Of the staff, without a role.
        client.force_login(Reader.objects.create_user("r@paper.example", is_staff=True))
    table = SEE | ACT | {path: {"Finance", "Auditor"} for path in BOOKS}
    wanted = {name for name, roles in table.items() if role in roles}
    assert opened(client, asha.public_id) == wanted
    # The posts had neither key nor reason: nothing was done but a list taken out.
    assert [verb for verb, _ in acts()] == ["export"] * ("export/" in wanted)


def test_a_question_that_no_text_can_hold_is_refused(hired):
    desk = Client()
    desk.force_login(member("Finance"))
    for path in (LIST, "/desk/invoices/"):
        assert desk.get(f"{path}?q=a%00b&number=a%00b").status_code == 400
        assert desk.get(f"{path}?q=a%01b&number=a%01b").status_code == 200


def test_nothing_is_done_by_looking(at_the_desk):
    before = Subscription.objects.values().get()
    for role in sorted(ALL):
        desk = at_the_desk(role)
        for name in ACTS:
            desk.ask(name, days="7", plan="smart-essential", until="2030-01-01",
                     starts="2030-01-01", resumes="2030-01-02", reason="x",
                     key=str(uuid4()))  # fmt: skip
    assert (acts(), Subscription.objects.values().get()) == ([], before)


def test_the_buttons_are_those_of_the_role(at_the_desk):
    path = f"{LIST}{{}}/"
    for role in sorted(ALL):
        desk = at_the_desk(role)
        page = desk.client.get(path.format(desk.reader)).content.decode()
        for name, allowed in ACT.items():
            if role not in allowed:
                assert f"{desk.reader}/{name}/" not in page, (role, name)


# --- Masks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mail", "masked"),
    [
        ("asha@example.com", "a***@e***.com"),
        ("a@x.co.in", "a***@x***.in"),
        ("o'neil+news@mail.example.org", "o***@m***.org"),
    ],
)
def test_a_mask_keeps_a_letter_of_each_part(mail, masked):
    assert people.hidden_mail(mail) == masked


def test_support_sees_a_mask_until_she_reveals_which_is_recorded(at_the_desk, asha):
    support = at_the_desk("Support")
    for page in (support.page(), shown(support.client.get(LIST))):
        assert "a***@e***.com" in page and "A*** R***" in page
        assert "asha@example.com" not in page and "Asha" not in page
    assert support.click("reveal", "She rang; to write to her.").status_code == 302
    assert "asha@example.com" in support.page()
    assert acts() == [("reveal", "She rang; to write to her.")]
    other = Client()
    other.force_login(member("Support", "Other"))
    assert "asha@example.com" not in shown(other.get(f"{LIST}{asha.public_id}/"))
    later = publication.now() + timedelta(minutes=15, seconds=1)
    assert people.is_masked(support.staff, asha.public_id, later)


def test_the_other_roles_see_who_she_is(at_the_desk):
    for role in sorted(ALL - {"Support"}):
        page = at_the_desk(role).page()
        assert "asha@example.com" in page and "Asha Rao" in page
        assert "masked" not in page


# --- Finding ----------------------------------------------------------------------------------


def found(desk, q) -> bool:
    reply = desk.client.get(LIST, {"q": q})
    assert reply.status_code == 200
    return f"{LIST}{desk.reader}/" in reply.content.decode()


def test_she_is_found_by_whatever_she_has_before_her(at_the_desk, asha):
    desk = at_the_desk("Circulation")
    contract = Subscription.objects.get()
    number = books.issued_to(asha.public_id)[0].number
    Reader.objects.create_user("asher@example.com", name="Bina Roy")
    for q in (
        "asha@example.com", "ASHA@Example.com", "asha@", "asha", "Asha Rao", "rao",
        "ra as", number, "bs/", "pay_Qx81Z", str(contract.pk),
        str(asha.public_id), str(Payment.objects.get().pk),
        str(Payment.objects.get().invoice_ref),
    ):  # fmt: skip
        assert found(desk, q), q
    for q in ("ash rao x", "sha", "pay_Qx81", "BS/99", "a", "%", "_%", "' OR 1", "&|!:*",
              "\\", str(uuid4()), "x" * 500):  # fmt: skip
        assert not found(desk, q), q


def test_who_sees_masks_cannot_spell_an_address_out(at_the_desk):
    desk = at_the_desk("Support")
    assert found(desk, "asha@example.com")
    for q in ("asha@", "asha@example.co", "a@", "asha@example.comm"):
        assert not found(desk, q), q
    Reader.objects.filter(name="Asha Rao").update(name="")
    assert not found(desk, "asha")


def test_finding_costs_a_few_queries_however_many_fit(at_the_desk):
    desk = at_the_desk("Circulation")

    def cost():
        with CaptureQueriesContext(connection) as counted:
            desk.client.get(LIST, {"q": "rao"})
        return len(counted)

    cost()
    one = cost()
    for n in range(30):
        Reader.objects.create_user(f"rao{n}@example.com", name=f"Rao {n}")
    assert cost() == one


# --- The list -----------------------------------------------------------------------------------


def enrol(n: int, plan="smart-quarterly") -> Subscription:
    reader = Reader.objects.create_user(f"reader{n}@example.com", name=f"Reader {n}")
    at = publication.now()
    view = actions.comp(
        reader=reader.public_id, plan_code=plan, reason="x", by="house",
        until=(at + timedelta(days=9)).date(), at=at,
    )  # fmt: skip
    return Subscription.objects.get(pk=view.id)


def test_the_list_is_filtered(at_the_desk):
    desk = at_the_desk("Finance")
    late, due = enrol(1), enrol(2, "super-saver")
    Subscription.objects.filter(pk=late.pk).update(status="past_due")
    soon = publication.now() + timedelta(days=3)
    Subscription.objects.filter(pk=due.pk).update(renews=True, due_at=soon)

    def listed(**asked):
        page = shown(desk.client.get(LIST, asked))
        return [n for n in ("Asha Rao", "Reader 1", "Reader 2") if n in page]

    assert listed() == ["Asha Rao", "Reader 1", "Reader 2"]
    assert listed(status="past_due") == listed(status="trouble") == ["Reader 1"]
    assert listed(plan="super-saver") == listed(within="3") == ["Reader 2"]
    assert listed(within="2") == listed(status="paused") == []
    for wrong in (
        {"status": "x"},
        {"plan": "x"},
        {"within": "-1"},
        {"within": "9" * 30},
    ):
        assert listed(**wrong) == ["Asha Rao", "Reader 1", "Reader 2"]


def test_the_list_goes_on_page_by_page_at_one_cost(at_the_desk, monkeypatch):
    from broadsheet.front.desk.subscribers import pages

    ids = [enrol(n).pk for n in range(4)] + [Subscription.objects.earliest("pk").pk]
    wanted = queries.Wanted()
    first = queries.roll(wanted, limit=3)
    rest = queries.roll(wanted, before=first[-1].id, limit=3)
    assert {row.id for row in (*first, *rest)} == set(ids)
    assert (len(first), len(rest)) == (3, 2)
    monkeypatch.setattr(pages, "PAGE", 3)
    page = at_the_desk("Finance").client.get(LIST).content.decode()
    assert f"?before={first[-1].id}" in page


def test_a_list_that_is_taken_out_is_masked_as_shown_and_recorded(at_the_desk):
    Reader.objects.filter(name="Asha Rao").update(name="=cmd()")
    desk = at_the_desk("Finance")
    path = f"{LIST}export/"
    assert desk.client.post(path, {"reason": " "}).status_code == 302
    assert acts() == []
    reply = desk.client.post(path, {"reason": "For the auditors.", "status": "active"})
    rows = list(csv.DictReader(io.StringIO(b"".join(reply).decode())))
    assert [(row["name"], row["mail"], row["status"]) for row in rows] == [
        ("'=cmd()", "asha@example.com", "active")
    ]
    (deed,) = audit.page(limit=5)
    assert (deed.verb, deed.reason, deed.after["status"]) == (
        "export",
        "For the auditors.",
        "active",
    )


# --- History ------------------------------------------------------------------------------------


def test_her_history_has_every_room_in_it_newest_first(at_the_desk):
    desk = at_the_desk("Circulation")
    desk.click("extend", "An outage.", days=7)
    page = desk.page()
    history = page[page.index("History") :]
    for words in (
        "Gave days by Circulation Staff “An outage.”", "Days were given by Circulation",
        "Given for nothing by Broadsheet", "Invoice BS/", "is paid", "Paid: ₹900",
        "pay_Qx81Z",
    ):  # fmt: skip
        assert words in history, words
    assert history.index("Gave days") < history.index("Given for nothing")


def test_a_long_history_is_paged_without_a_gap_at_one_cost(asha):
    staff = member("Support")
    at = publication.now()

    def note(n, when):
        audit.write(
            key=str(uuid4()), actor=staff.public_id, subject=asha.public_id,
            verb="note", reason=f"Note {n}.", at=when,
        )  # fmt: skip

    def pages():
        cursor, lines = "", []
        while True:
            got = timeline.page(asha, cursor=cursor)
            lines += got.lines
            cursor = got.older
            if not cursor:
                return lines

    def cost():
        with CaptureQueriesContext(connection) as counted:
            timeline.page(asha)
        return len(counted)

    note(0, at)
    few = cost()
    for n in range(1, 61):
        note(n, at + timedelta(seconds=n // 2))
    lines = pages()
    assert cost() == few
    notes = [line.why for line in lines if line.kind == "desk"]
    assert sorted(notes) == sorted(f"Note {n}." for n in range(61))
    assert len({line.key for line in lines}) == len(lines)
    assert [line.at for line in lines] == sorted(
        (line.at for line in lines), reverse=True
    )
    for broken in ("x", "!!", "4pyT", "a" * 400):
        assert timeline.page(asha, cursor=broken).lines[0] == lines[0]


def test_who_did_what_is_listed_for_those_who_check(at_the_desk, hired, asha):
    at_the_desk("Circulation").click("note", "First.")
    auditor = at_the_desk("Auditor")
    page = shown(auditor.client.get(f"{LIST}deeds/"))
    assert "Circulation Staff" in page and "First." in page and "Asha Rao" in page
    nobody = shown(auditor.client.get(f"{LIST}deeds/", {"by": str(uuid4())}))
    assert "Nothing was done yet." in nobody


def test_the_first_page_counts_the_roll_for_the_books(at_the_desk):
    enrol(1, "super-saver")
    page = shown(at_the_desk("Finance").client.get("/desk/"))
    assert "2 running" in page and "0 in trouble" in page
    assert "Smart Quarterly: 1" in page and "Super Saver: 1" in page
    # 900 in three months and 3,900 in twenty-four: 300 and 162.50.
    assert "Worth ₹462.50 a month" in page
    assert "running" not in shown(at_the_desk("Support").client.get("/desk/"))
