"""
How long does the desk wait for a reader among a million? Each kind of question that the
search box takes, as the desk asks it, against the naive way: ILIKE '%…%' over the same
rows, in the same run, in a database that is made for it and dropped.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import quantiles

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.main.settings")
os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")

AT = datetime(2026, 8, 3, 4, 30, tzinfo=UTC)
FIRST = (
    "Aarav Aditi Amit Ananya Anil Arjun Asha Bina Deepa Devika Farah Gopal Hari Imran "
    "Isha Jaya Kabir Karan Kavya Lakshmi Leela Manoj Meera Mohan Nadia Neha Nikhil Pooja "
    "Priya Rahul Rajesh Ravi Rohan Sana Sanjay Shreya Sunita Tara Uma Vijay Vikram Zoya"
).split()
LAST = (
    "Agarwal Banerjee Bose Chatterjee Das Desai Fernandes Ghosh Gupta Iyer Jain Joshi "
    "Kapoor Khan Kulkarni Kumar Mehta Menon Mishra Nair Patel Pillai Qadri Rao Reddy Roy "
    "Sen Shah Sharma Singh Subramanian Thomas Varghese Verma"
).split()
HOSTS = ("gmail.com", "yahoo.co.in", "outlook.com", "rediffmail.com", "mail.example")
# What a name has at its end, so that some names are rare, as in life.
RARE = "abcdefghijklmnopqrstuvwxyz"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def name(n: int, rng: random.Random) -> str:
    last = rng.choice(LAST)
    if n % 20 == 0:
        last += "".join(rng.choices(RARE, k=4))
    return f"{rng.choice(FIRST)} {last}"


def rows(count: int) -> Iterator[tuple[int, uuid.UUID, str, str]]:
    rng = random.Random(7)
    for n in range(1, count + 1):
        called = name(n, rng)
        mail = f"{called.lower().replace(' ', '.')}{n}@{rng.choice(HOSTS)}"
        yield n, uuid.UUID(int=rng.getrandbits(128), version=4), mail, called


def load(count: int) -> None:
    """Copy readers, a contract, an invoice and a payment each; a minute for a million."""
    from django.db import connection

    from broadsheet.business.catalogue import actions as catalogue
    from broadsheet.business.catalogue.models import PlanVersion

    catalogue.open_shop(at=AT)
    version = PlanVersion.objects.order_by("pk").first()
    assert version is not None
    began = time.perf_counter()
    with connection.cursor() as cursor:
        # The rows are found by, not read: no invoice has lines, and no guard is asked.
        cursor.execute("SET session_replication_role = replica")
        people = "readers_reader (id, public_id, email, name, password, is_superuser, is_staff, is_active, joined_at, session_epoch)"
        with cursor.copy(f"COPY {people} FROM STDIN") as copy:
            for n, public, mail, called in rows(count):
                copy.write_row(
                    (n, public, mail, called, "!", False, False, True, AT, 0)
                )
                if n % 200_000 == 0:
                    rate = n / (time.perf_counter() - began)
                    say(f"{n:>9,} readers, {rate:,.0f} a second")
        for statement in DERIVED:
            cursor.execute(statement, {"version": version.pk, "at": AT})
            say(f"{cursor.rowcount:>9,} rows of {statement.split()[2]}")
        cursor.execute("VACUUM ANALYZE")


DERIVED = (
    """INSERT INTO subscriptions_subscription (id, reader_id, plan_version_id, status,
       anchor_date, anchor_tz, anchor_k, k, period_start, period_end, paid_through,
       worth_minor, worth_days, due_at, renews, failures, made_at, started_at, row_version,
       opening_k)
       SELECT gen_random_uuid(), public_id, %(version)s, 'active', date '2026-08-03',
       'Asia/Kolkata', 0, 0, date '2026-08-03', date '2026-11-03', %(at)s + id * interval '7 s',
       90000, 92, %(at)s + id * interval '7 s', true, 0, %(at)s, %(at)s - id * interval '1 s', 2, 0
       FROM readers_reader""",
    """INSERT INTO ledger_invoice (id, subscription_ref, reader, kind, period_index, status,
       currency, total_minor, taxable_minor, tax_minor, round_off_minor, recipient,
       recipient_address, recipient_gstin, place_of_supply, made_at, series, financial_year,
       sequence, number, seller_name, seller_address, seller_gstin, issued_at, paid_at)
       SELECT gen_random_uuid(), s.id, s.reader_id, 'first', 0, 'paid', 'INR', 90000, 90000,
       0, 0, '', '', '', '27', %(at)s, 'BS', '26-27', r.id, 'BS/26-27/' || lpad(r.id::text, 7, '0'),
       '', '', '', %(at)s, %(at)s FROM subscriptions_subscription s
       JOIN readers_reader r ON r.public_id = s.reader_id""",
    """INSERT INTO payments_payment (id, invoice_ref, reader_id, amount_minor, currency,
       made_at) SELECT gen_random_uuid(), id::text, reader, 90000, 'INR', %(at)s
       FROM ledger_invoice""",
    """INSERT INTO payments_attempt (id, payment_id, n, provider, idempotency_key,
       request_fingerprint, description, return_url, provider_ref, pay_at, status,
       captured_minor, refunded_minor, hard, reason, made_at, settled_at, checks)
       SELECT gen_random_uuid(), id, 1, 'paper', id::text, '', '', '',
       'pay_' || substr(md5(id::text), 1, 14), '', 'succeeded', 90000, 0, false, '', %(at)s,
       %(at)s, 0 FROM payments_payment""",
)
NAIVE = {
    "mail": "SELECT id FROM readers_reader WHERE email ILIKE %s ORDER BY email LIMIT 20",
    "name": "SELECT id FROM readers_reader WHERE name ILIKE %s ORDER BY name LIMIT 20",
    "invoice": "SELECT reader FROM ledger_invoice WHERE number ILIKE %s LIMIT 20",
    "payment": "SELECT payment_id FROM payments_attempt WHERE provider_ref ILIKE %s LIMIT 20",
    "contract": "SELECT reader_id FROM subscriptions_subscription WHERE id::text ILIKE %s LIMIT 20",
}


def questions(count: int, times: int) -> dict[str, tuple[str, list[str]]]:
    """Return for each kind the naive query it stands against, and what is asked."""
    from django.db import connection

    rng = random.Random(11)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.email, r.name, i.number, a.provider_ref, i.subscription_ref"
            " FROM readers_reader r JOIN ledger_invoice i ON i.reader = r.public_id"
            " JOIN payments_payment p ON p.invoice_ref = i.id::text"
            " JOIN payments_attempt a ON a.payment_id = p.id WHERE r.id = ANY(%s)",
            [[rng.randint(1, count) for _ in range(times)]],
        )
        found = cursor.fetchall()
    return {
        "mail, whole": ("mail", [one[0] for one in found]),
        "mail, beginning": ("mail", [one[0][: rng.randint(3, 9)] for one in found]),
        "name, first and last": ("name", [one[1] for one in found]),
        "name, a common word": ("name", [one[1].split()[0] for one in found]),
        "name, a beginning": ("name", [one[1].split()[1][:3] for one in found]),
        "invoice number": ("invoice", [one[2] for one in found]),
        "payment reference": ("payment", [one[3] for one in found]),
        "subscription number": ("contract", [str(one[4]) for one in found]),
    }


def timed(work: Callable[[str], object], asked: list[str]) -> dict[str, float]:
    """Return the percentiles in milliseconds, after a tenth that only warms up."""
    for text in asked[: max(1, len(asked) // 10)]:
        work(text)
    took = []
    for text in asked:
        began = time.perf_counter()
        work(text)
        took.append((time.perf_counter() - began) * 1000)
    cut = quantiles(took, n=100, method="inclusive")
    return {"p50": cut[49], "p95": cut[94], "p99": cut[98]}


def ask(text: str) -> object:
    from broadsheet.front.desk.subscribers import finding

    found = finding.find(text, masked=False)
    assert found, text
    return found


def naively(kind: str) -> Callable[[str], object]:
    from django.db import connection

    def work(text: str) -> object:
        with connection.cursor() as cursor:
            cursor.execute(NAIVE[kind], [f"%{text}%"])
            return cursor.fetchall()

    return work


def measure(count: int, times: int) -> dict[str, object]:
    load(count)
    figures: dict[str, float] = {"readers": count}
    ratios: dict[str, float] = {}
    for label, (kind, asked) in questions(count, times).items():
        ours = timed(ask, asked)
        naive = timed(naively(kind), asked[: max(10, times // 10)])
        for part in ("p50", "p95", "p99"):
            figures[f"{label}: ours {part} ms"] = round(ours[part], 2)
            figures[f"{label}: ILIKE {part} ms"] = round(naive[part], 2)
        ratios[f"{label}: ILIKE of ours, p50"] = round(naive["p50"] / ours["p50"], 1)
        say(f"{label:22} ours p99 {ours['p99']:8.2f} ms, ILIKE {naive['p99']:8.2f} ms")
    return {
        "claim": "how long the desk waits for a reader, by kind of question",
        "figures": figures,
        "ratios": ratios,
        "against": "ILIKE '%…%' over the same rows, same server, same run",
    }


def in_a_scratch_database(count: int, times: int) -> dict[str, object]:
    """Measure in a test database, made and dropped here, so that no paper is touched."""
    import django
    from django.db import connection

    django.setup()
    real = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        return measure(count, times)
    finally:
        connection.creation.destroy_test_db(real, verbosity=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="Fifty thousand readers.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    options = parser.parse_args()
    size = (50_000, 60) if options.quick else (1_000_000, 100)
    found = in_a_scratch_database(*size)
    if options.json:
        print(json.dumps(found))
        return
    for part in ("figures", "ratios"):
        for label, figure in found[part].items():  # type: ignore[attr-defined]
            print(f"{label:40} {figure:>12}")
    print(f"against: {found['against']}")


if __name__ == "__main__":
    main()
