"""What would have changed a decision, tried; and a life that is explained as it was."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from broadsheet.gate.core import passes
from broadsheet.gate.core.decide import decide, needs_meter
from broadsheet.gate.core.explaining import Case, What, asked, changes, resumes
from broadsheet.gate.core.meter import Ask, Reads, peek, period_start
from broadsheet.gate.core.vocabulary import (
    NOBODY,
    GiftStanding,
    Meter,
    Orders,
    Policy,
    Reading,
    Reason,
    Standing,
    Verdict,
)
from broadsheet.gate.house import (
    actions,
    explaining,
    models,
    queries,
    telling,
)
from broadsheet.gate.house.explaining import Question, Source, Who
from broadsheet.gate.house.minting import keyring
from broadsheet.main.cli import main
from broadsheet.plumbing import meter_address, publication
from broadsheet.readers.models import Reader
from tests.gate.conftest import AT, DEVICE, READER, device_cookie, facts, reader_pass
from tests.gate.test_postgres import do
from tests.gate.test_recording import filed as filed
from tests.gate.test_recording import opened

STANDINGS = {
    "unread": Meter(Standing.UNREAD, 1, 3),
    "spent": Meter(Standing.SPENT, 3, 3),
    "read": Meter(Standing.READ, 2, 3),
    "nobody": replace(NOBODY, limit=3),
}


def case(access="metered", before="unread", features=(), registered=False, **more):
    meter = STANDINGS[before]
    policy = more.pop("policy", Policy())
    reading = Reading(facts(1, access, **more), features=frozenset(features))
    reading = replace(reading, policy=policy)
    if needs_meter(reading):
        reading = replace(reading, meter=asked(meter))
    again = AT if meter.standing is Standing.SPENT else None
    return Case(reading, meter, registered, again)


def told(one: Case) -> dict[str, tuple[str, bool, int]]:
    return {
        each.what.value: (each.decision.verdict.value, each.decision.counts, each.limit)
        for each in changes(one)
    }


def test_at_the_wall_everything_that_opens_the_story_is_found():
    assert told(case(before="spent")) == {
        "subscribed": ("full", False, 0),
        "logged-in": ("full", True, 5),
        "resumed": ("full", True, 0),
        "higher-limit": ("full", True, 4),
        "free": ("full", False, 0),
        "premium": ("cut", False, 0),
    }


def test_a_counted_view_would_have_met_the_wall_with_a_lower_limit():
    assert told(case()) == {
        "subscribed": ("full", False, 0),
        "no-cookies": ("wall", False, 0),
        "lower-limit": ("wall", False, 1),
        "free": ("full", False, 0),
        "premium": ("cut", False, 0),
    }


def test_a_registered_reader_is_not_told_to_log_in():
    assert "logged-in" not in told(case(before="spent", registered=True))


def test_a_browser_without_cookies_is_told_of_them_and_of_no_limit():
    assert told(case(before="nobody")) == {
        "subscribed": ("full", False, 0),
        "logged-in": ("full", True, 5),
        "cookies": ("full", True, 0),
        "free": ("full", False, 0),
        "premium": ("cut", False, 0),
    }


def test_a_premium_story_wants_a_subscription_or_another_class():
    assert told(case("premium")) == {
        "subscribed": ("full", False, 0),
        "free": ("full", False, 0),
        "metered": ("full", True, 0),
    }
    vertical = changes(case("vertical:investor"))
    assert [(c.what, c.feature) for c in vertical[:1]] == [
        (What.SUBSCRIBED, "vertical:investor")
    ]


def test_who_has_a_grant_is_told_what_she_would_see_without_it():
    assert told(case(before="spent", features=("news",), registered=True)) == {
        "no-grant": ("wall", False, 0),
    }


@pytest.mark.parametrize(
    ("access", "before", "without"),
    [
        ("premium", "unread", ("cut", False, 0)),
        ("metered", "unread", ("full", True, 0)),
        ("metered", "spent", ("wall", False, 0)),
    ],
)
def test_who_was_given_it_is_told_what_she_would_see_without(access, before, without):
    one = case(access, before=before)
    given = replace(one.reading, gift=GiftStanding.OPENED, meter=NOBODY)
    assert decide(given).reason is Reason.GIFT
    assert told(replace(one, reading=given)) == {"no-gift": without}


def test_a_withdrawn_story_opens_only_if_it_is_in_print():
    assert told(case(withdrawn=True)) == {"in-print": ("full", True, 0)}


def test_who_must_sign_up_is_told_so_and_of_no_limit():
    one = case()
    reading = replace(one.reading, meter=one.before, must_register=True)
    assert decide(reading).reason is Reason.REGISTER
    found = told(replace(one, reading=reading))
    assert found.pop("subscribed") == found.pop("free") == ("full", False, 0)
    assert found == {"logged-in": ("full", True, 5), "premium": ("cut", False, 0)}


def test_a_meter_out_of_reach_is_supposed_to_answer():
    one = case()
    down = replace(one.reading, meter=Meter(Standing.DOWN, limit=3))
    assert told(replace(one, reading=down))["meter-up"] == ("full", True, 0)


def test_every_change_changes_and_is_told_by_itself():
    """No reading there is makes a change that ends as the decision itself does."""
    for access, before, features, registered, gone, down, period in itertools.product(
        ("free", "metered", "premium", "vertical:x"),
        STANDINGS,
        ((), ("news",), ("adfree",)),
        (False, True),
        (False, True),
        (False, True),
        ("month", "rolling30"),
    ):
        policy = Policy(store_down_open=False, period=period)
        one = case(access, before, features, registered, withdrawn=gone, policy=policy)
        if down:
            reading = replace(one.reading, meter=Meter(Standing.DOWN, limit=3))
            one = replace(one, reading=reading)
        decided = decide(one.reading)
        found = changes(one)
        assert len({each.what for each in found}) == len(found)
        for each in found:
            other = (each.decision.verdict, each.decision.counts)
            assert other != (decided.verdict, decided.counts)
        if decided.verdict is Verdict.WALL and not gone:
            assert any(each.decision.full for each in found)


def test_the_moment_that_is_named_is_the_first_at_which_the_story_opens():
    late = AT + timedelta(days=24)
    moments = [late - timedelta(days=days) for days in (20, 12, 3)]
    reads = Reads(AT - timedelta(days=30), dict(enumerate(moments)))
    for limit, period in itertools.product((1, 2, 3), ("month", "rolling30")):
        orders = Orders(Policy(limit_anonymous=limit, period=period))
        again = resumes(reads, limit, orders, late)
        for by, standing in ((0, Standing.UNREAD), (-1, Standing.SPENT)):
            at = again + timedelta(microseconds=by + (period == "rolling30"))
            ask = Ask(DEVICE, 9, limit, period_start(period, orders.zone, at), at)
            assert peek(reads, ask).standing is standing, (limit, period, by)
    rolling = Orders(Policy(period="rolling30"))
    assert resumes(None, 3, rolling, AT) == AT + timedelta(days=30)
    assert resumes(Reads(AT), 3, rolling, AT) == AT


# --- A life ---------------------------------------------------------------------------


@pytest.fixture
async def lived(filed):
    """A device reads stories 1 to 3 and meets the wall at 4, a minute between them."""
    paper = opened(filed)
    browser = paper.browser(**device_cookie())
    seen = []
    for story_id in (1, 2, 3, 4):
        seen.append((await browser.read(story_id)).shows_all)
        paper.later(minutes=1)
    assert seen == [True, True, True, False]
    await paper.gate.close()
    return AT + timedelta(minutes=3)


async def explained(story_id=4, who=Who.DEVICE, identity=DEVICE, at=None, now=AT):
    question = Question(story_id, who, identity, at)
    return await do(explaining.explain, question, now=now)


async def test_three_read_and_the_wall_are_explained_exactly_so(lived):
    await do(models.Policy.objects.create, limit_anonymous=9)  # Since, and not then.
    found = await explained(at=lived)

    assert found.source is Source.RECORDED
    assert (found.decision.verdict, found.decision.reason) == (
        Verdict.WALL,
        Reason.SPENT,
    )
    assert (found.decision.count, found.decision.limit) == (3, 3)
    assert found.was is None
    minute = timedelta(minutes=1)
    assert [(each.story_id, each.path, each.at) for each in found.counted] == [
        (n, f"/business/a-story-{n}/", AT + minute * (n - 1)) for n in (1, 2, 3)
    ]
    assert [change.what.value for change in found.changes] == [
        *("subscribed", "logged-in", "resumed", "higher-limit", "free", "premium"),
    ]
    month = datetime(2026, 8, 31, 18, 30, tzinfo=UTC)  # Midnight in Mumbai.
    assert found.changes[2].at == month
    assert found.scene.edition.orders.policy == Policy()
    assert [reason for _, _, reason in found.views] == [Reason.SPENT]


async def test_a_counted_story_is_in_its_own_counter(lived):
    found = await explained(2, at=AT + timedelta(minutes=1))
    assert found.decision.reason is Reason.COUNTED
    assert [each.story_id for each in found.counted] == [1, 2]
    lines = telling.parts(found)[1].lines
    assert lines[0].startswith(
        "2 of 3 free stories, from 1 August 2026, 00:00:00 until"
    )
    assert len(lines) == 3


async def test_another_moment_is_made_up_and_says_so(lived):
    found = await explained(5, at=AT + timedelta(hours=1))
    assert found.source is Source.RECONSTRUCTED
    assert (found.decision.reason, found.decision.count) == (Reason.SPENT, 3)
    assert found.views == ()
    early = await explained(5, at=AT - timedelta(hours=1))
    assert (early.decision.reason, early.decision.count) == (Reason.COUNTED, 1)
    assert early.scene.edition is None
    assert "No edition was on file" in telling.parts(early)[3].lines[0]
    await do(models.MeterRow.objects.all().delete)
    swept = await explained(5, at=AT + timedelta(hours=1))
    assert (swept.decision.reason, swept.decision.count) == (Reason.SPENT, 3)


async def test_now_is_decided_by_what_holds_now_and_costs_nothing(lived):
    now = AT + timedelta(hours=1)
    rows = models.MeterRow.objects.values_list("stories", flat=True)
    before = await do(lambda: list(rows.all()))
    assert (await explained(4, now=now)).decision.reason is Reason.SPENT
    assert (await explained(2, now=now)).decision.reason is Reason.REREAD
    stranger = await explained(4, Who.ANONYMOUS, None, now=now)
    assert (stranger.decision.reason, stranger.decision.count) == (Reason.COUNTED, 1)
    reader = await explained(4, Who.READER, READER, now=now)
    assert reader.decision.limit == 5
    assert await do(lambda: list(rows.all())) == before
    await do(models.Policy.objects.create, limit_anonymous=4)
    raised = await explained(4, now=now)
    assert (raised.decision.count, raised.scene.edition) == (4, None)


async def test_a_grant_of_then_opens_and_is_named(filed):
    day = timedelta(days=1)
    grant = {"feature": "news", "source": "subscription", "reference": "s1"}
    await do(actions.admit, READER, starts=AT, ends=AT + day, at=AT, **grant)
    held = await explained(30, Who.READER, READER, at=AT + day / 2)
    assert held.decision.reason is Reason.ENTITLED
    assert [each.feature for each in held.scene.grants] == ["news"]
    assert [change.what for change in held.changes] == [What.NO_GRANT, What.METERED][:1]
    for at in (AT - day, AT + day):
        gone = await explained(30, Who.READER, READER, at=at)
        assert (gone.decision.reason, gone.scene.grants) == (Reason.PREMIUM, ())


async def test_what_was_counted_elsewhere_is_counted_and_not_invented(filed):
    """A reader's count holds what her device had read, which her own rows do not name."""
    paper = opened(filed)
    await paper.browser(**device_cookie()).read(1)
    await do(actions.unite, DEVICE, READER, at=AT)
    paper.later(minutes=1)
    await paper.browser(**reader_pass()).read(2)
    await paper.gate.close()
    await do(models.MeterRow.objects.all().delete)

    found = await explained(2, Who.READER, READER, at=AT + timedelta(minutes=1))

    assert (found.decision.count, found.decision.limit) == (2, 5)
    assert telling.parts(found)[1].lines[1:] == (
        "3 August 2026, 10:01:00  /business/a-story-2/",
        "1 more was counted; which, is no longer on record.",
    )


