"""The application of a web process behind gates of their own: Django, without a gate."""

from __future__ import annotations

from django.conf import settings

from broadsheet.gate.alone import Backroom, hop
from broadsheet.main.web import django, errands, settle

application = Backroom(django, errands, hop.token_of(settings.BROADSHEET.secret))
settle()
