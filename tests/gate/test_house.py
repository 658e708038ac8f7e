"""The Django side: verbs and questions, against the real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import IntegrityError, connection, transaction
from django.test import Client

from broadsheet.gate.core import passes
from broadsheet.gate.core.pages import PressedPage
from broadsheet.gate.core.vocabulary import Grant, Pass, Policy, Reason, Verdict
from broadsheet.gate.house import actions, jobs, minting, models, queries
from broadsheet.plumbing import publication
from broadsheet.readers.models import Reader
from tests.gate.conftest import AT, facts

pytestmark = pytest.mark.django_db

ANNE = UUID(int=0xA)
BERT = UUID(int=0xB)
DEVICE = UUID(int=0xD)
YEAR = timedelta(days=365)


def told() -> list[tuple[str, str, int]]:
    rows = models.Change.objects.order_by("id")
    return list(rows.values_list("kind", "subject", "number"))


def device_cookie(at=AT, device=DEVICE) -> dict[str, str]:
    text = passes.device_cookie(minting.keyring(), device, at)
    return {passes.DEVICE_COOKIE: text}


def pass_cookie(at=AT, reader=ANNE) -> dict[str, str]:
    return {passes.READER_COOKIE: minting.token(reader, at)}


def admit(reader=ANNE, feature="news", *, starts=AT, ends=AT + YEAR, reference="s1"):
    actions.admit(
        reader,
        feature=feature,
        starts=starts,
        ends=ends,
        source="subscriptions",
        reference=reference,
        at=AT,
    )


# --- Filing -----------------------------------------------------------------------


def test_a_story_filed_again_is_the_same_story(at):
    actions.file_story(facts(7), at=at)
    actions.file_story(facts(7, "premium", revision=2), at=at)

    assert queries.story(7) == facts(7, "premium", revision=2)
    assert told() == [("story", "", 7), ("story", "", 7)]


@pytest.mark.parametrize(
    "path",
    [
        "/business/a-story-8/",
        "/business/a-story-7",
        "//evil.example/a-story-7/",
        "/business/a-story-7/?x",
        "/a-story-7/",
        "business/a-story-7/",
        "/business/a story-7/",
        "/business/print/a-story-7/",
    ],
)
def test_a_path_that_is_not_the_storys_address_is_refused(path, at):
    with pytest.raises(actions.BadPath):
        actions.file_story(facts(7, path=path), at=at)

    assert told() == []


@pytest.mark.parametrize("access", ["", "Free", "vertical:", "vertical:A B", "open"])
def test_a_class_that_nobody_knows_is_refused(access, at):
    with pytest.raises(IntegrityError), transaction.atomic():
        actions.file_story(facts(7, access), at=at)

    assert told() == []


def test_what_is_rolled_back_is_told_to_nobody(at):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        actions.file_story(facts(7), at=at)
        raise ZeroDivisionError

    assert told() == []
    with pytest.raises(queries.UnknownStory):
        queries.story(7)


def test_an_older_page_never_replaces_a_newer_one(at):
    for revision in (2, 1, 3, 2):
        page = PressedPage(7, revision, b"full %d" % revision, b"cut")
        actions.press(page, at=at)

    row = models.PressedPage.objects.get()
    assert (row.revision, bytes(row.full_html)) == (3, b"full 3")


def test_a_story_withdrawn_is_refused_and_its_page_deleted(at):
    actions.file_story(facts(7, "free"), at=at)
    actions.press(PressedPage(7, 1, b"full", b"cut"), at=at)

    actions.withdraw_story(7, at=at)

    assert queries.story(7).withdrawn
    assert queries.anonymous(7, at).verdict is Verdict.REFUSE
    assert not models.PressedPage.objects.exists()
    actions.file_story(facts(7, "free"), at=at)
    assert queries.anonymous(7, at).verdict is Verdict.FULL


def test_pages_are_forgotten_by_story_or_all(at):
    for story_id in (1, 2, 3):
        actions.press(PressedPage(story_id, 1, b"full", b"cut"), at=at)
    models.Change.objects.all().delete()

    actions.forget_pages([1, 9], at=at)
    left = list(models.PressedPage.objects.order_by("pk").values_list("pk", flat=True))
    actions.forget_pages(None, at=at)

    assert left == [2, 3]
    assert not models.PressedPage.objects.exists()
    assert told() == [("story", "", 1), ("story", "", 9), ("pages", "", 0)]


def test_furniture_that_asks_for_the_unknown_is_refused_whole(at):
    actions.file_furniture({"meter": "{{count}}", "ad:top": ""}, at=at)

    with pytest.raises(actions.UnknownPlaceholder):
        actions.file_furniture({"ad:top": "x", "meter": "{{cuont}}"}, at=at)

    filed = dict(models.Furniture.objects.values_list("name", "html"))
    assert filed == {"meter": "{{count}}", "ad:top": ""}
    assert told() == [("furniture", "", 0)]


# --- Grants and passes ------------------------------------------------------------


def test_a_grant_holds_from_its_start_until_just_before_its_end(at):
    admit(starts=at, ends=at + YEAR)
    moments = [
        at - timedelta(seconds=1),
        at,
        at + YEAR - timedelta(seconds=1),
        at + YEAR,
    ]

    assert [queries.entitled(ANNE, "news", moment) for moment in moments] == [
        False,
        True,
        True,
        False,
    ]
    assert not queries.entitled(ANNE, "adfree", at)
    assert not queries.entitled(BERT, "news", at)
    assert queries.grants(ANNE, at) == [
        Grant(ANNE, "news", at, at + YEAR, "subscriptions", "s1")
    ]


def test_the_same_reference_moves_the_window_and_voids_the_passes(at):
    admit(ends=at + YEAR)
    admit(ends=at + 2 * YEAR)

    assert [grant.ends for grant in queries.grants(ANNE, at)] == [at + 2 * YEAR]
    assert told() == [("epoch", str(ANNE), 1), ("epoch", str(ANNE), 2)]
    assert minting.epoch(ANNE) == 2


def test_a_dismissal_shortens_and_never_lengthens(at):
    admit(ends=at + YEAR)
    admit(feature="adfree", ends=at + timedelta(days=1))

    week = at + timedelta(days=7)
    actions.dismiss(source="subscriptions", reference="s1", ends=week, at=at)
    actions.dismiss(source="subscriptions", reference="other", ends=at, at=at)

    ends = {grant.feature: grant.ends for grant in queries.grants(ANNE, at)}
    assert ends == {"news": week, "adfree": at + timedelta(days=1)}
    assert minting.epoch(ANNE) == 3


def test_a_grant_dismissed_before_it_began_never_holds(at):
    admit(starts=at + timedelta(days=7))

    actions.dismiss(source="subscriptions", reference="s1", ends=at, at=at)

    assert not queries.entitled(ANNE, "news", at + timedelta(days=7))


@pytest.mark.parametrize("feature", ["", "News", "vertical:", "everything"])
def test_a_feature_that_nobody_knows_is_refused(feature):
    with pytest.raises(actions.UnknownFeature):
        admit(feature=feature)

    assert (queries.grants(ANNE, AT), told()) == ([], [])


def test_each_vertical_has_a_bit_until_the_pass_is_full():
    for number in range(24):
        admit(feature=f"vertical:v{number}", reference=f"s{number}")
    admit(feature="vertical:v0", reference="again")
    bits = list(models.Vertical.objects.order_by("bit").values_list("bit", flat=True))

    with pytest.raises(actions.NoBitLeft), transaction.atomic():
        admit(feature="vertical:one-too-many", reference="x")

    assert bits == list(range(8, 32))
    assert minting.pass_for(ANNE, AT).bits == 0xFFFFFF00


def test_a_pass_says_what_holds_now_and_until_when(at):
    admit(ends=at + YEAR)
    admit(feature="adfree", ends=at + timedelta(minutes=3))
    admit(feature="epaper", starts=at + timedelta(minutes=4))
    now = int(at.timestamp())

    assert minting.pass_for(ANNE, at) == Pass(
        identity=ANNE,
        expires=now + 240,
        entitled_until=now + 180,
        epoch=3,
        bits=0b11,
    )
    assert minting.pass_for(BERT, at) == Pass(BERT, now + 600)


# --- Decisions --------------------------------------------------------------------


def test_only_a_counted_view_opens_a_metered_story(at):
    for story_id in (1, 2, 3, 4):
        actions.file_story(facts(story_id), at=at)
    cookies = device_cookie()

    def ask(story_id, count):
        found = queries.decide(story_id, cookies=cookies, at=at, count=count)
        return found.reason.value, found.count, found.full

    assert ask(1, False) == ("unread", 0, False)
    assert [ask(story_id, True) for story_id in (1, 2, 1, 3, 4)] == [
        ("counted", 1, True),
        ("counted", 2, True),
        ("reread", 2, True),
        ("counted", 3, True),
        ("spent", 3, False),
    ]
    assert ask(1, False) == ("reread", 3, True)
    assert ask(4, False) == ("spent", 3, False)


def test_somebody_without_cookies_gets_only_what_is_free(at):
    for story_id, access in enumerate(("free", "metered", "premium", "vertical:v"), 1):
        actions.file_story(facts(story_id, access), at=at)

    decisions = [queries.anonymous(story_id, at) for story_id in (1, 2, 3, 4)]
    asked = [queries.decide(i, cookies={}, at=at, count=True) for i in (1, 2, 3, 4)]

    assert [decision.full for decision in decisions] == [True, False, False, False]
    assert [decision.verdict for decision in asked] == [d.verdict for d in decisions]
    assert not models.MeterRow.objects.exists()


def test_the_press_has_a_decision_for_each_rendering(at):
    actions.file_story(facts(7, "premium"), at=at)

    full, cut = queries.for_pressing(7)

    assert (full.full, cut.full) == (True, False)
    assert {full.reason, cut.reason} == {Reason.PRESSED}
    assert (full.story_id, cut.story_id) == (7, 7)


def test_a_pass_decides_and_a_voided_one_does_not(at):
    actions.file_story(facts(7, "premium"), at=at)
    admit()
    cookies = pass_cookie(at)
    assert queries.decide(7, cookies=cookies, at=at, count=True).full

    actions.void_passes(ANNE, at=at)

    assert not queries.decide(7, cookies=cookies, at=at, count=True).full


def test_a_session_vouches_for_a_reader_without_a_pass(at):
    actions.file_story(facts(7, "premium"), at=at)
    reader = Reader.objects.create_user("anne@example.com", "a long password")
    admit(reader.public_id)
    client = Client()
    client.force_login(reader, "django.contrib.auth.backends.ModelBackend")
    (name,) = client.cookies
    cookies = {name: client.cookies[name].value}

    assert queries.decide(7, cookies=cookies, at=at, count=True).full
    minted = passes.name_reader(minting.keyring(), queries.mint(cookies))
    assert (minted.identity, minted.epoch) == (reader.public_id, 1)

    SessionStore(cookies[name]).delete()
    assert queries.mint(cookies) is None
    assert not queries.decide(7, cookies=cookies, at=at, count=True).full


@pytest.mark.parametrize("key", ["", "x", "x" * 500, "\x00" * 32, "é" * 32])
def test_a_session_of_nobody_mints_nothing(key):
    assert queries.mint({"__Host-broadsheet-session": key}) is None


# --- Housekeeping -----------------------------------------------------------------


def read(identity, story_id, at):
    cookies = device_cookie(at, identity)
    actions.file_story(facts(story_id), at=at)
    assert queries.decide(story_id, cookies=cookies, at=at, count=True).full


def test_rows_are_deleted_when_nothing_in_them_counts(at):
    read(ANNE, 1, at)
    read(BERT, 1, at - timedelta(days=5))  # 29 July.
    read(DEVICE, 1, at - timedelta(days=5))
    read(DEVICE, 2, at)

    deleted = actions.sweep(at=at)

    left = models.MeterRow.objects.order_by("identity").values_list(
        "identity", flat=True
    )
    assert (deleted, list(left)) == (1, [ANNE, DEVICE])


def test_the_nightly_job_sweeps():
    now = publication.now()
    read(ANNE, 1, now - timedelta(days=70))
    read(BERT, 1, now)

    jobs.sweep(timestamp=0)

    assert [row.identity for row in models.MeterRow.objects.all()] == [BERT]


def test_changes_are_kept_for_a_day(at):
    for hours in (25, 23):
        actions.void_passes(ANNE, at=at - timedelta(hours=hours))

    actions.sweep(at=at)

    assert told() == [("epoch", str(ANNE), 2)]


def test_a_reader_can_have_her_reading_forgotten(at):
    read(ANNE, 1, at)
    read(BERT, 1, at)

    actions.erase(ANNE, at=at)

    assert [row.identity for row in models.MeterRow.objects.all()] == [BERT]


def test_a_union_over_django_is_the_stores_union(at):
    read(DEVICE, 1, at)
    read(DEVICE, 2, at)
    read(ANNE, 2, at)

    actions.unite(DEVICE, ANNE, at=at)

    rows = models.MeterRow.objects.filter(identity__in=[ANNE, DEVICE])
    assert [sorted(row.stories) for row in rows] == [[1, 2], [1, 2]]


def test_a_meter_row_always_has_a_moment_beside_each_story():
    with pytest.raises(IntegrityError), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO gate_meterrow VALUES (%s, 3, now(), '{1,2}', '{now}', true)",
                [ANNE],
            )


def test_the_policy_has_defaults_and_is_a_row(at):
    assert queries.policy() == Policy()

    models.Policy.objects.create(limit_anonymous=7, store_down="closed")

    assert queries.policy() == replace(
        Policy(), limit_anonymous=7, store_down_open=False
    )


def test_wall_texts_are_rendered_with_values():
    values = {
        "free_limit": "3",
        "plan": "Smart Quarterly",
        "price": "₹900",
        "term": "for 3 months",
        "per_month": "₹300",
    }

    assert queries.wall_text("metered", values) == queries.WallText(
        "You've reached your limit of 3 free articles this month",
        "Smart Quarterly is ₹900 for 3 months: ₹300 a month.",
    )
    assert queries.wall_text_for_furniture("metered", values).headline == (
        "You've reached your limit of {{limit}} free {{pool}} articles this month"
    )
    assert publication.current().zone.key == "Asia/Kolkata"
