"""A small paper: two sections, two authors, and what the gate would have said."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from PIL import Image

from broadsheet.news.newsroom import actions
from broadsheet.news.newsroom.models import Story
from broadsheet.news.newsroom.rules import Block
from broadsheet.plumbing import outbox

TEXT = "<p>The Reserve Bank held its rate on Monday. Nobody was surprised.</p>"


@dataclass(frozen=True, slots=True)
class Said:
    """The two facts of a gate's decision that the newsroom looks at."""

    story_id: int
    full: bool


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    # The desk's pages are rendered here without `collectstatic` having run.
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": plain}}


@pytest.fixture
def paper(db: None) -> None:
    actions.open_section(name="Markets", slug="markets", rank=1)
    actions.open_section(name="Opinion", slug="opinion", rank=2, access="free")
    actions.open_author(name="Asha Rao", slug="asha-rao", role="Markets editor")
    actions.open_author(name="Vikram Iyer", slug="vikram-iyer")


@pytest.fixture
def filed(paper: None, at: datetime) -> Callable[..., Story]:
    def file(headline: str = "Rate held", **parts: Any) -> Story:
        given: dict[str, Any] = {
            "headline": headline,
            "blocks": [Block("paragraph", {"html": TEXT})],
            "section_slug": "markets",
            "authors": ["asha-rao"],
            "at": at,
        }
        return actions.file(**(given | parts))

    return file


@pytest.fixture
def published(filed: Callable[..., Story], at: datetime) -> Callable[..., Story]:
    def publish(headline: str = "Rate held", **parts: Any) -> Story:
        when = parts.pop("first_published_at", None)
        story = filed(headline, **parts)
        return actions.publish(story_id=story.pk, first_published_at=when, at=at)

    return publish


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, datetime]]:
    """What the newsroom announces, in order, through the real outbox."""
    from broadsheet.news.newsroom import events

    told: list[tuple[object, datetime]] = []
    ear = outbox.Heard(at_once=(lambda event, at: told.append((event, at)),))
    for event in (
        events.StoryPublished,
        events.StoryWithdrawn,
        events.SectionChanged,
        events.AuthorChanged,
    ):
        monkeypatch.setitem(outbox._routes, event, ear)
    return told


@pytest.fixture
def picture(db: None) -> int:
    return actions.add_picture(
        content=photo(),
        filename="mint-road.png",
        title="Mint Road",
        alt="A gate",
        credit="Broadsheet",
    )


def photo(width: int = 1500, height: int = 900) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (40, 90, 60)).save(file, "PNG")
    return file.getvalue()
