"""Which pictures and authors a story uses, as Wagtail's desk shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import models
from wagtail.models import ReferenceIndex
from wagtail.signal_handlers import disable_reference_index_auto_update


@contextmanager
def noted_once(story: models.Model) -> Iterator[None]:
    """
    Note what `story` uses once, after all of its rows are saved. Wagtail does so after
    each of them, which is a third of the cost of filing a story. Not to be nested.
    """
    with disable_reference_index_auto_update():
        yield
    ReferenceIndex.create_or_update_for_object(story)
