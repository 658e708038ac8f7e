"""The gate's tables of what is pressed beside the stories."""

from __future__ import annotations

from django.db import models


class PressedListing(models.Model):
    """The front, or the first page of a section, an author or a topic."""

    path = models.CharField(max_length=200, primary_key=True)
    html = models.BinaryField()
    masthead = models.CharField(max_length=16)  # A seal of what every page repeats.
    made_at = models.DateTimeField()  # On the publication's clock; so is `until`.
    until = models.DateTimeField(db_index=True)
    begun_at = (
        models.DateTimeField()
    )  # On the database's own clock, the nodes' only one.
    seen = models.TextField()  # The snapshot that the press began with.


class Release(models.Model):
    """The code and the theme that the filed pages were pressed with: one row."""

    seal = models.CharField(max_length=64)
    installed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pk=1), name="there_is_one_release"
            )
        ]
