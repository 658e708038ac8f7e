"""
The one application: Django, and the gate in front of it.

The gate has its own connections to PostgreSQL and never asks Django, but for the few
errands that it cannot run itself.
"""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext

from broadsheet.main import gatehouse
from broadsheet.main.web import django, errands, keyring, settle
from broadsheet.plumbing import database

application = gatehouse.build(
    django,
    settings.BROADSHEET,
    database=database.address(settings.BROADSHEET),
    errands=errands,
    keyring=keyring(),
    # In the language of the settings: the publication's own is in the database, and this
    # is said when that is out of reach.
    apology=gettext("The story is out of reach for a moment. Please try again."),
)
settle()
