from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from broadsheet.business.catalogue import actions, queries
from broadsheet.business.catalogue.models import Plan, PlanVersion
from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money

pytestmark = pytest.mark.django_db


def rupees(amount: int) -> Money:
    return Money(amount * 100, "INR")


@pytest.fixture
def shop(at):
    actions.open_shop(at=at)


def test_the_founding_plans_are_those_of_the_page(shop, at):
    assert [
        (o.code, o.name, o.price, o.term_count, o.term_unit, o.months, o.per_month)
        for o in queries.plans(at)
    ] == [
        ("smart-quarterly", "Smart Quarterly", rupees(900), 3, "month", 3, rupees(300)),
        (
            "smart-essential",
            "Smart Essential",
            rupees(2700),
            1,
            "year",
            12,
            rupees(225),
        ),
        ("super-saver", "Super Saver", rupees(3900), 2, "year", 24, rupees(162)),
    ]
    offer = queries.plan("super-saver", at)
    assert offer.features[:4] == ("news", "adfree", "epaper", "archive")
    assert len(offer.benefits) == 7


def test_opening_the_shop_twice_changes_nothing(shop, at):
    actions.price(plan_code="super-saver", price=rupees(4100), term=Term(2, "year"),
                  at=at + timedelta(days=1))  # fmt: skip
    before = list(PlanVersion.objects.order_by("pk").values())
    actions.open_shop(at=at + timedelta(days=2))
    assert list(PlanVersion.objects.order_by("pk").values()) == before
    assert Plan.objects.count() == 3


def test_listing_costs_one_query_for_one_plan_and_for_three(
    at, django_assert_num_queries
):
    actions.open_plan(code="solo", name="Solo", features=["news"], at=at)
    actions.price(plan_code="solo", price=rupees(99), term=Term(1, "month"), at=at)
    queries.plans(at)
    with django_assert_num_queries(1):
        assert len(queries.plans(at)) == 1
    actions.open_shop(at=at)
    with django_assert_num_queries(1):
        assert len(queries.plans(at)) == 4


def test_a_new_price_is_a_new_version_and_the_old_one_stays_as_sold(shop, at):
    old = queries.plan("smart-quarterly", at)
    later = at + timedelta(days=30)
    made = actions.price(
        plan_code="smart-quarterly",
        price=rupees(999),
        term=Term(3, "month"),
        effective_from=later,
        by="circulation@example.com",
        at=at,
    )
    just_before = later - timedelta(microseconds=1)
    assert queries.plan("smart-quarterly", just_before).version_id == old.version_id
    assert queries.plan("smart-quarterly", later).version_id == made.pk
    assert queries.plan("smart-quarterly", later).price == rupees(999)
    assert queries.version(old.version_id).price == rupees(900)


def test_the_same_price_again_is_the_same_version(shop, at):
    again = actions.price(
        plan_code="smart-quarterly",
        price=rupees(900),
        term=Term(3, "month"),
        at=at + timedelta(days=1),
    )
    assert again.pk == queries.plan("smart-quarterly", at).version_id
    assert PlanVersion.objects.count() == 3


@pytest.mark.parametrize("minor", [0, -1, 10**9 + 1, 10**30])
def test_a_price_that_cannot_be_meant_moves_nothing(shop, at, minor):
    with pytest.raises(actions.BadPrice):
        actions.price(plan_code="super-saver", price=Money(minor, "INR"),
                      term=Term(1, "year"), at=at + timedelta(days=1))  # fmt: skip
    assert PlanVersion.objects.filter(retired_at=None).count() == 3


def test_a_price_is_not_set_in_the_past_nor_before_one_already_set(shop, at):
    day = timedelta(days=1)
    for start, now in ((at, at + day), (at, at)):
        with pytest.raises(actions.BadPrice):
            actions.price(plan_code="super-saver", price=rupees(1), term=Term(1, "year"),
                          effective_from=start, at=now)  # fmt: skip
    assert PlanVersion.objects.count() == 3


def test_an_unknown_plan_has_no_price(shop, at):
    with pytest.raises(actions.NoSuchPlan):
        queries.plan("smart-hourly", at)
    with pytest.raises(actions.NoSuchPlan):
        actions.price(plan_code="no", price=rupees(1), term=Term(1, "year"), at=at)


def test_a_plan_in_another_currency_is_not_on_sale_here(shop, at):
    actions.open_plan(code="abroad", name="Abroad", features=["news"], at=at)
    actions.price(
        plan_code="abroad", price=Money(500, "USD"), term=Term(1, "month"), at=at
    )
    assert "abroad" not in {offer.code for offer in queries.plans(at)}


def test_a_retired_plan_is_not_sold_but_what_was_sold_is_known(shop, at):
    sold = queries.plan("super-saver", at)
    actions.retire(plan_code="super-saver", at=at)
    with pytest.raises(queries.NoSuchPlan):
        queries.plan("super-saver", at)
    assert queries.version(sold.version_id) == sold


def test_a_code_with_a_nul_is_no_plan(shop, at):
    with pytest.raises(queries.NoSuchPlan):
        queries.plan("super\0saver", at)


