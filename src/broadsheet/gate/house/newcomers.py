"""
The tables of the new-identity budget. Written only by `store.newcomers`; no address is in
them, and what is in them is deleted when its window is over.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class NewcomerSalt(models.Model):
    """The secret of a window, under which networks are hashed."""

    begins = models.DateTimeField(primary_key=True)
    secret = models.BinaryField()


class NewcomerRow(models.Model):
    """The devices that a network has brought in a window: a meter row by its columns."""

    identity = models.UUIDField(primary_key=True)  # The network, hashed.
    allowance = models.IntegerField()
    since = models.DateTimeField(db_index=True)
    stories = ArrayField(models.BigIntegerField())  # The devices, hashed.
    read_at = ArrayField(models.DateTimeField())
    opened = models.BooleanField()
    pools = ArrayField(models.CharField(max_length=40))  # "new" or "known".
    drawn = models.IntegerField()
