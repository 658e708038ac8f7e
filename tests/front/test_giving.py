"""The pages of gifts: the cost before, the terms after, and taking one back."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from broadsheet.gate.house import actions as gate
from broadsheet.gate.house import models
from broadsheet.plumbing import publication
from broadsheet.readers.models import Reader

from .conftest import CANARY

pytestmark = pytest.mark.django_db
ADDRESS = re.compile(r'value="(http[^"]+/gift/[A-Za-z0-9_-]{64}/)"')


@pytest.fixture
def asha() -> Reader:
    return Reader.objects.create_user("asha@example.com")


@pytest.fixture
def subscriber(browser_client: Client, asha: Reader) -> Client:
    now = publication.now()
    gate.admit(
        asha.public_id,
        feature="news",
        starts=now - timedelta(days=1),
        ends=now + timedelta(days=30),
        source="s",
        reference="r",
        at=now,
    )
    browser_client.force_login(asha)
    return browser_client


def words(answer) -> str:
    text = re.sub(r"<[^>]+>", " ", answer.content.decode().partition("<main")[2])
    return " ".join(text.partition("</main")[0].split())


def test_the_cost_is_told_before_and_the_terms_after(subscriber, published):
    path = f"/gift/give/{published().pk}/"

    before = words(subscriber.get(path))
    made = subscriber.post(path)
    page = subscriber.get(path)

    assert "It can be opened 5 times and is valid for 14 days." in before
    assert "you have 10 of 10 left this month." in before
    assert (made.status_code, made["location"]) == (303, path)
    assert ADDRESS.search(page.content.decode())
    after = words(page)
    assert "It can be opened 5 times and is valid for 14 days." in after
    assert "Sharing this story again this month costs nothing more." in after
    assert "9 of 10 left this month." in after
    assert "no-store" in page["Cache-Control"]
    assert CANARY not in page.content.decode()


def test_pressing_the_button_twice_is_one_gift(subscriber, published):
    path = f"/gift/give/{published().pk}/"

    links = set()
    for _ in range(2):
        subscriber.post(path)
        links |= set(ADDRESS.findall(subscriber.get(path).content.decode()))

    assert (len(links), models.GiftLink.objects.count()) == (1, 1)


def test_a_free_story_is_its_own_gift(subscriber, published):
    story = published(access="free")
    path = f"/gift/give/{story.pk}/"

    page, posted = subscriber.get(path), subscriber.post(path)

    assert "It costs you nothing." in words(page)
    assert story.path in page.content.decode().partition("share-link")[2]
    assert "Make the link" not in words(page)
    assert (posted.status_code, models.GiftLink.objects.count()) == (409, 0)


def test_who_cannot_read_it_cannot_give_it(browser_client, asha, published):
    browser_client.force_login(asha)
    path = f"/gift/give/{published(access='premium').pk}/"

    page, posted = browser_client.get(path), browser_client.post(path)

    assert "Subscribers can give stories to others." in words(page)
    assert (posted.status_code, models.GiftLink.objects.count()) == (409, 0)
    assert CANARY not in page.content.decode() + posted.content.decode()


def test_a_month_that_is_given_away_says_when_the_next_begins(subscriber, published):
    models.GiftTerms.objects.create(allowance=1)
    first, second = published("One").pk, published("Two").pk
    subscriber.post(f"/gift/give/{first}/")

    page = subscriber.post(f"/gift/give/{second}/")

    assert page.status_code == 409
    assert "You have given your 1 story of this month." in words(page)
    assert models.GiftLink.objects.count() == 1


def test_a_stranger_is_asked_to_log_in_and_nothing_is_shown_of_nothing(
    browser_client, subscriber, published
):
    path = f"/gift/give/{published().pk}/"

    assert Client().get(path)["location"] == f"/accounts/login/?next={path}"
    for number in (404404, 2**63 - 1, 10**17):
        assert subscriber.get(f"/gift/give/{number}/").status_code == 404
        assert subscriber.post(f"/gift/give/{number}/").status_code == 404


def test_the_account_lists_gifts_and_takes_one_back(subscriber, published):
    for name in ("One", "Two"):
        subscriber.post(f"/gift/give/{published(name).pk}/")
    gift = models.GiftLink.objects.order_by("given_at").first()
    models.GiftLink.objects.filter(pk=gift.pk).update(opened=3)

    before = words(subscriber.get("/account/"))
    answer = subscriber.post("/account/gifts/take-back/", {"gift": str(gift.pk)})
    after = words(subscriber.get("/account/"))

    assert "Opened 3 of 5 times" in before
    assert before.index("Two") < before.index("One")
    assert answer["location"] == "/account/#gifts"
    assert "Your gift is taken back." in after
    assert ("Opened 3 of 5" in after, "Opened 0 of 5" in after) == (False, True)
    gift.refresh_from_db()
    assert gift.revoked_at is not None


@pytest.mark.parametrize("gift", ["", "x", str(UUID(int=404)), "\x00"])
def test_what_is_no_gift_of_hers_is_not_taken_back(subscriber, published, gift):
    subscriber.post(f"/gift/give/{published().pk}/")

    answer = subscriber.post("/account/gifts/take-back/", {"gift": gift})

    assert answer.status_code in (303, 404)
    assert models.GiftLink.objects.filter(revoked_at=None).count() == 1


def test_the_account_costs_the_same_for_one_gift_and_for_three(subscriber, published):
    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            subscriber.get("/account/")
        return len(caught)

    subscriber.post(f"/gift/give/{published('One').pk}/")
    cost()
    first = cost()
    for name in ("Two", "Three"):
        subscriber.post(f"/gift/give/{published(name).pk}/")

    assert cost() == first
