"""Years of readers' lives in one test, and moving a publication through what is due."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.subscriptions import actions, queries
from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money
from broadsheet.main import agenda
from broadsheet.main.cli import main
from broadsheet.main.simulation import report, world
from broadsheet.plumbing import publication

KOLKATA = ZoneInfo("Asia/Kolkata")
EVERY_LIFE = {
    "begun", "started", "renewed", "payment_failed", "cancel_asked", "lapsed",
}  # fmt: skip


@pytest.fixture
def lived(transactional_db, tmp_path):
    """Live through a plan in the test's database, which has no readers yet."""

    def live(readers, days, faults, seed, check_every=120):
        plan = world.Plan(readers, days, faults, seed)
        return report.run(plan, tmp_path, check_every=check_every, loud=False)

    return live


@pytest.mark.process
@pytest.mark.timeout(900)  # A twentieth of that on quiet cores.
@pytest.mark.parametrize(("readers", "days", "seed"), [(24, 240, 1), (8, 500, 2)])
def test_years_of_faults_break_no_invariant(lived, readers, days, seed):
    found = lived(readers=readers, days=days, faults=0.1, seed=seed)
    assert found.broken == []
    happened = {kind for counts in found.events.values() for kind in counts}
    assert EVERY_LIFE <= happened
    assert found.struck["fault"] and found.struck["webhook dropped"]
    assert sum(found.balances.values()) == 0


@pytest.mark.process
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_same_seed_is_the_same_run(lived, tmp_path, request):
    first = lived(readers=8, days=60, faults=0.2, seed=7)
    with pytest.raises(world.NotAThrowAway):
        lived(readers=1, days=30, faults=0, seed=7)
    request.getfixturevalue("transactional_db")
    _empty()
    (tmp_path / "gateway.sqlite3").unlink()
    again = lived(readers=8, days=60, faults=0.2, seed=7)
    for part in ("events", "did", "work", "struck", "balances"):
        assert getattr(first, part) == getattr(again, part), part


def _empty():
    from django.core.management import call_command

    call_command("flush", verbosity=0, interactive=False)


@pytest.mark.process
@pytest.mark.timeout(600)
def test_what_is_broken_is_named(lived, monkeypatch):
    """A courtesy that is not given back: who has cancelled gets in for a day more."""
    from broadsheet.business.subscriptions.actions import journal

    monkeypatch.setattr(journal, "end_grants", lambda row, *, ends, at: None)
    found = lived(readers=12, days=240, faults=0.0, seed=3, check_every=3)
    assert found.broken[0].invariant == "I16 what is over, or paused, is shut"


# --- The clock ---------------------------------------------------------------------------


@pytest.fixture
def shop(db, django_user_model):
    """A publication with one plan that costs nothing, and a reader on it."""
    at = publication.now()
    catalogue.open_plan(code="free", name="Free", features=["news"], at=at)
    catalogue.price(
        plan_code="free", price=Money(0, "INR"), term=Term(1, "week"), free=True, at=at
    )
    ledger.open_books()
    reader = django_user_model.objects.create_user("asha@example.com").public_id
    actions.begin(
        reader=reader,
        plan_code="free",
        quoted_minor=0,
        request_key=str(uuid4()),
        return_path="/",
        place="27",
        at=at,
    )
    yield queries.open_subscription(reader)
    publication.forget()


def invoke(*words):
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_clock_lives_through_every_week_at_its_own_midnight(shop):
    invoke("clock", "move", "30d")
    renewed = [one for one in queries.history(shop.pk) if one.kind == "renewed"]
    days = [one.at.astimezone(KOLKATA) for one in renewed]
    assert len(days) == 4
    assert {(day.hour, day.minute) for day in days} == {(0, 0)}
    assert {b - a for a, b in zip(days, days[1:], strict=False)} == {timedelta(days=7)}
    assert publication.current().clock_offset == timedelta(days=30)


def test_a_dry_run_of_the_clock_moves_nothing(shop):
    said = json.loads(invoke("clock", "move", "30d", "--dry-run", "--json"))
    assert [(one["what"], one["count"]) for one in said] == [
        ("renewals and retries", 1)
    ]
    assert datetime.fromisoformat(said[0]["first"]) == shop.due_at
    assert publication.current().clock_offset == timedelta(0)


def test_a_jump_leaves_what_is_due_to_the_workers(shop):
    invoke("clock", "move", "30d", "--jump")
    assert "renewed" not in [one.kind for one in queries.history(shop.pk)]


def test_ctrl_c_leaves_the_clock_where_it_has_come_to(shop, monkeypatch):
    works, due = agenda.work, []

    def work(at, zone):
        due.append(at)
        if len(due) == 5:
            raise KeyboardInterrupt
        return works(at, zone)

    monkeypatch.setattr(agenda, "work", work)
    done = CliRunner().invoke(main, ["clock", "move", "30d"])
    assert done.exit_code == 1 and "Stopped." in done.output
    assert abs(publication.now() - due[-1]) < timedelta(minutes=1)
    invoke("clock", "move", "30d")
    assert [one.kind for one in queries.history(shop.pk)].count("renewed") >= 4


def test_the_days_work_is_once_a_day_even_where_clocks_change():
    zone, at = ZoneInfo("America/Juneau"), datetime(2026, 3, 7, 12, tzinfo=UTC)
    rounds = []
    for _ in range(4):
        at = agenda.next_round(at, zone)
        rounds.append(at.astimezone(zone))
    assert [one.day for one in rounds] == [8, 9, 10, 11]
    assert all(agenda.is_round(one, zone) for one in rounds)


@pytest.mark.django_db
def test_stops_go_forward_and_end_at_the_end():
    start = datetime(2026, 8, 3, 4, 30, tzinfo=UTC)
    until = start + timedelta(days=2)
    found = list(islice(agenda.stops(start, until, KOLKATA), 10))
    assert found == sorted(set(found)) and found[-1] == until
