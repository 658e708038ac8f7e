"""Making a database and the static files ready for the code that is installed."""

from __future__ import annotations

from django.core.management import call_command

from broadsheet.main import demo
from broadsheet.main.demo.paper import Progress
from broadsheet.plumbing import publication
from broadsheet.plumbing.models import Publication


def prepare(*, with_demo: bool, progress: Progress = iter) -> None:
    """
    Migrate, collect static files, and open the demo in an empty database. `progress`
    watches the demo's stories being printed.
    """
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    if with_demo and not Publication.objects.exists():
        demo.open_demo(publication.now(), progress=progress)
