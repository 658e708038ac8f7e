"""
What does the outbox cost? A fact announced in its transaction and delivered to one
hearer, against the same rows written by hand: an INSERT of a fact and a job, and an
UPDATE. Deliveries run one after another in one process, without a job worker. Neither
waits for the disk, whose noise would hide the difference; the two take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.main.settings")
os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")

ROUNDS = 5
AT = datetime(2026, 8, 3, 4, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Printed:
    edition: int


def hear(event: Printed, at: datetime) -> None:
    """A hearer that does nothing, so that only the outbox is measured."""


def announce_and_deliver(times: int) -> None:
    from django.db import transaction

    from broadsheet.plumbing import jobs, outbox

    waiting: list[int] = []

    def defer(delivery_id: int) -> None:
        jobs.defer(delivery_id)
        waiting.append(delivery_id)

    outbox.connect({Printed: outbox.Heard(later=(hear,))}, defer=defer)
    for edition in range(times):
        with transaction.atomic():
            outbox.announce(Printed(edition), at=AT)
    for delivery_id in waiting:
        outbox.deliver(delivery_id, at=AT)


def bare_rows(times: int) -> None:
    from django.db import connection, transaction

    keys = []
    with connection.cursor() as cursor:
        for edition in range(times):
            with transaction.atomic():
                key = uuid.uuid4()
                cursor.execute(
                    "INSERT INTO plumbing_announcement (id, topic, payload, at)"
                    " VALUES (%s, 'bare', %s, %s)",
                    (key, json.dumps({"edition": edition}), AT),
                )
                cursor.execute(
                    "INSERT INTO plumbing_delivery"
                    " (announcement_id, handler, attempts, last_error)"
                    " VALUES (%s, 'bare', 0, '') RETURNING id",
                    (key,),
                )
                keys.append(cursor.fetchone()[0])
                cursor.execute(
                    "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
                    " VALUES ('bare', 'bare', '{}')"
                )
        for key in keys:
            cursor.execute(
                "UPDATE plumbing_delivery SET attempts = 1, done_at = %s WHERE id = %s",
                (AT, key),
            )


def rate(work: Callable[[int], None], times: int) -> float:
    began = time.perf_counter()
    work(times)
    return times / (time.perf_counter() - began)


def measure(times: int) -> dict[str, object]:
    """Return the best of `ROUNDS` turns of each, after one that only warms up."""
    rate(announce_and_deliver, 10), rate(bare_rows, 10)
    turns = [
        (rate(announce_and_deliver, times), rate(bare_rows, times))
        for _ in range(ROUNDS)
    ]
    ours, bare = (max(rates) for rates in zip(*turns, strict=True))
    return {
        "claim": "what an announced and delivered fact costs, in bare ones",
        "figures": {
            "outbox_facts_per_second": round(ours),
            "bare_facts_per_second": round(bare),
        },
        "ratios": {"outbox_of_bare": round(ours / bare, 2)},
        "against": "three INSERTs in a transaction and an UPDATE, by hand, same server",
    }


def in_a_scratch_database(times: int) -> dict[str, object]:
    """Measure in a test database, made and dropped here, so that no paper is touched."""
    import django
    from django.db import connection

    django.setup()
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0)
    try:
        return measure(times)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="Fewer rounds.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    options = parser.parse_args()
    found = in_a_scratch_database(100 if options.quick else 1000)
    if options.json:
        print(json.dumps(found))
        return
    for part in ("figures", "ratios"):
        for name, figure in found[part].items():
            print(f"{name:28} {figure:>10}")
    print(f"against: {found['against']}")


if __name__ == "__main__":
    main()