async def test_a_withdrawn_story_was_not_withdrawn_before_it_was(filed):
    await do(actions.withdraw_story, 1, at=AT)
    after = await explained(1, at=AT)
    before = await explained(1, at=AT - timedelta(minutes=10))
    assert after.decision.reason is Reason.WITHDRAWN
    assert before.decision.reason is Reason.COUNTED


async def test_if_the_rules_have_changed_since_both_answers_are_told(lived):
    wall = models.RecordedDecision.objects.filter(reason="spent")
    await do(wall.update, verdict="cut", reason="premium")
    found = await explained(at=lived)
    assert found.was == (Verdict.CUT, Reason.PREMIUM)
    assert any(
        "Then it was decided otherwise" in x for x in telling.parts(found)[0].lines
    )
    assert telling.as_json(found)["decision"]["was"]["reason"] == "premium"


async def test_without_the_meter_the_records_say_what_they_can(lived, settings):
    nobody = meter_address.parse("redis://127.0.0.1:9")
    settings.BROADSHEET = replace(settings.BROADSHEET, meter_url=nobody)
    found = await explained(5, at=AT + timedelta(hours=1))
    assert found.scene.meter_down
    assert found.decision.count == 3
    assert "from records alone" in " ".join(telling.parts(found)[0].lines)


