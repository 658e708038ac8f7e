"""What a deploy makes ready: the pages anew, and the demo whole or not at all."""

from __future__ import annotations

import pytest

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.gate.core.pages import PressedPage
from broadsheet.gate.house import actions as gate
from broadsheet.gate.house import models
from broadsheet.main import demo, fingerprint, readiness
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


@pytest.fixture
def ran(monkeypatch) -> list[str]:
    """The commands of Django's that a deploy runs; only their names."""
    found: list[str] = []
    monkeypatch.setattr(readiness, "call_command", lambda name, **_: found.append(name))
    return found


@pytest.fixture
def a_page_of_the_last_release():
    Publication.objects.create(pk=1, name="A paper")
    gate.press(PressedPage(7, 1, b"last release", b"its cut"), at=publication.now())


def test_a_new_release_has_every_story_pressed_anew(ran, a_page_of_the_last_release):
    readiness.prepare(with_demo=True)
    assert ran == ["migrate", "collectstatic"]
    assert models.PressedPage.objects.count() == 0
    assert "wall:metered" in set(
        models.Furniture.objects.values_list("name", flat=True)
    )
    assert newsroom.sections() == ()  # It has a publication, so it gets no demo.


def test_the_same_release_again_keeps_its_pages(ran, a_page_of_the_last_release):
    readiness.prepare(with_demo=False)
    gate.press(PressedPage(7, 1, b"this release", b"its cut"), at=publication.now())
    readiness.prepare(with_demo=False)
    assert bytes(models.PressedPage.objects.get().full_html) == b"this release"


def test_another_origin_is_another_release():
    assert fingerprint.release("https://a.example") == fingerprint.release(
        "https://a.example"
    )
    assert fingerprint.release("https://a.example") != fingerprint.release(
        "https://b.example"
    )
