"""Which of the readers' pages list a story."""

from __future__ import annotations

from collections.abc import Sequence

from django.apps import apps

FRONT = "/"


def listed_on(story_ids: Sequence[int]) -> frozenset[str]:
    """
    Return the addresses of the pages that list these stories, as they are stored now:
    the front, and of each its section, authors and topics. Costs two queries.
    """
    stories = apps.get_model("newsroom.Story").objects.filter(pk__in=story_ids)
    placings = apps.get_model("newsroom.Placing").objects.filter(story__in=story_ids)
    found = {FRONT}
    for slug in stories.values_list("section__slug", flat=True).distinct():
        found.add(f"/{slug}/")
    places = placings.values_list("author__slug", "tag__slug").distinct()
    for author, topic in places:
        found.add(f"/topics/{topic}/" if author is None else f"/authors/{author}/")
    return frozenset(found)
