"""What happened to a story, and where a live one is listed: a row each."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Correction(models.Model):
    """What was wrong, as readers are told it under the story."""

    story = models.ForeignKey(
        "newsroom.Story", on_delete=models.CASCADE, related_name="corrections"
    )
    text = models.TextField(_("what was wrong"))
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["story", "at"], name="correction_of_story")]


class Withdrawal(models.Model):
    """A story was taken down: why, when, by whom. One row each time."""

    story = models.ForeignKey(
        "newsroom.Story", on_delete=models.CASCADE, related_name="withdrawals"
    )
    reason = models.TextField(_("reason"), blank=True)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["story", "at"], name="withdrawal_of_story")]


class Placing(models.Model):
    """
    A live story's place in the river of one author or one topic.

    It repeats when the story was published, so that one index answers "the twenty
    stories before this one" for a topic of half a million stories. Written anew each
    time a story goes live; there is none of a story that is not.
    """

    story = models.ForeignKey(
        "newsroom.Story", on_delete=models.CASCADE, related_name="placings"
    )
    author = models.ForeignKey(
        "newsroom.Author", null=True, on_delete=models.CASCADE, related_name="+"
    )
    tag = models.ForeignKey(
        "taggit.Tag", null=True, on_delete=models.CASCADE, related_name="+"
    )
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(author=None, tag__isnull=False)
                | Q(author__isnull=False, tag=None),
                name="a_placing_has_one_river",
            ),
            models.UniqueConstraint(
                fields=["story", "author", "tag"],
                nulls_distinct=False,
                name="a_story_is_placed_once",
            ),
        ]
        indexes = [
            models.Index(
                "author",
                models.F("published_at").desc(),
                models.F("story_id").desc(),
                name="river_of_author",
                condition=Q(author__isnull=False),
            ),
            models.Index(
                "tag",
                models.F("published_at").desc(),
                models.F("story_id").desc(),
                name="river_of_topic",
                condition=Q(tag__isnull=False),
            ),
        ]
