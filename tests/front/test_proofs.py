"""What the desk previews is the page that readers would get, wall and all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.front.web import proofs
from broadsheet.news.newsroom.actions import Proof
from broadsheet.news.newsroom.queries import Block, StoryPage

LEAD = (Block("paragraph", {"html": "Before the wall."}),)
BODY = (*LEAD, Block("paragraph", {"html": "Behind the wall."}))


@pytest.fixture
def drawn(db, at, settings):
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": plain}}
    catalogue.open_shop(at=at - timedelta(days=1))

    def draw(access: str, *, cut: bool) -> str:
        story = StoryPage(
            story_id=0,
            revision=0,
            path="/markets/rate-held-0/",
            headline="Rate held",
            standfirst="",
            section_name="Markets",
            section_path="/markets/",
            bylines=(),
            agency="",
            dateline="",
            published_at=at,
            updated_at=at,
            access=access,
            picture=None,
            tags=(),
            word_count=6,
            reading_minutes=1,
            corrections=(),
            related=(),
        )
        return proofs.draw(Proof(story, "markets", BODY, LEAD, cut)).decode()

    return draw


@pytest.mark.parametrize(
    ("access", "cut", "meter", "wall", "whole"),
    [
        ("free", False, False, "", True),
        ("free", True, False, "", True),
        ("metered", False, True, "", True),
        ("metered", True, False, "limit of 3 free articles", False),
        ("premium", False, False, "", True),
        ("premium", True, False, "Subscribe to read the full story", False),
        ("vertical:markets", True, False, "Subscribe to read the full story", False),
    ],
)
def test_a_proof_has_the_furniture_of_its_class(drawn, access, cut, meter, wall, whole):
    html = drawn(access, cut=cut)
    assert ("Behind the wall." in html) is whole
    assert ('class="meter"' in html) is meter
    assert ("reading 1 of 3 free stories" in html) is meter
    assert ('id="wall-title"' in html) is bool(wall)
    assert wall in html
    assert ("Before the wall." in html, 'class="account-link"' in html) == (True, True)
    assert ("<!--slot:" in html, "{{" in html) == (False, False)
