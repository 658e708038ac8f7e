"""A paper with a premium, a metered and a free story, full of canaries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from broadsheet.gate.core.vocabulary import StoryFacts
from broadsheet.gate.house import actions as gate
from broadsheet.news.newsroom import actions
from broadsheet.news.newsroom.models import Story
from broadsheet.news.newsroom.rules import Block
from broadsheet.plumbing import publication

LEAD = " ".join(f"Sentence {n} of the lead has eight words." for n in range(12))
CANARY = "zanzibar"  # Followed by its place: one unique word for each withheld part.


@pytest.fixture(autouse=True)
def theme_alone(settings: Any, tmp_path: Any) -> None:
    """Name static files without the hashes that `collectstatic` would give them."""
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": plain}}
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.MEDIA_ROOT = tmp_path
    publication.forget()


@pytest.fixture
def browser_client() -> Client:
    return Client(headers={"accept-language": "en"})


def body() -> list[Block]:
    """Return a lead-in of whole sentences, then withheld parts of most kinds."""
    return [
        Block("paragraph", {"html": LEAD}),
        *(Block("paragraph", {"html": f"Then {CANARY}{n}."}) for n in range(8)),
        Block("heading", {"text": f"{CANARY}-heading", "level": 2}),
        Block("quote", {"html": f"{CANARY}-quote", "attribution": f"{CANARY}-by"}),
        Block(
            "table",
            {"rows": [[f"{CANARY}-cell"]], "header": False, "caption": ""},
        ),
        Block("html", {"html": f"<p>{CANARY}-html</p>"}),
    ]


@pytest.fixture
def paper(db: None) -> None:
    actions.open_section(name="Markets", slug="markets", rank=1)
    actions.open_section(name="Opinion", slug="opinion", rank=2)
    actions.open_author(name="Asha Rao", slug="asha-rao", bio="She counts things.")


@pytest.fixture
def published(paper: None, at: datetime) -> Callable[..., Story]:
    def publish(headline: str = "Rate held", **parts: Any) -> Story:
        given: dict[str, Any] = {
            "headline": headline,
            "standfirst": "Nobody was surprised.",
            "blocks": body(),
            "section_slug": "markets",
            "authors": ["asha-rao"],
            "access": "metered",
            "tags": ["Rates"],
            "at": at,
        }
        when = parts.pop("first_published_at", None)
        story = actions.file(**(given | parts))
        actions.publish(story_id=story.pk, first_published_at=when, at=at)
        story.refresh_from_db()
        gate.file_story(
            StoryFacts(
                story_id=story.pk,
                path=story.path,
                access=story.access,
                section=story.section.name,
                published_at=story.first_published_at or at,
                revision=1,
            ),
            at=at,
        )
        return story

    return publish
