"""Which pictures and authors a story uses, as Wagtail's desk shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.contrib.contenttypes.models import ContentType
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


def note_new(stories: Sequence[models.Model]) -> None:
    """
    Note what `stories` use, all of one kind and none of them noted before, in one
    statement. Wagtail can only do one after another, with three statements each.
    """
    if not stories:
        return
    kind = ContentType.objects.get_for_model(stories[0])
    ReferenceIndex.objects.bulk_create(
        ReferenceIndex(
            content_type=kind,
            base_content_type=kind,
            object_id=story.pk,
            to_content_type_id=to_kind,
            to_object_id=to_id,
            model_path=model_path,
            content_path=content_path,
            content_path_hash=ReferenceIndex._get_content_path_hash(content_path),
        )
        for story in stories
        for to_kind, to_id, model_path, content_path in sorted(
            set(ReferenceIndex._extract_references_from_object(story))
        )
    )
