"""
Who hears what, on one page. `at_once` runs inside the transaction that announces;
`later` runs in a job worker after it, and may run twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from broadsheet.plumbing import jobs, outbox
from broadsheet.plumbing.outbox import Heard

ROUTES: Mapping[type, Heard] = {}


def connect() -> None:
    outbox.connect(ROUTES, defer=jobs.defer)