def test_every_word_of_the_gate_has_its_sentence():
    assert {reason.value for reason in Reason} <= set(telling.RULES)
    assert set(telling.SHOWN) == set(Verdict)
    assert set(telling.IF) == set(What)


# --- The command ----------------------------------------------------------------------


def broadsheet(*words: str):
    return CliRunner().invoke(main, ["explain", *words])


@pytest.mark.django_db
def test_the_command_says_what_she_sees_in_sentences(at):
    anne = Reader.objects.create_user("anne@example.com", "a long password")
    actions.file_story(facts(30, "premium"), at=at)

    said = broadsheet("--story", "/business/a-story-30/", "--reader", anne.email)

    assert said.exit_code == 0, said.output
    lines = said.output.splitlines()
    assert lines[0] == "Story 30, /business/a-story-30/ (premium, Business)"
    assert lines[1] == "Shown now would be the lead-in, and what it takes to read on."
    assert "  Only a grant opens this story, and there is none." in lines
    assert "  with a subscription (news): the whole story" in lines
    assert "  if the story were metered: the whole story, counted (1 of 5)" in lines
    plain = broadsheet("--story", "30", "--reader", str(anne.public_id), "--json")
    found = json.loads(plain.output)
    assert (found["decision"]["reason"], found["source"]) == ("premium", "now")
    assert found["counter"]["limit"] == 5
    assert "anne" not in plain.output


