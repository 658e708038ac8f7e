"""What the archive stores: imports, old addresses, and the search entries."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _


class ImportRun(models.Model):
    """One import: who brought in what, when, and the whole report."""

    origin = models.CharField(_("origin"), max_length=40)
    files = models.JSONField(_("files"), default=list)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)  # None: it was killed.
    by = models.CharField(_("by"), max_length=150, blank=True)
    report = models.JSONField(_("report"), default=dict)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return f"{self.origin}, {self.started_at:%d %B %Y}"


class BroughtItem(models.Model):
    """An item that came in: which story it is now, and a digest of what came."""

    origin = models.CharField(max_length=40)
    origin_id = models.CharField(max_length=200)
    story = models.ForeignKey(
        "newsroom.Story", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    digest = models.CharField(max_length=64)
    live = models.BooleanField()  # Whether we published it; the desk may since differ.
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "origin_id"], name="an_item_comes_in_once"
            )
        ]


class BroughtPicture(models.Model):
    """A picture that came in, by where it was."""

    origin = models.CharField(max_length=40)
    address_digest = models.CharField(max_length=64)
    address = models.TextField()
    # Wagtail's image may be deleted at the desk; then it is fetched again.
    picture = models.ForeignKey(
        "newsroom.Picture", on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "address_digest"], name="a_picture_comes_in_once"
            )
        ]


class OldAddress(models.Model):
    """An address that a story had elsewhere; whoever asks for it is sent on."""

    digest = models.CharField(max_length=64, unique=True)
    address = models.TextField()
    story = models.ForeignKey(
        "newsroom.Story", on_delete=models.CASCADE, related_name="+"
    )


class SearchEntry(models.Model):
    """
    What of a live story may be matched and shown by a search: all of a free one, the
    lead-in of any other. Withheld words are not in this table, so no query, no count
    and no snippet can tell anything about them.
    """

    story = models.OneToOneField(
        "newsroom.Story", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    published_at = models.DateTimeField()
    text = models.TextField()
    vector = SearchVectorField()

    class Meta:
        indexes = [
            GinIndex(fields=["vector"], name="search_by_words"),
            models.Index(
                fields=["-published_at", "-story"], name="search_newest_first"
            ),
        ]
