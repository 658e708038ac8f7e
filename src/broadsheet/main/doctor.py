"""
What is wrong with this installation, and what to do: one finding a line.

Each check looks at one thing and answers for itself; a check that cannot look says so
as a failure, so that one broken part never hides the others.
"""

from __future__ import annotations

import shutil
import smtplib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, timedelta
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.db import connection

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.gate.house import queries as gate
from broadsheet.gate.store import StoreDown
from broadsheet.kit import clock
from broadsheet.plumbing import outbox, publication

from .operating import pending_migrations

Level = Literal["ok", "warn", "fail"]
GIGABYTE = 10**9
SKEW_MAX = timedelta(seconds=2)
HEARTBEAT_MAX = timedelta(seconds=45)
BACKLOG_AGE_MAX = timedelta(minutes=5)


class Finding(NamedTuple):
    what: str
    level: Level
    said: str


Look = Callable[[], tuple[Level, str]]


def look_at_settings() -> tuple[Level, str]:
    given = settings.BROADSHEET
    if given.debug:
        return "warn", "BROADSHEET_DEBUG is 1; never so where readers come."
    local = given.host in ("127.0.0.1", "localhost", "::1")
    if not local and not given.origin.startswith("https://"):
        return "warn", f"{given.origin} is not https; readers' cookies need it."
    return "ok", f"served as {given.origin}"


def look_at_database() -> tuple[Level, str]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        version = int(cursor.fetchone()[0]) // 10000
    if version < 14:
        return "fail", f"PostgreSQL {version} is too old; give 14 or newer."
    return "ok", f"PostgreSQL {version} answers"


def look_at_migrations() -> tuple[Level, str]:
    pending = pending_migrations()
    if pending:
        return "fail", f"{len(pending)} are not applied; run `broadsheet prepare`."
    return "ok", "all applied"


def look_at_clock() -> tuple[Level, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        skew = abs(clock.wall() - cursor.fetchone()[0].astimezone(UTC))
    if skew > SKEW_MAX:
        seconds = skew.total_seconds()
        return "fail", f"database and machine differ by {seconds:.0f} s; run NTP."
    offset = publication.current().clock_offset
    if offset:
        return (
            "warn",
            f"the publication lives {offset} ahead; `broadsheet clock reset`.",
        )
    return "ok", "database and machine agree"


def look_at_disk() -> tuple[Level, str]:
    free = shutil.disk_usage(settings.BROADSHEET.var).free / GIGABYTE
    if free < 0.2:
        return "fail", f"{free:.1f} GB free; make room now."
    if free < 2:
        return "warn", f"{free:.1f} GB free; make room soon."
    return "ok", f"{free:.0f} GB free"


def look_at_var() -> tuple[Level, str]:
    probe = settings.BROADSHEET.var / ".doctor"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return "fail", f"{probe.parent} is not writable ({error.strerror})."
    return "ok", f"{probe.parent} is writable"


def look_at_mail() -> tuple[Level, str]:
    parts = urlsplit(settings.BROADSHEET.smtp_url)
    door = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    where = f"{parts.hostname}:{settings.EMAIL_PORT}"
    try:
        with door(parts.hostname or "", settings.EMAIL_PORT, timeout=5) as server:
            server.noop()
    except (OSError, smtplib.SMTPException):
        return "fail", f"nobody answers at {where}; see BROADSHEET_SMTP_URL."
    return "ok", f"a mail server answers at {where}"


def look_at_gateway() -> tuple[Level, str]:
    parts = urlsplit(settings.BROADSHEET.gateway_url)
    try:
        httpx.get(settings.BROADSHEET.gateway_url, timeout=5)
    except httpx.HTTPError:
        return "fail", (
            f"nobody answers at {parts.netloc}; see BROADSHEET_GATEWAY_URL."
        )
    return "ok", f"the payment gateway answers at {parts.netloc}"


def look_at_meter() -> tuple[Level, str]:
    address = settings.BROADSHEET.meter_url
    if address is None:
        return "ok", "counts in PostgreSQL"
    try:
        facts = gate.meter_facts()
    except StoreDown as error:
        return "fail", f"{address.shown}: {error}; see BROADSHEET_METER_URL."
    for (host, port), told in facts:
        for advice in _meter_advice(told, cluster=address.cluster):
            return "warn", f"{host}:{port} {advice}"
    kind = "a cluster" if address.cluster else "Valkey or Redis"
    return "ok", f"counts in {kind} at {address.shown}"


def _meter_advice(told: Mapping[str, object], *, cluster: bool) -> Iterator[str]:
    """Yield what a server says of itself that would let it forget counts."""
    if told.get("cluster_enabled") and not cluster:
        yield "is of a cluster; write valkey+cluster:// in BROADSHEET_METER_URL."
    if told.get("maxmemory_policy") != "noeviction":
        yield "may evict counts; set its maxmemory-policy to noeviction."
    if not told.get("aof_enabled"):
        yield "loses counts when it restarts; set its appendonly to yes."


def look_at_worker() -> tuple[Level, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), now() - max(last_heartbeat) FROM procrastinate_workers"
        )
        count, silence = cursor.fetchone()
    if not count:
        return "fail", "none was ever seen; start `broadsheet worker`."
    if silence > HEARTBEAT_MAX:
        minutes = silence.total_seconds() / 60
        return "fail", f"silent for {minutes:.0f} min; start `broadsheet worker`."
    return "ok", "a job worker is alive"


def look_at_outbox() -> tuple[Level, str]:
    backlog = outbox.backlog()
    if backlog.failed:
        return "warn", f"{backlog.failed} deliveries failed; see `broadsheet outbox`."
    late = backlog.oldest_at and publication.now() - backlog.oldest_at
    if late and late > BACKLOG_AGE_MAX:
        return "warn", f"{backlog.waiting} wait, the oldest for {late}; more workers?"
    return "ok", f"{backlog.waiting} deliveries wait"


def look_at_policy() -> tuple[Level, str]:
    policy = gate.policy()
    return "ok", f"{policy.limit_anonymous} free stories before the wall"


def look_at_plans() -> tuple[Level, str]:
    plans = catalogue.plans(publication.now())
    if not plans:
        return "warn", "none is on sale; add one at the desk."
    return "ok", f"{len(plans)} on sale"


CHECKS: dict[str, Look] = {
    "settings": look_at_settings,
    "database": look_at_database,
    "migrations": look_at_migrations,
    "clock": look_at_clock,
    "disk": look_at_disk,
    "var": look_at_var,
    "mail": look_at_mail,
    "gateway": look_at_gateway,
    "meter": look_at_meter,
    "worker": look_at_worker,
    "outbox": look_at_outbox,
    "policy": look_at_policy,
    "plans": look_at_plans,
}


def examine() -> list[Finding]:
    """Return what each check found, in order."""
    return [Finding(what, *_look(look)) for what, look in CHECKS.items()]


def _look(look: Look) -> tuple[Level, str]:
    try:
        return look()
    except Exception as error:  # A broken part must not hide the others.
        first = (str(error).splitlines() or [""])[0]
        return "fail", f"could not be looked at ({type(error).__name__}: {first})."
