"""The gate's counts among the metrics, in whatever process it lives. No Django here."""

from __future__ import annotations

import collections

from prometheus_client import Counter

from broadsheet.gate.asgi import Tally

VIEWS = Counter(
    "broadsheet_gate_views_total",
    "Views of stories, by the gate's reason.",
    ("reason",),
)
LISTINGS = Counter(
    "broadsheet_gate_listings_total",
    "Answers for the front and its like, by how they were had.",
    ("how",),
)
FAULTS = Counter("broadsheet_gate_faults_total", "What failed the gate.", ("fault",))


class Watched(collections.Counter[str]):
    """A plain count that Prometheus follows. The gate knows only the plain one."""

    def __init__(self, metric: Counter) -> None:
        super().__init__()
        self._metric = metric
        # Finding a label's own counter costs more than counting; each view counts.
        self._labelled: dict[str, Counter] = {}

    def __setitem__(self, key: str, value: int) -> None:
        labelled = self._labelled.get(key)
        if labelled is None:
            labelled = self._labelled[key] = self._metric.labels(key)
        labelled.inc(value - self[key])
        super().__setitem__(key, value)


def watch(tally: Tally) -> None:
    """Let the gate's counts appear among the metrics."""
    tally.views = Watched(VIEWS)
    tally.faults = Watched(FAULTS)
    tally.listings = Watched(LISTINGS)
