"""
What machines ask: is it alive, may it have traffic, how does it fare.

`/healthz` looks at nothing but itself. `/readyz` looks at the database and its
migrations. `/metrics` is answered to a direct caller on this machine, or to whoever
holds the metrics token; a proxy's callers are not on this machine.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from broadsheet.kit import clock
from broadsheet.plumbing import outbox

REQUESTS = Counter(
    "broadsheet_requests_total", "Answers, by route and status.", ("route", "status")
)
SECONDS = Histogram(
    "broadsheet_request_seconds", "Time to an answer, by route.", ("route",)
)
JOBS = """
    SELECT status::text, count(*) FROM procrastinate_jobs
    WHERE status IN ('todo', 'doing', 'failed') GROUP BY status
"""


def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives. Asks nobody."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """The process may have traffic, or 503 with the reason. Costs two queries."""
    reason = _not_ready()
    if reason:
        return JsonResponse({"ready": False, "reason": reason}, status=503)
    return JsonResponse({"ready": True})


def _not_ready() -> str | None:
    try:
        pending = pending_migrations()
    except DatabaseError as error:
        return f"The database does not answer: {type(error).__name__}."
    if pending:
        return f"{len(pending)} migrations are not applied, {pending[0]} first."
    return None


def pending_migrations() -> list[str]:
    """Return what `broadsheet prepare` would apply. Costs a query and reads files."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def metrics(request: HttpRequest) -> HttpResponse:
    """Everything counted, for Prometheus. Costs two queries."""
    if not _may_read_metrics(request):
        return HttpResponse("The metrics token is missing.\n", status=403)
    counted = generate_latest(_counters())
    measured = generate_latest(_measures())
    return HttpResponse(counted + measured, content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics(request: HttpRequest) -> bool:
    token = settings.BROADSHEET.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    forwarded = {"X-Forwarded-For", "Forwarded", "X-Real-Ip"} & set(request.headers)
    return not forwarded and _is_loopback(request.META.get("REMOTE_ADDR", ""))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _counters() -> CollectorRegistry:
    """Return this process's counters, or those of all workers, added up."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # Untyped there.
    return registry


class Measures:
    """What the database knows, measured when it is asked for."""

    def collect(self) -> Iterator[Metric]:
        backlog = outbox.backlog()
        age = 0.0
        if backlog.oldest_at is not None:
            age = (clock.wall() - backlog.oldest_at).total_seconds()
        yield GaugeMetricFamily(
            "broadsheet_outbox_waiting", "Deliveries that wait.", backlog.waiting
        )
        yield GaugeMetricFamily(
            "broadsheet_outbox_failed", "Of them, failed before.", backlog.failed
        )
        yield GaugeMetricFamily(
            "broadsheet_outbox_oldest_seconds", "Age of the oldest that waits.", age
        )
        jobs = GaugeMetricFamily(
            "broadsheet_jobs", "Jobs in the queue, by status.", labels=("status",)
        )
        with connection.cursor() as cursor:
            cursor.execute(JOBS)
            for status, count in cursor.fetchall():
                jobs.add_metric((status,), count)
        yield jobs


def _measures() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Measures())
    return registry


PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}


def observe(route: str, status: int, seconds: float) -> None:
    """Count one answer. `route` is a name from urls.py, never a path."""
    REQUESTS.labels(route, str(status)).inc()
    SECONDS.labels(route).observe(seconds)


def route_name(match: Any) -> str:
    """Return the matched route's name; whatever matched nothing is one route."""
    return (match.view_name or "unnamed") if match is not None else "none"
