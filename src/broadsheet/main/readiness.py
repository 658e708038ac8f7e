"""Making a database and the static files ready for the code that is installed."""

from __future__ import annotations

from datetime import datetime

from django.core.management import call_command

from broadsheet.front.web import pressing
from broadsheet.gate.house import actions as gate
from broadsheet.main import demo
from broadsheet.main.demo.paper import Progress
from broadsheet.plumbing import publication
from broadsheet.plumbing.models import Publication


def prepare(*, with_demo: bool, progress: Progress = iter) -> None:
    """
    Migrate and collect static files; then have every story pressed anew when it is next
    asked for, or open the demo in an empty database. `progress` watches the demo's
    stories being printed.
    """
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    gate.tend_records(at=publication.now())
    if Publication.objects.exists():
        _press_anew(publication.now())
    elif with_demo:
        demo.open_demo(publication.now(), progress=progress)


def _press_anew(at: datetime) -> None:
    """Pages are filed as HTML: those of the last release have its words and its look."""
    pressing.furnish(at=at)
    gate.forget_pages(None, at=at)
