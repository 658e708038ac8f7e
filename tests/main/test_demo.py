"""What a deploy makes ready: the pages anew, and the demo whole or not at all."""

from __future__ import annotations

import pytest

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.gate.core.pages import PressedPage
from broadsheet.gate.house import actions as gate
from broadsheet.gate.house import models
from broadsheet.main import demo, readiness
from broadsheet.news.newsroom import queries as newsroom
from broadsheet.plumbing import publication
from broadsheet.plumbing.models import Publication
from broadsheet.readers.models import Reader

pytestmark = pytest.mark.django_db


class PowerCut(Exception):
    """Somebody pressed Ctrl-C while the stories were being printed."""


def test_a_demo_that_was_interrupted_leaves_nothing_that_looks_finished():
    def cut_short(stories):
        raise PowerCut

    at = publication.now()
    with pytest.raises(PowerCut):
        demo.open_demo(at, progress=cut_short)
    # What `prepare --demo` asks before it begins, so the next start begins anew.
    assert not Publication.objects.exists()
    assert Reader.objects.count() == 0
    assert newsroom.sections() == ()
    assert catalogue.plans(at) == ()


def test_a_deploy_has_every_story_pressed_anew(monkeypatch):
    Publication.objects.create(pk=1, name="A paper")
    at = publication.now()
    gate.press(PressedPage(7, 1, b"last release", b"its cut"), at=at)
    ran = []
    monkeypatch.setattr(readiness, "call_command", lambda name, **_: ran.append(name))
    readiness.prepare(with_demo=True)
    assert ran == ["migrate", "collectstatic"]
    assert models.PressedPage.objects.count() == 0
    assert "wall:metered" in set(
        models.Furniture.objects.values_list("name", flat=True)
    )
    assert newsroom.sections() == ()  # It has a publication, so it gets no demo.