@pytest.mark.django_db
def test_a_browser_is_called_by_its_cookie():
    cookie = passes.device_cookie(keyring(), DEVICE, publication.now())
    assert queries.device_called(cookie) == queries.device_called(str(DEVICE)) == DEVICE
    assert queries.device_called(cookie[:-2] + "AA") is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--story", "99", "--anonymous"), 1, "Story 99 is not filed with the gate."),
        (("--story", "1", "--reader", "no@example.com"), 1, "No reader has this mail"),
        (("--story", "1", "--reader", str(READER)), 1, "No reader has this mail"),
        (("--story", "1"), 2, "Say who: one of --reader, --device, --anonymous."),
        (("--story", "1", "--anonymous", "--device", str(DEVICE)), 2, "Say who"),
        (
            ("--story", "x", "--anonymous"),
            2,
            "neither a story's number nor its address",
        ),
        (("--story", "1", "--anonymous", "--at", "noon"), 2, "'noon' is no moment"),
        (("--story", "1", "--device", "no"), 1, "No browser of ours has this cookie"),
    ],
)
def test_the_command_refuses_in_a_sentence(words, code, said):
    done = broadsheet(*words)
    assert done.exit_code == code
    assert said in done.output


@pytest.mark.django_db
def test_a_moment_without_a_zone_is_the_publications(at):
    actions.file_story(facts(1), at=at)
    words = ("--story", "1", "--anonymous", "--at", "2026-08-03T10:00", "--json")
    found = json.loads(broadsheet(*words).output)
    assert found["at"] == "2026-08-03T10:00:00+05:30"
    assert found["source"] == "reconstructed"
    assert queries.story(1).story_id == 1


async def test_a_story_of_a_pool_is_explained_by_its_pool(filed):
    pool = await do(
        models.Pool.objects.create,
        name="own",
        label="Opinion",
        limit_anonymous=1,
        extra_registered=1,
    )
    await do(actions.file_story, facts(6, section="Opinion"), at=AT)
    await do(models.PoolRule.objects.create, pool=pool, section="Business")
    paper = opened(filed)
    browser = paper.browser(**device_cookie())
    assert [(await browser.read(n)).shows_all for n in (1, 2)] == [True, False]
    await paper.gate.close()

    found = await explained(2, at=AT)

    assert found.source is Source.RECORDED
    assert (found.decision.count, found.decision.limit) == (1, 1)
    assert [each.story_id for each in found.counted] == [1]
    told_limits = {each.what: each.limit for each in found.changes}
    assert told_limits[What.LOGGED_IN] == told_limits[What.HIGHER_LIMIT] == 2
    assert "They are the free stories of “Opinion”." in telling.parts(found)[1].lines
    other = await explained(6, now=AT)
    assert (other.decision.count, other.decision.limit, other.counted) == (1, 3, ())
