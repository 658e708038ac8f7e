"""Recording through a running gate: nothing lost, nothing slowed, nothing kept too long."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from broadsheet.gate.asgi import Recorder
from broadsheet.gate.core.record import replay
from broadsheet.gate.core.visitor import Visitor
from broadsheet.gate.core.vocabulary import Orders, Policy, Recording
from broadsheet.gate.house import actions, models, queries, recording
from broadsheet.gate.store import StoreDown
from broadsheet.gate.store.postgres import PostgresStore
from broadsheet.gate.store.records import PostgresArchive, Unwritable
from broadsheet.readers.models import Reader
from tests.gate.conftest import (
    AT,
    DEVICE,
    NEWS_BIT,
    READER,
    Newspaper,
    device_cookie,
    empty_gate,
    facts,
    pressed,
    reader_pass,
)
from tests.gate.test_desk import editor as editor
from tests.gate.test_desk import form
from tests.gate.test_house import device_cookie as house_cookie
from tests.gate.test_postgres import becomes, do
from tests.gate.test_records import readings


@pytest.fixture
async def filed(conninfo):
    for story_id in range(1, 6):
        await do(actions.file_story, facts(story_id), at=AT)
        await do(actions.press, pressed(story_id), at=AT)
    for story_id, access in ((20, "free"), (30, "premium")):
        await do(actions.file_story, facts(story_id, access), at=AT)
        await do(actions.press, pressed(story_id), at=AT)
    yield conninfo
    empty_gate(conninfo)


def opened(conninfo, **options) -> Newspaper:
    archive = PostgresArchive(conninfo)
    return Newspaper(PostgresStore(conninfo), recorder=Recorder(archive), **options)


def rows() -> list[tuple[int, str, int, int]]:
    found = models.RecordedDecision.objects.order_by("at", "pk")
    return list(found.values_list("story_id", "reason", "count", "allowance"))


def replayed() -> list[bool]:
    """Say of each row whether it is decided again as it was."""
    found = recording.recorded(list(models.RecordedDecision.objects.order_by("pk")))
    return [
        (made.verdict, made.reason) == (kept.verdict, kept.reason)
        for kept in found
        for made in [replay(kept)]
    ]


async def test_what_a_reader_meets_is_kept_and_decided_again_alike(filed):
    paper = opened(filed)
    browser = paper.browser(**device_cookie())
    for story_id in (1, 2, 20, 1, 3, 4, 30):
        await browser.read(story_id)
        paper.later(minutes=1)
    await browser.read(1, method="HEAD")
    await paper.browser(**reader_pass()).read(5)
    await paper.browser(**reader_pass(bits=NEWS_BIT)).read(5)
    await paper.browser().get(
        "/business/a-story-1/", headers=[("user-agent", "GPTBot")]
    )
    await paper.gate.close()

    assert await do(rows) == [
        (1, "counted", 1, 3),
        (2, "counted", 2, 3),
        (1, "reread", 2, 3),
        (3, "counted", 3, 3),
        (4, "spent", 3, 3),
        (30, "premium", 0, 0),
        (5, "counted", 1, 5),
    ]
    assert await do(replayed) == [True] * 7
    found = await do(lambda: list(models.RecordedDecision.objects.order_by("pk")))
    assert [row.identity for row in found] == [DEVICE] * 6 + [READER]
    assert [row.registered for row in found] == [False] * 6 + [True]
    assert found[0].at == AT and found[0].section == "Business"
    assert paper.gate.tally.faults == {}


async def test_the_policy_that_held_is_replayed_not_the_one_that_holds(filed):
    paper = opened(filed)
    browser = paper.browser(**device_cookie())
    await browser.read(1)
    await do(models.Policy.objects.create, limit_anonymous=1)
    await becomes(lambda: limit(paper), 1)
    await browser.read(2)
    await paper.gate.close()

    assert await do(rows) == [(1, "counted", 1, 3), (2, "spent", 1, 1)]
    assert await do(replayed) == [True, True]
    editions = await do(lambda: list(models.PolicyEdition.objects.order_by("number")))
    limits = [row.content["policy"]["limit_anonymous"] for row in editions]
    assert limits == [3, 1]


async def limit(paper) -> int:
    return paper.gate._memory.orders.policy.limit_anonymous


async def test_the_publisher_chooses_what_is_kept(filed):
    await do(models.Policy.objects.create, record_entitled=True)
    paper = opened(filed)
    await paper.browser(**reader_pass(bits=NEWS_BIT)).read(30)
    await paper.gate.close()
    assert await do(rows) == [(30, "entitled", 0, 0)]

    await do(models.Policy.objects.update, record_days=0)
    paper = opened(filed)
    await paper.browser(**device_cookie()).read(1)
    await paper.gate.close()
    assert await do(rows) == [(30, "entitled", 0, 0)]


@pytest.mark.django_db
def test_every_reading_that_is_written_is_decided_again_alike(at):
    orders = Orders(recording=Recording(entitled=True))
    wanted = []
    for reading in readings():
        made = queries.core.decide(reading)
        if recording.record.wanted(orders.recording, reading, made):
            held = replace(orders, policy=reading.policy)
            recording.keep(Visitor(DEVICE), held, reading, made, at)
            wanted.append((made.verdict.value, made.reason.value))

    found = models.RecordedDecision.objects.order_by("pk")
    assert list(found.values_list("verdict", "reason")) == wanted
    assert (len(wanted), len({reason for _, reason in wanted})) == (272, 7)
    assert replayed() == [True] * len(wanted)


# --- A database that is behind --------------------------------------------------------


ORDERS = Orders()


class Slow:
    """An archive that is down until it is up again."""

    def __init__(self) -> None:
        self.down: Exception | None = StoreDown("away")
        self.written: list[list[int]] = []

    async def edition(self, orders, at) -> int:
        if self.down:
            raise self.down
        return 1

    async def write(self, views, policy) -> None:
        self.written.append([view.decision.story_id for view in views])

    async def close(self) -> None: ...


def notes(recorder: Recorder, stories, orders=ORDERS, at=AT) -> None:
    for story_id in stories:
        reading = queries.Reading(
            facts(story_id), meter=queries.Meter(queries.Standing.SPENT, 3, 3)
        )
        decision = queries.core.decide(reading)
        recorder.note(orders, Visitor(DEVICE), reading, decision, at)


async def test_what_finds_no_room_is_dropped_and_counted_and_the_rest_is_written():
    archive = Slow()
    recorder = Recorder(archive, most=3)
    notes(recorder, range(1, 6))
    assert recorder.tally.faults == {"record": 2}
    await asyncio.sleep(1.1)
    assert archive.written == []

    archive.down = None
    await recorder.close()

    assert archive.written == [[1, 2, 3]]
    assert recorder.tally.faults == {"record": 2}


async def test_what_cannot_be_written_at_the_end_is_counted():
    recorder = Recorder(Slow())
    notes(recorder, (1, 2))
    await recorder.close()
    assert recorder.tally.faults == {"record": 2}


async def test_what_the_database_will_never_take_does_not_hold_up_the_rest():
    archive = Slow()
    archive.down = Unwritable("of another form")
    recorder = Recorder(archive)
    notes(recorder, (1, 2))
    await recorder.close()
    assert (recorder.tally.faults, archive.written) == ({"record": 2}, [])


async def test_views_of_two_policies_go_in_two_batches_and_a_batch_is_bounded():
    archive = Slow()
    archive.down = None
    recorder = Recorder(archive)
    notes(recorder, [1] * 501)
    notes(recorder, (2, 3), Orders(Policy(limit_anonymous=9)))
    await recorder.close()
    assert [len(batch) for batch in archive.written] == [500, 1, 2]


async def test_an_archive_survives_a_lost_connection(filed):
    archive = PostgresArchive(filed)
    number = await archive.edition(Orders(), AT)
    with psycopg.connect(filed, autocommit=True) as direct:
        direct.execute(
            "SELECT pg_terminate_backend(%s)", (archive._connection.info.backend_pid,)
        )
    with pytest.raises(StoreDown):
        await archive.edition(Orders(), AT)
    assert await archive.edition(Orders(), AT) == number
    await archive.close()


async def test_two_gates_file_one_edition(filed):
    archives = [PostgresArchive(filed) for _ in range(4)]
    numbers = await asyncio.gather(*(one.edition(Orders(), AT) for one in archives))
    assert numbers == [1, 1, 1, 1]
    for archive in archives:
        await archive.close()


# --- Forgetting -----------------------------------------------------------------------


async def test_who_is_forgotten_stays_so_when_a_gate_writes_later(filed):
    paper = opened(filed)
    browser = paper.browser(**device_cookie())
    await browser.read(1)
    other = paper.browser(**reader_pass())
    await other.read(1)
    await do(actions.erase, DEVICE, at=AT)
    paper.later(seconds=1)
    await browser.read(2)  # She may be here again, as somebody new.
    await paper.gate.close()

    found = await do(lambda: list(models.RecordedDecision.objects.order_by("at", "pk")))
    assert [(row.identity, row.story_id) for row in found] == [(READER, 1), (DEVICE, 2)]
    await do(actions.erase, DEVICE, at=AT + timedelta(minutes=1))
    assert await do(rows) == [(1, "counted", 1, 5)]


@pytest.mark.django_db
def test_a_reader_may_have_what_is_recorded_of_her(at):
    actions.file_story(facts(1), at=at)
    queries.decide(1, cookies=house_cookie(at), at=at, count=True)
    assert recording.of_identity(UUID(int=0xD)) == [
        {
            "at": at.isoformat(),
            "story_id": 1,
            "section": "Business",
            "count": 1,
            "allowance": 3,
            "verdict": "full",
            "reason": "counted",
        }
    ]
    assert recording.of_identity(READER) == []


# --- Days -----------------------------------------------------------------------------


def note(at: datetime) -> None:
    reading = next(r for r in readings() if r.story.access == "premium")
    decision = queries.core.decide(reading)
    recording.keep(Visitor(DEVICE), Orders(), reading, decision, at)


@pytest.mark.django_db
def test_a_day_has_a_partition_and_goes_with_it():
    now = datetime(2031, 5, 20, 12, tzinfo=UTC)
    for days in (40, 36, 35, 34, 0):
        note(now - timedelta(days=days))
    assert recording.tend(35, at=now - timedelta(days=41)) == 0
    made = [day for day in recording._partitions() if day.year == 2031]
    assert made == [date(2031, 4, 9) + timedelta(days=n) for n in range(8)]

    assert recording.tend(35, at=now) == 6

    left = models.RecordedDecision.objects.filter(at__year=2031).order_by("at")
    assert [(now - row.at).days for row in left] == [35, 34, 0]
    assert recording.tend(35, at=now) == 0


@pytest.mark.django_db
def test_what_came_before_its_partition_moves_into_it():
    now = datetime(2031, 5, 20, 12, tzinfo=UTC)
    note(now)
    recording.tend(35, at=now)
    with recording.connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM gate_recordeddecision_20310520")
        assert cursor.fetchone() == (1,)
    assert models.RecordedDecision.objects.filter(at=now).count() == 1


@pytest.mark.django_db
def test_nought_days_keep_nothing(at):
    note(at)
    recording.tend(0, at=at + timedelta(seconds=1))
    assert rows() == []


# --- Editions -------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_edit_at_the_desk_is_an_edition_with_who_and_when(editor, at):
    first = recording.file_edition(queries.orders(), by=None, at=at)
    row = models.Policy.objects.create()
    address = f"/desk/settings/gate/policy/{row.pk}/"
    for limit in (5, 3, 3):
        assert editor.post(address, form(limit_anonymous=limit)).status_code == 302

    found = list(models.PolicyEdition.objects.order_by("number"))

    who = Reader.objects.get(email="editor@example.com").public_id
    assert [row.by for row in found] == [None, who, who]
    assert found[0].number == first
    assert found[0].digest == found[2].digest != found[1].digest
    assert recording._number_of(queries.orders(), at) == found[2].number
    assert recording.edition(found[1].number).orders.policy.limit_anonymous == 5
    assert recording.edition_at(at - timedelta(seconds=1)) is None
    assert recording.edition_at(at).number == first


@pytest.mark.django_db
def test_a_gate_that_saw_the_edit_first_leaves_room_for_who_it_was(at):
    orders = Orders(Policy(limit_anonymous=8))
    number = recording.file_edition(orders, by=None, at=at)
    assert recording.file_edition(orders, by=READER, at=at) == number
    assert recording.edition(number).by == READER


@pytest.mark.django_db
def test_the_nightly_verb_files_the_first_edition(at):
    actions.tend_records(at=at)
    assert recording.edition_at(at).orders.policy == queries.policy()
