"""The account's pages, without a browser: what they say, and what they refuse."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from broadsheet.business.catalogue import actions as shop
from broadsheet.business.catalogue.actions import Discount, Opening
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.actions import Running
from broadsheet.business.subscriptions.models import (
    LeavingPolicy,
    Parting,
    Subscription,
)
from broadsheet.kit import calendar
from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(django_user_model):
    shop.open_shop(at=publication.now() - timedelta(days=400))
    ledger.open_books()
    return django_user_model.objects.create_user("asha@example.com", name="Asha Rao")


@pytest.fixture
def hers(browser_client: Client, reader) -> Client:
    browser_client.force_login(reader)
    return browser_client


def today() -> date:
    return calendar.local_date(publication.now(), publication.current().zone)


@pytest.fixture
def row(reader) -> Subscription:
    """A quarterly subscriber with sixty days of paid time left, and no card."""
    carried = Running(
        reader.public_id,
        "smart-quarterly",
        paid_until=today() + timedelta(days=60),
        since=today() - timedelta(days=32),
        reference="old-1",
        worth=Money(90_000, "INR"),
    )
    actions.take_over([carried], by="import", at=publication.now())
    return Subscription.objects.get()


def text(answer) -> str:
    """Return what a page says, on one line."""
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def words(on: date) -> str:
    return f"{on.day} {on:%B %Y}"


def state(row) -> tuple[str, int]:
    row.refresh_from_db()
    return row.status, row.row_version


ADDRESSES = ("/account/plan/", "/account/pause/", "/account/cancel/")


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_stranger_is_asked_to_log_in(browser_client, path):
    assert "/accounts/login/" in browser_client.get(path)["Location"]
    assert "/accounts/login/" in browser_client.post(path)["Location"]


def test_the_next_charge_is_said_in_words(hers, row):
    due = words(today() + timedelta(days=60))
    assert f"Your next charge is ₹900 on {due}." in text(hers.get("/account/"))


def test_what_an_offer_becomes_is_said_too(hers, row, reader):
    at = publication.now()
    shop.open_offer(Discount("STAY", "Half off", percent=50, periods=1), at=at)
    actions.accept_offer(
        reader=reader.public_id, subscription_id=row.pk, code="STAY", at=at
    )
    said = text(hers.get("/account/"))
    due = today() + timedelta(days=60)
    then = calendar.boundary(due, Term(3, "month"), 1)
    assert f"Your next charge is ₹450 on {words(due)}." in said
    assert f"From {words(then)} on it is ₹900 every 3 months." in said


@pytest.mark.parametrize("path", ADDRESSES)
def test_looking_changes_nothing(hers, row, path):
    before = state(row)
    for query in ("", "?reason=price", "?sure=1", "?to=super-saver"):
        assert hers.get(path + query).status_code == 200
    assert (state(row), Parting.objects.count()) == (before, 0)


# --- Another plan -----------------------------------------------------------------------


def smaller() -> None:
    shop.open_plan(code="weekly", name="Weekly", features=["news"], at=_long_ago())
    price = {"price": Money(9_900, "INR"), "term": Term(1, "month")}
    shop.price(plan_code="weekly", **price, at=_long_ago())


def _long_ago():
    return publication.now() - timedelta(days=300)


def token(answer) -> str:
    found = re.search(r'name="quote" value="([^"]+)"', answer.content.decode())
    assert found is not None
    return found[1]


def test_a_smaller_plan_waits_for_its_day_and_can_be_withdrawn(hers, row):
    smaller()
    due = words(today() + timedelta(days=60))
    page = hers.get("/account/plan/?to=weekly")
    assert f"You pay nothing today. Everything stays as it is until {due}" in text(page)
    assert hers.post("/account/plan/", {"quote": token(page)}).status_code == 303
    said = text(hers.get("/account/"))
    assert f"On {due} Weekly begins, at ₹99 a month." in said
    assert "Keep Smart Quarterly" in said
    assert hers.post("/account/plan/keep/").status_code == 303
    assert f"Your next charge is ₹900 on {due}." in text(hers.get("/account/"))


def test_a_dearer_plan_says_credit_charge_total_and_what_comes_then(hers, row):
    said = text(hers.get("/account/plan/?to=smart-essential"))
    worth = row.worth_of(60)
    credit = Money(worth, "INR").format("en-IN")
    total = Money(270_000 - worth, "INR").format("en-IN")
    assert f"Smart Quarterly, 60 days not used -{credit}" in said
    assert f"You pay {total} today, and Smart Essential begins at once." in said
    assert f"Pay {total} and change" in said


def test_a_stale_quote_is_made_anew_and_nothing_moves(hers, row):
    page = hers.get("/account/plan/?to=smart-essential")
    actions.extend(
        subscription_id=row.pk, days=5, reason="storm", by="desk", at=publication.now()
    )
    before = state(row)
    again = hers.post("/account/plan/", {"quote": token(page)})
    assert again.status_code == 409
    assert "This changed while the page was open." in text(again)
    assert "Smart Quarterly, 65 days not used" in text(again)
    assert token(again) != token(page)
    assert state(row) == before


@pytest.mark.parametrize("quote", ["", "x", "a:b:c", "\0", "x" * 9000])
def test_a_quote_that_is_not_ours_changes_nothing(hers, row, quote):
    before = state(row)
    answer = hers.post("/account/plan/", {"quote": quote})
    assert answer.status_code == 409
    assert "This quote is not ours." in text(answer)
    assert state(row) == before


@pytest.mark.parametrize("code", ["nothing", "smart-quarterly", "\0", "x" * 300])
def test_a_plan_that_cannot_be_had_is_a_sentence(hers, row, code):
    assert hers.get("/account/plan/", {"to": code}).status_code == 409


# --- A pause ----------------------------------------------------------------------------


def test_a_pause_says_when_billing_resumes_before_and_after(hers, row):
    starts, resumes = today() + timedelta(days=3), today() + timedelta(days=13)
    days = {"starts": starts.isoformat(), "resumes": resumes.isoformat()}
    said = f"Billing resumes on {words(today() + timedelta(days=70))}, with ₹900."
    before = state(row)
    assert said in text(hers.get("/account/pause/", days))
    assert state(row) == before
    assert hers.post("/account/pause/", days)["Location"] == "/account/"
    assert said in text(hers.get("/account/"))
    assert hers.post("/account/resume/")["Location"] == "/account/"
    assert "Billing resumes" not in text(hers.get("/account/"))


@pytest.mark.parametrize(
    ("starts", "resumes", "why"),
    [
        (0, 10, "A pause begins tomorrow at the earliest."),
        (5, 5, "A pause ends after it begins."),
        (5, 200, "A pause lasts 90 days at most."),
        (61, 80, "A pause begins within the paid time, or at its end."),
    ],
)
def test_a_pause_that_cannot_be_is_a_sentence(hers, row, starts, resumes, why):
    days = {
        "starts": (today() + timedelta(days=starts)).isoformat(),
        "resumes": (today() + timedelta(days=resumes)).isoformat(),
    }
    for ask in (hers.get, hers.post):
        answer = ask("/account/pause/", days)
        assert (answer.status_code, why in text(answer)) == (422, True)


@pytest.mark.parametrize("day", ["", "tomorrow", "2026-02-30", "99999-01-01", "\0"])
def test_a_day_that_is_none_is_a_sentence(hers, row, day):
    answer = hers.post("/account/pause/", {"starts": day, "resumes": "2027-01-01"})
    assert "Choose the two days." in text(answer)


# --- The way out ------------------------------------------------------------------------


def go(client: Client, reason: str):
    return client.post(
        "/account/cancel/", {"step": "reason", "reason": reason}, follow=True
    )


def test_the_reasons_are_shuffled_stable_and_other_is_last(hers, row):
    page = hers.get("/account/cancel/").content.decode()
    codes = re.findall(r'name="reason" value="(\w+)"', page)
    assert codes == re.findall(
        r'name="reason" value="(\w+)"', hers.get("/account/cancel/").content.decode()
    )
    assert sorted(codes) == ["content", "other", "price", "time", "trouble"]
    assert codes[-1] == "other"
    assert " checked" not in page


def test_another_reader_may_see_another_order():
    from broadsheet.front.web import cancelling

    orders = set()
    for _ in range(60):
        order = cancelling._shuffled(type("V", (), {"id": uuid4()}))
        orders.add(tuple(code for code, _words in order))
    assert len(orders) > 10


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        ("price", "Would another plan suit you better?"),
        ("time", "Would a pause help?"),
        ("content", "Perhaps we have it"),
        ("trouble", "Let us put it right"),
        ("other", "Cancel at the end of the paid time?"),
        ("", "Cancel at the end of the paid time?"),
        ("nonsense", "Cancel at the end of the paid time?"),
    ],
)
def test_each_reason_has_its_answer_and_a_way_on_and_back(hers, row, reason, answer):
    page = go(hers, reason)
    assert answer in text(page)
    assert "Return to your account" in text(page)
    assert "ancel" in text(page)
    assert Parting.objects.get().reason == (reason if reason != "nonsense" else "")


@pytest.fixture
def half_off(row):
    at = publication.now()
    shop.open_offer(Discount("STAY", "Half off", percent=50, periods=2), at=at)
    return LeavingPolicy.objects.create(save_offer="STAY", holdout_percent=0)


def test_an_offer_states_the_whole_future(hers, half_off):
    due = today() + timedelta(days=60)
    then = calendar.boundary(due, Term(3, "month"), 2)
    said = text(go(hers, "price"))
    assert (
        "₹450 every 3 months for the next 6 months, "
        f"then ₹900 every 3 months from {words(then)}"
    ) in said
    assert "No thanks, continue to cancel" in said
    kept = hers.post("/account/cancel/stay/", follow=True)
    assert f"Your next charge is ₹450 on {words(due)}." in text(kept)


def test_who_is_held_out_sees_no_offer(hers, half_off):
    LeavingPolicy.objects.update(holdout_percent=100)
    said = text(go(hers, "price"))
    assert "₹450" not in said
    assert "Would another plan suit you better?" in said
    assert Parting.objects.get().group == "held_out"
    refused = hers.post("/account/cancel/stay/", follow=True)
    assert "This offer is over." in refused.content.decode()


def test_she_cancels_keeps_reading_and_changes_her_mind(hers, row):
    last = words(today() + timedelta(days=59))
    assert "You keep everything until" in text(hers.get("/account/cancel/?sure=1"))
    sent = hers.post("/account/cancel/", {"step": "confirm", "reason": "time"})
    assert (sent.status_code, sent["Location"]) == (303, "/account/cancel/")
    end = f"Everything works until {last}. You will not be charged again."
    for path in ("/account/cancel/", "/account/"):
        assert end in text(hers.get(path))
    hers.post("/account/cancel/undo/")
    assert "Your next charge is ₹900" in text(hers.get("/account/"))


def test_leaving_at_once_says_what_goes_back_or_is_not_offered(hers, row, reader):
    # Nothing was captured here, so there is nothing to give back.
    assert "Or leave today" not in text(hers.get("/account/cancel/?sure=1"))
    quote = queries.current(reader.public_id, publication.now())
    stale = hers.post("/account/cancel/now/", {"quoted_minor": "60000"})
    assert (stale.status_code, quote is not None) == (409, True)
    LeavingPolicy.objects.create(refunds_on=False)
    hers.post("/account/cancel/now/", {"quoted_minor": "0"})
    assert state(row)[0] == "active"
    LeavingPolicy.objects.update(refunds_on=True)
    hers.post("/account/cancel/now/", {"quoted_minor": "0"})
    said = text(hers.get("/account/cancel/"))
    assert "You will not be charged again." in said
    assert "Subscribe again" in text(hers.get("/account/"))


@pytest.mark.parametrize("how", ["paused", "past_due"])
def test_she_can_cancel_however_it_stands(hers, row, how):
    at = publication.now()
    if how == "paused":
        actions.pause(
            reader=row.reader_id,
            subscription_id=row.pk,
            resumes=today() + timedelta(days=20),
            at=at,
        )
        assert actions.turn_pauses(at=at + timedelta(days=2)) == 1
    else:
        Subscription.objects.update(
            status=how,
            grace_until=at + timedelta(days=5) if how == "past_due" else None,
        )
    assert go(hers, "trouble").status_code == 200
    assert hers.get("/account/cancel/?sure=1").status_code == 200
    hers.post("/account/cancel/", {"step": "confirm"})
    assert "You will not be charged again." in text(hers.get("/account/cancel/"))
    row.refresh_from_db()
    assert row.due_at is None


# --- The till -----------------------------------------------------------------------------


def test_the_plan_is_named_where_she_logs_in(browser_client, reader):
    page = browser_client.get("/subscribe/?plan=smart-quarterly", follow=True)
    said = "To subscribe to Smart Quarterly, ₹900 every 3 months, give your e-mail."
    assert said in text(page)
    for way in ("/subscribe/", "/subscribe/?plan=no", "//x/?plan=smart-quarterly"):
        page = browser_client.get("/accounts/login/", {"next": way})
        assert "To subscribe to" not in text(page)


def test_a_code_changes_the_total_and_says_what_follows(hers, reader):
    at = publication.now()
    shop.open_offer(Discount("MONSOON", "Monsoon", percent=50, periods=1), at=at)
    said = text(hers.get("/subscribe/?plan=smart-quarterly&offer=monsoon"))
    then = words(calendar.boundary(today(), Term(3, "month"), 1))
    assert "To pay now, taxes included ₹450" in said
    assert f"₹450 for the next 3 months, then ₹900 every 3 months from {then}" in said
    assert f"On {then} for ₹900, and automatically after that." in said
    said = text(hers.get("/subscribe/?plan=smart-quarterly&offer=nothing"))
    assert "There is no such offer for this plan." in said
    assert "To pay now, taxes included ₹900" in said


def test_who_had_an_offer_is_shown_the_price_without_it_from_the_first(hers, row):
    at = publication.now()
    shop.open_offer(Discount("STAY", "Half off", percent=50, periods=1), at=at)
    hers_is = {"reader": row.reader_id, "subscription_id": row.pk, "at": at}
    actions.accept_offer(**hers_is, code="STAY")
    actions.cancel_now(**hers_is, quoted_minor=0, reason="")
    said = text(hers.get("/subscribe/?plan=smart-quarterly&offer=stay"))
    assert "You have had this offer before." in said
    assert "To pay now, taxes included ₹900" in said


def test_a_trial_says_when_the_first_charge_comes(hers, reader):
    shop.price(
        plan_code="smart-quarterly",
        price=Money(90_000, "INR"),
        term=Term(3, "month"),
        opening=Opening(trial_days=14),
        at=_long_ago(),
    )
    first = words(today() + timedelta(days=14))
    said = text(hers.get("/subscribe/?plan=smart-quarterly"))
    assert "14 days, for nothing" in said
    assert f"₹900 on {first}, unless you cancel before." in said
    assert "To pay now, taxes included ₹0" in said
    form = {
        "plan": "smart-quarterly",
        "quoted_minor": "0",
        "currency": "INR",
        "request_key": "k",
        "place": "27",
        "next": "/account/",
    }
    assert hers.post("/subscribe/", form).status_code == 303
    said = text(hers.get("/account/"))
    assert f"Your trial is free. Your first charge is ₹900 on {first}." in said
    go(hers, "price")
    hers.post("/account/cancel/", {"step": "confirm"})
    assert "You will not be charged again." in text(hers.get("/account/cancel/"))


def test_a_price_in_her_own_currency_is_never_taken_for_another(hers, reader):
    shop.set_region(country="US", currency="USD")
    shop.price(
        plan_code="smart-quarterly",
        price=Money(90_000, "USD"),
        term=Term(3, "month"),
        at=_long_ago(),
    )
    form = {
        "plan": "smart-quarterly",
        "quoted_minor": "90000",
        "currency": "INR",
        "request_key": "k",
        "place": "US",
    }
    answer = hers.post("/subscribe/", form)
    assert answer.status_code == 409
    assert "Where you live this plan has a price of its own." in text(answer)
    assert 'name="currency" value="USD"' in answer.content.decode()
    assert Subscription.objects.count() == 0


def test_the_account_asks_the_database_the_same_however_much_there_is(
    hers, row, django_assert_max_num_queries
):
    hers.get("/account/")
    with django_assert_max_num_queries(30):
        hers.get("/account/")
