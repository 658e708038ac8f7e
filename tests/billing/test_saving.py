"""Save offers: who is shown one, who is held out, and what the whole future costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.catalogue.actions import Discount
from broadsheet.business.ledger import queries as books
from broadsheet.business.subscriptions import actions, queries
from broadsheet.business.subscriptions.models import LeavingPolicy, Parting
from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money

pytestmark = pytest.mark.process

DUE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
SECOND = datetime(2027, 2, 2, 18, 30, tzinfo=UTC)
THIRD = datetime(2027, 5, 2, 18, 30, tzinfo=UTC)


@pytest.fixture
def policy(paper, at):
    """Half off for two periods, offered to everybody who finds it too dear."""
    catalogue.open_offer(Discount("STAY", "Half off", percent=50, periods=2), at=at)
    return LeavingPolicy.objects.create(save_offer="stay", holdout_percent=0)


def steps(offer):
    return [(step.at, step.price.minor, step.periods) for step in offer.ahead]


def test_an_offer_states_the_whole_future_and_is_charged_so(policy, row, hers, at):
    said = hers("hear_parting", at, reason="price", too_dear=True)
    assert (said.code, said.name) == ("STAY", "Half off")
    assert steps(said) == [(DUE, 45_000, 2), (THIRD, 90_000, None)]
    assert queries.save_offer(row.reader_id, row.pk, at) == said

    kept = hers("stay", at)
    assert kept == hers("stay", at)  # A second click.
    assert kept.next_charge == Money(45_000, "INR")
    assert steps(kept) == steps(said)
    for day in (DUE, SECOND, THIRD):
        assert actions.renew_due(at=day).renewed == 1
    paid = [invoice.total.minor for invoice in reversed(books.invoices(row.pk))]
    assert paid == [90_000, 45_000, 45_000, 90_000]
    assert books.check() == ()


def test_who_is_held_out_is_noted_and_offered_nothing(policy, row, hers, at):
    LeavingPolicy.objects.update(holdout_percent=100)
    assert hers("hear_parting", at, reason="price", too_dear=True) is None
    parting = Parting.objects.get()
    assert (parting.group, parting.offer, parting.reason) == (
        "held_out", "STAY", "price",
    )  # fmt: skip
    # What was drawn stays drawn, whatever the desk says afterwards.
    LeavingPolicy.objects.update(holdout_percent=0)
    assert hers("hear_parting", at, reason="price", too_dear=True) is None
    assert queries.save_offer(row.reader_id, row.pk, at) is None
    with pytest.raises(actions.CannotGive):
        hers("stay", at)


def test_only_who_finds_it_too_dear_is_drawn(policy, row, hers, at):
    assert hers("hear_parting", at, reason="time", too_dear=False) is None
    assert Parting.objects.get().group == "none"
    with pytest.raises(actions.CannotGive):
        hers("stay", at)
    assert hers("hear_parting", at, reason="price", too_dear=True) is not None
    assert Parting.objects.get().group == "offered"


def test_an_offer_that_cannot_be_taken_is_not_offered(policy, row, hers, at):
    hers("hear_parting", at, reason="price", too_dear=True)
    catalogue.close_offer(code="STAY", at=at)
    assert queries.save_offer(row.reader_id, row.pk, at) is None
    with pytest.raises(actions.CannotGive, match="over"):
        hers("stay", at)


def test_nobody_is_offered_the_same_twice(policy, row, hers, at):
    hers("hear_parting", at, reason="price", too_dear=True)
    hers("stay", at)
    later = at + timedelta(minutes=5)
    assert hers("hear_parting", later, reason="price", too_dear=True) is None


def test_somebody_elses_subscription_is_nobodys(policy, row, at):
    stranger = uuid4()
    for verb, said in (
        (actions.hear_parting, {"reason": "price", "too_dear": True}),
        (actions.stay, {}),
    ):
        with pytest.raises(actions.NoSuchSubscription):
            verb(reader=stranger, subscription_id=row.pk, at=at, **said)
    assert Parting.objects.count() == 0


def test_the_group_is_the_same_each_time_and_about_as_large_as_said():
    readers = [UUID(int=n) for n in range(4000)]
    held = [queries.is_held_out(reader, 10) for reader in readers]
    assert held == [queries.is_held_out(reader, 10) for reader in readers]
    assert 320 < sum(held) < 480
    assert not any(queries.is_held_out(reader, 0) for reader in readers)
    assert all(queries.is_held_out(reader, 100) for reader in readers)
    # Who is held out at ten percent is so at twenty: the group only grows.
    more = [queries.is_held_out(reader, 20) for reader in readers]
    assert all(b for a, b in zip(held, more, strict=True) if a)


def test_another_key_draws_another_group(settings):
    readers = [UUID(int=n) for n in range(400)]
    before = [queries.is_held_out(reader, 50) for reader in readers]
    settings.SECRET_KEY = "another key"
    assert before != [queries.is_held_out(reader, 50) for reader in readers]


def test_the_effect_is_counted_by_group(policy, row, hers, at):
    hers("hear_parting", at, reason="price", too_dear=True)
    window = {"since": at, "until": at + timedelta(days=1)}
    offered, held_out = queries.save_effect(**window)
    assert (offered.asked, offered.accepted, offered.stayed) == (1, 0, 1)
    assert (held_out.asked, held_out.stayed) == (0, 0)
    hers("cancel", at, reason="price")
    assert queries.save_effect(**window)[0].stayed == 0
    assert queries.save_effect(since=at + timedelta(days=2), until=at)[0].asked == 0


def test_the_database_keeps_one_parting_a_period(policy, row, hers, at):
    hers("hear_parting", at, reason="price", too_dear=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Parting.objects.create(subscription=row, period_index=row.k, at=at)


def test_what_comes_after_a_trial_an_opening_and_an_offer_is_foretold(paper, at):
    at += timedelta(hours=1)
    catalogue.price(
        plan_code="smart-quarterly",
        price=Money(90_000, "INR"),
        term=Term(3, "month"),
        opening=catalogue.Opening(
            intro=Money(30_000, "INR"), intro_periods=1, trial_days=14
        ),
        at=at,
    )
    catalogue.open_offer(Discount("HALF", "Half off", percent=50, periods=2), at=at)
    due = actions.quote(
        reader=paper.reader, plan_code="smart-quarterly", offer="HALF", at=at
    )
    page = paper.begin(offer="HALF", quoted=0, at=at)
    actions.conclude(page.id, at=at)
    now = queries.current(paper.reader, at)
    foretold = [(s.price.minor, s.periods) for s in due.ahead]
    assert foretold == [(15_000, 1), (45_000, 1), (90_000, None)]
    assert now.ahead == due.ahead


def test_a_pause_moves_what_is_foretold(paper, policy, row, hers, at):
    hers("hear_parting", at, reason="price", too_dear=True)
    hers("stay", at)
    starts = at.date() + timedelta(days=1)
    quoted = hers("quote_pause", at, resumes=starts + timedelta(days=10))
    view = hers("pause", at, resumes=starts + timedelta(days=10))
    assert quoted.bills_at == view.renews_on == DUE + timedelta(days=10)
    assert [s.at for s in view.ahead] == [
        DUE + timedelta(days=10),
        THIRD + timedelta(days=10),
    ]
