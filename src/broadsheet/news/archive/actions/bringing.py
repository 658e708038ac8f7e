"""
Bringing an export in. Each post is a transaction of its own, so an import that is
killed goes on where it stood, and what was brought in before is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from django.db import transaction

from broadsheet.plumbing import publication

from ..models import ImportRun
from . import fetch
from .gallery import Gallery
from .options import Options
from .report import STORED_NOTES, Report
from .running import Progress, Run
from .survey import survey


def bring_in(
    files: Sequence[Path],
    options: Options = Options(),  # noqa: B008  It is frozen.
    *,
    at: datetime,
    now: Callable[[], datetime] = publication.now,
    progress: Progress = lambda _bytes: None,
) -> Report:
    """
    Bring every story of an export in, and return what was done. Reads the files twice;
    `progress` hears of the bytes read, both times; `now` is asked when it ended. A dry run does all of it in one
    transaction, pictures included, and takes it back.

    Raise `NotAnExport`, before anything is written, if a file cannot be read whole.
    """
    found = survey(files, progress)
    origin = origin_of(found.host)
    find = None
    if options.fetch_pictures:
        folder, hosts = options.pictures_from, options.allowed_hosts
        find = fetch.finder(folder=folder, allowed_hosts=hosts)
    gallery = Gallery(found, find, origin=origin)
    run = Run(found, gallery, options, origin=origin, at=at)
    if options.dry_run:
        _rehearse(run, files, progress)
    else:
        row = ImportRun.objects.create(
            origin=origin,
            files=[path.name for path in files],
            started_at=at,
            by=options.by,
        )
        run.bring(files, progress)
        row.finished_at = now()
        row.report = run.report.as_json(limit=STORED_NOTES)
        row.save()
    return run.report


def _rehearse(run: Run, files: Sequence[Path], progress: Progress) -> None:
    """Do everything, then take it back: the database's rows, and the pictures' files."""
    try:
        with transaction.atomic():
            run.bring(files, progress)
            transaction.set_rollback(True)
    finally:
        run.gallery.discard()


def origin_of(host: str) -> str:
    """Return the newsroom's name for a site; it has room for forty characters."""
    if len(host) <= 36:
        return f"wxr:{host}"
    return f"wxr:{host[:27]}-{sha256(host.encode()).hexdigest()[:8]}"