@pytest.mark.parametrize(
    ("code", "name", "features"),
    [
        ("Smart Plan", "Smart", ["news"]),
        ("", "Smart", ["news"]),
        ("smart", " ", ["news"]),
        ("smart", "Smart", []),
        ("smart", "Smart", ["gossip"]),
        ("smart", "Smart", ["vertical:"]),
        ("smart-quarterly", "Smart", ["news"]),
    ],
)
def test_a_plan_that_cannot_be_offered_is_refused(shop, at, code, name, features):
    with pytest.raises(actions.BadPlan):
        actions.open_plan(code=code, name=name, features=features, at=at)
    assert Plan.objects.count() == 3


@pytest.mark.parametrize(
    "change",
    [
        {"price_minor": 1},
        {"currency": "USD"},
        {"term_count": 9},
        {"tax_inclusive": False},
        {"made_by": "nobody"},
    ],
)
def test_the_database_refuses_to_edit_a_version(shop, at, change):
    version = queries.plan("super-saver", at).version_id
    with pytest.raises(IntegrityError, match="never edited"), transaction.atomic():
        PlanVersion.objects.filter(pk=version).update(**change)
    assert queries.version(version).price == rupees(3900)


def test_the_database_refuses_to_delete_a_version(shop, at):
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        PlanVersion.objects.filter(price_minor=390_000).delete()
    assert PlanVersion.objects.count() == 3


def test_the_desk_lists_plans_and_prices_them_by_the_verb(shop, at, admin_client):
    page = admin_client.get("/desk/plans/")
    assert page.status_code == 200
    assert "₹3,900" in page.content.decode()
    saved = admin_client.post(
        "/desk/plans/super-saver/price/",
        {"price": "Rs 4,100", "count": "2", "unit": "year"},
    )
    assert (saved.status_code, saved["Location"]) == (302, "/desk/plans/")
    assert sorted(PlanVersion.objects.values_list("price_minor", "made_by")) == [
        (90_000, ""),
        (270_000, ""),
        (390_000, ""),
        (410_000, "admin@example.com"),
    ]


def test_the_desk_sets_first_periods_a_trial_and_a_day_for_existing_readers(
    shop, admin_client
):
    saved = admin_client.post(
        "/desk/plans/super-saver/price/",
        {"price": "4,100", "count": "2", "unit": "year", "intro": "99",
         "intro_periods": "3", "trial_days": "14",
         "for_existing_from": "2099-01-01 00:00"},
    )  # fmt: skip
    assert saved.status_code == 302
    made = PlanVersion.objects.get(price_minor=410_000)
    assert (made.intro_minor, made.intro_periods, made.trial_days) == (9_900, 3, 14)
    assert made.effective_for_existing_from.isoformat() == "2098-12-31T18:30:00+00:00"
    sold = queries.every_plan()[2].versions[0]
    assert sold == made


def test_the_desk_makes_an_offer_and_closes_it(shop, admin_client):
    said = {"code": "MONSOON", "name": "Monsoon", "percent": "50", "periods": "2",
            "plans": "super-saver", "most": "100"}  # fmt: skip
    for _ in range(2):  # The second time there is one by this code.
        saved = admin_client.post("/desk/offers/add/", said)
    assert saved.status_code == 200
    (offer,) = queries.every_offer()
    assert (offer.code, offer.most, offer.plans, offer.ends_at) == (
        "MONSOON",
        100,
        ("super-saver",),
        None,
    )
    page = admin_client.get("/desk/offers/").content.decode()
    assert "50 %" in page and "0 / 100" in page
    assert admin_client.post("/desk/offers/MONSOON/close/").status_code == 302
    assert queries.every_offer()[0].ends_at is not None
    assert admin_client.post("/desk/offers/NOSUCH/close/").status_code == 302


@pytest.mark.parametrize(
    "change", [{"percent": ""}, {"amount": "9"}, {"code": "a b"}, {"plans": "hourly"}]
)
def test_the_desk_refuses_an_offer_that_is_none(shop, admin_client, change):
    said = {"code": "MONSOON", "name": "Monsoon", "percent": "50", "periods": "1"}
    assert admin_client.post("/desk/offers/add/", said | change).status_code == 200
    assert queries.every_offer() == ()


def test_the_desk_says_in_which_currency_a_country_is_asked(shop, admin_client):
    saved = admin_client.post(
        "/desk/plans/region/", {"country": "us", "currency": "usd"}
    )
    assert (saved.status_code, queries.currency_for("US")) == (302, "USD")
    for bad in (
        {"country": "27", "currency": "USD"},
        {"country": "US", "currency": "XXX"},
    ):
        assert admin_client.post("/desk/plans/region/", bad).status_code == 200


@pytest.mark.parametrize("price", ["free", "0", "-4", "$5"])
def test_the_desk_refuses_a_price_that_is_none(shop, admin_client, price):
    page = admin_client.post(
        "/desk/plans/super-saver/price/", {"price": price, "count": "2", "unit": "year"}
    )
    assert page.status_code == 200
    assert PlanVersion.objects.count() == 3


def test_the_desk_makes_a_plan(admin_client):
    saved = admin_client.post(
        "/desk/plans/add/",
        {"code": "student", "name": "Student", "features": "news adfree", "position": 4,
         "benefits": "Everything\nFor less"},
    )  # fmt: skip
    assert (saved.status_code, saved["Location"]) == (302, "/desk/plans/student/price/")
    plan = Plan.objects.get(code="student")
    assert (plan.features, plan.benefits) == (
        ["news", "adfree"],
        "Everything\nFor less",
    )


def test_a_reader_does_not_see_the_desk(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("reader@example.com"))
    assert client.get("/desk/plans/").status_code == 302
