"""Crawlers at the desk: rules that are sound, and a page that counts who came."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from broadsheet.gate.core.vocabulary import Action, CrawlerRule, Kind
from broadsheet.gate.house import actions, models, queries
from broadsheet.gate.house.queries import CrawlerCount
from broadsheet.plumbing import publication
from broadsheet.readers.models import Reader
from tests.gate.test_desk import editor as editor

pytestmark = pytest.mark.django_db
RULES = "/desk/snippets/gate/crawlerrule"


def visit(at: datetime, name="GPTBot", kind="training", story=1, **more):
    values = {"proof": "address", "verdict": "refuse", **more}
    models.CrawlerVisit.objects.create(
        kind=kind, name=name, story_id=story, at=at, **values
    )


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_an_editor_sets_a_price_and_the_policy_has_it(editor):
    page = "/desk/crawler-rules/add/"
    said = {"kind": "training", "name": "", "action": "licence"}
    refused = editor.post(page, said)
    assert refused.status_code == 200
    assert "A licence needs a price above nothing" in refused.content.decode()
    assert queries.policy().crawlers == ()

    made = editor.post(page, {**said, "price": "0.0100", "currency": "USD"})

    assert made.status_code == 302
    assert queries.policy().crawlers == (
        CrawlerRule(Kind.TRAINING, Action.LICENCE, "", Decimal("0.01"), "USD"),
    )


@pytest.mark.parametrize(
    "row",
    [
        {"kind": "training", "action": "licence"},
        {"kind": "training", "action": "licence", "price": 0, "currency": "USD"},
        {"kind": "training", "action": "licence", "price": 1},
        {"kind": "training", "action": "refuse", "price": 1, "currency": "USD"},
    ],
)
def test_only_a_licence_has_a_price_even_past_the_form(row):
    with pytest.raises(IntegrityError), transaction.atomic():
        models.CrawlerRule.objects.create(**row)
    assert not models.CrawlerRule.objects.exists()


def test_a_crawler_has_one_rule_and_its_own_kind():
    models.CrawlerRule.objects.create(kind="search", action="full")
    with pytest.raises(ValidationError, match="There is a rule for this one already"):
        models.CrawlerRule(kind="search", action="cut").full_clean()
    with pytest.raises(ValidationError, match="GPTBot is of the kind “Training of"):
        models.CrawlerRule(kind="search", name="GPTBot", action="cut").full_clean()


def test_the_page_shows_every_rule_and_counts_the_visits(editor):
    models.CrawlerRule.objects.create(
        kind="training", action="licence", price=Decimal("0.5"), currency="USD"
    )
    models.CrawlerRule.objects.create(kind="training", name="CCBot", action="full")
    now = publication.now()
    for days in (0, 0, 3, 20):
        visit(now - timedelta(days=days, minutes=1), verdict="licence")
    visit(now - timedelta(minutes=1), "Googlebot", "search", verdict="cut")

    shown = words(editor.get("/desk/crawlers/").content.decode())

    assert "Training of models Ask for a licence (402), with the price USD 0.5" in shown
    assert "CCBot Show every story whole, if it proves who it is" in shown
    assert "Previews of links Show what a stranger sees" in shown
    assert "Kind Visits Search 1 AI search 0 Training of models 3" in shown
    assert "GPTBot published address licence asked for 2" in shown
    month = words(editor.get("/desk/crawlers/?days=30").content.decode())
    assert "Training of models 4 Agents" in month
    odd = editor.get("/desk/crawlers/?days=365000")
    assert "in the last 7 days" in words(odd.content.decode())


def test_the_page_says_when_nobody_came_and_is_not_for_everybody(editor, client):
    assert "No machine has come." in editor.get("/desk/crawlers/").content.decode()
    reader = Reader.objects.create_user("reader@example.com", "a long password")
    client.force_login(reader, "django.contrib.auth.backends.ModelBackend")
    assert client.get("/desk/crawlers/").status_code in (302, 403)


def test_days_are_the_publications_and_the_window_is_half_open(editor):
    zone = publication.current().zone
    midnight = datetime(2026, 8, 3, tzinfo=zone)
    for at in (midnight - timedelta(seconds=1), midnight, midnight):
        visit(at)
    visit(midnight + timedelta(days=1))

    counts = queries.crawler_counts(
        midnight - timedelta(days=1), midnight + timedelta(days=1)
    )

    assert counts == (
        CrawlerCount(midnight.date(), "training", "GPTBot", "address", "refuse", 2),
        CrawlerCount(
            midnight.date() - timedelta(days=1),
            *("training", "GPTBot", "address", "refuse", 1),
        ),
    )


def test_visits_are_swept_after_their_time():
    at = datetime(2026, 8, 3, tzinfo=UTC)
    visit(at - timedelta(days=401), story=1)
    visit(at - timedelta(days=399), story=2)
    actions.sweep(at=at)
    assert [v.story_id for v in models.CrawlerVisit.objects.all()] == [2]


def test_keys_are_filed_for_a_host_and_nothing_else():
    document = '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "' + "A" * 43 + '"}]}'
    at = publication.now()
    assert actions.file_agent_keys("agent.example", document, at=at) == 1
    for host in ("https://agent.example", "agent", "", "Agent.example", "a b.c"):
        with pytest.raises(actions.NotAHost):
            actions.file_agent_keys(host, document, at=at)
    with pytest.raises(actions.BadKeys):
        actions.file_agent_keys("other.example", "{}", at=at)
    assert [d.name for d in queries.crawler_documents()] == ["agent.example"]
