"""The demo paper is opened whole or not at all."""

from __future__ import annotations

import pytest

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.main import demo
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
