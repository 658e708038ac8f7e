"""Subscriptions by the million, and a gateway's half of a charge without a gateway."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta

AT = datetime(2026, 8, 3, 4, 30, tzinfo=UTC)
DUE = AT + timedelta(days=92)
PAYMENT = {
    "status": "succeeded", "hard": False, "reason": "", "pay_url": "http://paper.invalid/", "method": None,
    "refunded": 0, "disputes": [],
}  # fmt: skip

# One bought by the verbs is the pattern; the others are written by PostgreSQL itself.
ROWS = {
    "readers_reader": """jsonb_build_object('id', 10000000 + i,
        'public_id', md5('r' || i)::uuid, 'email', 'r' || i || '@example.com')""",
    "payments_paymentmethod": """jsonb_build_object('id', md5('m' || i)::uuid,
        'reader_id', md5('r' || i)::uuid, 'token_ref', 'pm_bench_' || i)""",
    "subscriptions_subscription": """jsonb_build_object('id', md5('s' || i)::uuid,
        'reader_id', md5('r' || i)::uuid, 'method_ref', md5('m' || i)::uuid,
        'due_at', CASE WHEN i <= %(due)s THEN t.due_at
                  ELSE t.due_at + interval '1 day' + i %% 90 * interval '1 day' END)""",
    "subscriptions_subscriptionevent": """jsonb_build_object(
        'id', 10000000 + i * 10 + t.n, 'subscription_id', md5('s' || i)::uuid)""",
}


class Stub:
    """The gateway's half of a charge, without a gateway: yes, under any key."""

    def __new__(cls):
        import httpx

        class Transport(httpx.BaseTransport):
            def handle_request(self, request):
                asked = json.loads(request.content or b"{}")
                key = request.headers.get("idempotency-key", "")
                return httpx.Response(
                    201,
                    json={
                        **PAYMENT,
                        "id": f"pay_{key}",
                        "idempotency_key": key,
                        "reference": asked.get("reference", "none"),
                        "currency": asked.get("currency", "INR"),
                        "captured": asked.get("amount", 1),
                    },
                )

        return Transport()


def pattern() -> None:
    """Sell one plan to one reader, with a saved card, by the verbs themselves."""
    from django.contrib.auth import get_user_model

    from broadsheet.business.catalogue import actions as catalogue
    from broadsheet.business.ledger import actions as ledger
    from broadsheet.business.payments import actions as payments
    from broadsheet.business.payments.models import Attempt, PaymentMethod
    from broadsheet.business.subscriptions import actions, queries

    catalogue.open_shop(at=AT)
    ledger.open_books()
    reader = get_user_model().objects.create_user("r0@example.com").public_id
    payments.reach_through(Stub())
    said = {"plan_code": "smart-quarterly", "quoted_minor": 90_000, "place": "27"}
    actions.begin(reader=reader, request_key="one", return_path="/", **said, at=AT)
    payments.reach_through(None)
    row = queries.open_subscription(reader)
    if row is None or row.status != "active" or not Attempt.objects.exists():
        raise SystemExit("The pattern of all subscriptions was not sold.")
    card = {"network": "visa", "last4": "4242", "expires": "2045-12-31"}
    method = PaymentMethod.objects.create(
        reader_id=reader, provider="paper", token_ref="pm_bench_0", saved_at=AT, **card
    )
    type(row).objects.filter(pk=row.pk).update(method_ref=method.pk)


def load(count: int, due: int) -> float:
    from django.db import connection

    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # It is all true.
        for table, changed in ROWS.items():
            say(f"writing {count} rows of {table}")
            first = f"(SELECT * FROM {table} ORDER BY 1 LIMIT 2)"
            cursor.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(t, {changed})).*"
                f" FROM {first} p JOIN {table} t ON t.id = p.id,"
                " generate_series(1, %(count)s) AS i",
                {"count": count, "due": due},
            )
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")
    return time.perf_counter() - began


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)
