"""Making a database and the static files ready for the code that is installed."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from broadsheet.front.desk import roles
from broadsheet.front.web import pressing
from broadsheet.gate.house import actions as gate
from broadsheet.main import demo, fingerprint
from broadsheet.main.demo.paper import Progress
from broadsheet.plumbing import publication
from broadsheet.plumbing.models import Publication


def prepare(*, with_demo: bool, progress: Progress = iter) -> None:
    """
    Migrate and collect static files, and open the desk's roles; then, if this is another release than the last, have
    every page pressed anew when it is next asked for; or open the demo in an empty
    database. `progress` watches the demo's stories being printed.
    """
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    roles.open_roles()
    gate.tend_records(at=publication.now())
    opened = Publication.objects.exists()
    if not opened and with_demo:
        demo.open_demo(publication.now(), progress=progress)
    _install(publication.now(), anew=opened)


@transaction.atomic
def _install(at: datetime, *, anew: bool) -> None:
    """Pages are filed as HTML: those of another release have its words and its look."""
    if anew:
        pressing.furnish(at=at)
    seal = fingerprint.release(settings.BROADSHEET.origin)
    if gate.install(seal, at=at) and anew:
        gate.forget_pages(None, at=at)
        gate.forget_listings(None, at=at)
