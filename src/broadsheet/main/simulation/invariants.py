"""
The invariants of docs/algorithms/renewal.md and books.md, asked of a whole database.
Each is a statement that finds where it is broken, or a short comparison of what we know
with what the gateway knows. Nothing here reads a room's code: it is a second opinion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import queries as known

from .world import START, World

WORDS = {
    "open": ["created", "submitted", "unknown", "requires_action", "pending"],
    "over": ["cancelled", "expired", "incomplete_expired"],
    "runs": ["trialing", "active", "past_due"],
    "tries": 4,  # One, and as many again as the ladder has steps.
}

# Which announcement each happening owes: the letters, and the gate, hang on these.
OWED = {
    "started": "Started", "trial_started": "Started", "renewed": "Renewed",
    "payment_failed": "PaymentTrouble", "cancel_asked": "Cancelled",
    "cancelled_now": "CancelledNow", "lapsed": "Lapsed", "pause_asked": "Paused",
    "resumed": "Resumed", "pause_withdrawn": "Resumed", "price_told": "PriceRises",
    "given": "Given",
}  # fmt: skip

# Each query returns (subject, message) where its invariant is broken, at %(at)s.
STATEMENTS: tuple[tuple[str, str], ...] = (
    (
        "I3 one invoice a contract, kind and period",
        """SELECT subscription_ref, kind || ' ' || period_index FROM ledger_invoice
           GROUP BY subscription_ref, kind, period_index HAVING count(*) > 1""",
    ),
    (
        "I4 one open attempt a payment, one open try a contract",
        """SELECT payment_id, count(*) || ' open attempts' FROM payments_attempt
            WHERE status = ANY(%(open)s) GROUP BY payment_id HAVING count(*) > 1
            UNION ALL
            SELECT subscription_id, count(*) || ' open tries'
            FROM subscriptions_renewaltry WHERE closed_at IS NULL
            GROUP BY subscription_id HAVING count(*) > 1""",
    ),
    (
        "I5 a key is one request",
        """SELECT min(id::text)::uuid, idempotency_key FROM payments_attempt
           GROUP BY idempotency_key HAVING count(*) > 1""",
    ),
    (
        "I7 no more goes back than was captured",
        """SELECT a.id, refunded_minor || ' of ' || captured_minor
           FROM payments_attempt a WHERE refunded_minor > captured_minor
           UNION ALL
           SELECT a.id, sum(r.amount_minor) || ' asked back of ' || a.captured_minor
           FROM payments_attempt a JOIN payments_refund r ON r.attempt_id = a.id
           WHERE r.status <> 'refused' GROUP BY a.id, a.captured_minor
           HAVING sum(r.amount_minor) > a.captured_minor""",
    ),
    (
        "I16 what is over, or paused, is shut",
        """SELECT s.id, s.status || ', open until ' || g.ends
            FROM subscriptions_subscription s JOIN gate_grant g
              ON g.reference IN ('subscription:' || s.id, 'subscription:' || s.id || ':resumed')
            WHERE g.starts <= %(at)s AND g.ends > %(at)s
              AND (s.status = ANY(%(over)s) OR s.status = 'paused')
              AND (s.status <> 'paused' OR (s.resumes_on::timestamp AT TIME ZONE s.anchor_tz) > %(at)s)""",
    ),
    (
        "I17 what is paid for is open",
        """SELECT s.id, s.status || ', paid through ' || s.paid_through
            FROM subscriptions_subscription s
            WHERE s.status = ANY(%(runs)s) AND s.paid_through > %(at)s
              AND (s.paused_on IS NULL
                   OR (s.paused_on::timestamp AT TIME ZONE s.anchor_tz) > %(at)s)
              AND NOT EXISTS (SELECT 1 FROM subscriptions_subscriptionevent d
                  WHERE d.subscription_id = s.id AND d.kind = 'disputed'
                    AND (d.facts->>'shut')::boolean)
              AND NOT EXISTS (SELECT 1 FROM gate_grant g WHERE g.reader = s.reader_id
                  AND g.feature = 'news' AND g.starts <= %(at)s AND g.ends > %(at)s)""",
    ),
    (
        "I17 a grace is open to its end",
        """SELECT s.id, 'grace until ' || s.grace_until FROM subscriptions_subscription s
           WHERE s.status = 'past_due' AND s.grace_until > %(at)s
             AND NOT EXISTS (SELECT 1 FROM gate_grant g WHERE g.reader = s.reader_id
                 AND g.feature = 'news' AND g.starts <= %(at)s AND g.ends > %(at)s)""",
    ),
    (
        "I19 what is over is not charged",
        """SELECT s.id, 'due at ' || s.due_at FROM subscriptions_subscription s
            WHERE s.status = ANY(%(over)s) AND s.due_at IS NOT NULL
            UNION ALL
            SELECT s.id, 'tried at ' || t.made_at || ', over at ' || s.ended_at
            FROM subscriptions_subscription s
            JOIN subscriptions_renewaltry t ON t.subscription_id = s.id
            WHERE t.made_at > s.ended_at""",
    ),
    (
        "I30 tries are within the ladder, and none after a hard decline",
        """SELECT invoice_id, count(*) || ' tries' FROM subscriptions_renewaltry
           GROUP BY invoice_id HAVING count(*) > %(tries)s
           UNION ALL
           SELECT later.payment_id, 'tried again after ' || hard.reason
           FROM payments_attempt hard JOIN payments_attempt later
             ON later.payment_id = hard.payment_id AND later.n > hard.n
            AND later.method_id = hard.method_id
           WHERE hard.hard AND hard.status = 'declined'""",
    ),
    (
        "I31 no offer is taken more often than it is given",
        """SELECT o.id, o.taken || ' taken, of ' || coalesce(o.most::text, 'any') || ', '
                  || count(r.id) || ' redeemed'
           FROM catalogue_offer o LEFT JOIN catalogue_redemption r
             ON r.offer_id = o.id AND r.given_back_at IS NULL
           GROUP BY o.id HAVING o.taken > o.most OR o.taken <> count(r.id)""",
    ),
    (
        "I32 a payment is in its invoice's currency",
        """SELECT p.id, p.currency || ' for ' || i.currency FROM payments_payment p
           JOIN ledger_invoice i ON i.id::text = p.invoice_ref
           WHERE p.currency <> i.currency OR p.amount_minor <> i.total_minor""",
    ),
    (
        "I36 nothing is stamped by another clock",
        """SELECT subscription_id, kind || ' at ' || at FROM subscriptions_subscriptionevent
           WHERE at > %(at)s OR at < %(start)s
           UNION ALL SELECT id, 'attempt at ' || made_at FROM payments_attempt
           WHERE made_at > %(at)s OR made_at < %(start)s
           UNION ALL SELECT id, 'invoice at ' || made_at FROM ledger_invoice
           WHERE made_at > %(at)s OR made_at < %(start)s""",
    ),
    (
        "I39 a renewal is charged once",
        """SELECT e.subscription_id, e.facts->>'invoice' || ' renewed twice'
           FROM subscriptions_subscriptionevent e
           WHERE e.kind IN ('renewed', 'started') AND e.facts->>'invoice' IS NOT NULL
           GROUP BY e.subscription_id, e.facts->>'invoice' HAVING count(*) > 1
           UNION ALL
           SELECT a.payment_id, 'captured ' || count(*) || ' times'
           FROM payments_attempt a WHERE a.captured_minor > 0 AND NOT EXISTS (
               SELECT 1 FROM subscriptions_heldcredit h
               WHERE h.attempt_id = a.id AND h.reason = '')
           GROUP BY a.payment_id HAVING count(*) > 1""",
    ),
)  # fmt: skip

EVENTS = """
SELECT subscription_id, n, kind, facts FROM subscriptions_subscriptionevent
ORDER BY subscription_id, n
"""
OWES = """
WITH owed AS (
    SELECT m.topic, e.subscription_id::text AS id, count(*) AS n
    FROM subscriptions_subscriptionevent e
    JOIN (SELECT unnest(%(kinds)s::text[]) AS kind, unnest(%(topics)s::text[]) AS topic) m
      ON m.kind = e.kind
    GROUP BY m.topic, e.subscription_id
), told AS (
    SELECT topic, payload->>'subscription_id' AS id, count(*) AS n
    FROM plumbing_announcement WHERE topic = ANY(%(topics)s) GROUP BY topic, 2
)
SELECT coalesce(owed.id, told.id), coalesce(owed.topic, told.topic) || ': owed '
       || coalesce(owed.n, 0) || ', told ' || coalesce(told.n, 0)
FROM owed FULL JOIN told ON told.topic = owed.topic AND told.id = owed.id
WHERE coalesce(owed.n, 0) <> coalesce(told.n, 0)
"""


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold, and where."""

    invariant: str
    subject: str
    message: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.subject}: {self.message}"


def broken(world: World) -> Iterator[Broken]:
    """Yield everything that does not hold at the world's present."""
    facts = {**WORDS, "at": world.at, "start": START}
    for invariant, sql in STATEMENTS:
        for subject, message in rows(sql, facts):
            yield Broken(invariant, str(subject), str(message))
    for finding in books.check(known.held()):
        yield Broken(finding.invariant, finding.subject, finding.message)
    yield from _histories()
    yield from _messages()
    yield from _gateway(world)


def rows(sql: str, facts: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, facts)
        return list(cursor.fetchall())


# --- Histories -------------------------------------------------------------------------


def _histories() -> Iterator[Broken]:
    """I13, I14, I18 and I20: each log has no gap, folds to its row, and so do its days."""
    logs: dict[Any, list[tuple[int, str, dict[str, Any]]]] = defaultdict(list)
    for subscription, n, kind, facts in rows(EVENTS, {}):
        logs[subscription].append((n, kind, _read(facts)))
    states = rows("SELECT id, status, row_version FROM subscriptions_subscription", {})
    for subscription, status, version in states:
        log = logs[subscription]
        if [n for n, *_ in log] != list(range(1, version + 1)):
            yield Broken("I18 a log has no gap", str(subscription), f"{version} events")
        said = _fold([kind for _, kind, _ in log])
        if said != status:
            message = f"is {status}, its log says {said}"
            yield Broken(
                "I18 a status is the fold of its log", str(subscription), message
            )
        for message in _days(log):
            yield Broken(
                "I13 periods neither overlap nor leave holes",
                str(subscription),
                message,
            )


def _read(facts: Any) -> dict[str, Any]:
    import json  # noqa: PLC0415  Only where the driver hands JSON over as text.

    found = json.loads(facts) if isinstance(facts, str) else facts
    return found if isinstance(found, dict) else {}


# The table of BILLING 1.2 as it is published, written down a second time.
BECOMES = {
    "begun": "incomplete", "given": "active", "taken_over": "active", "started": "active",
    "trial_started": "trialing", "abandoned": "incomplete_expired", "renewed": "active",
    "payment_failed": "past_due", "paused": "paused", "resumed": "active",
    "lapsed": "cancelled", "cancelled_now": "cancelled", "term_over": "expired",
}  # fmt: skip


def _fold(kinds: list[str]) -> str:
    status = ""
    for kind in kinds:
        if status in ("cancelled", "expired", "incomplete_expired"):
            return f"{kind} after its end"
        status = BECOMES.get(kind, status)
    return status


def _days(log: list[tuple[int, str, dict[str, Any]]]) -> Iterator[str]:
    """A period begins where the last one ended; pauses and gifts move that end."""
    end: date | None = None
    moved = False
    for _, kind, facts in log:
        if kind in ("resumed", "extended", "plan_changed"):
            moved = True
        if "period" not in facts:
            continue
        start, until = (date.fromisoformat(day) for day in facts["period"])
        if until <= start:
            yield f"{start} to {until} has no day"
        if end is not None and start < end and kind != "plan_changed":
            yield f"{start} begins before {end}"
        if end is not None and start > end and not moved:
            yield f"a hole from {end} to {start}"
        end, moved = until, False


# --- Messages --------------------------------------------------------------------------


def _messages() -> Iterator[Broken]:
    prefix = "business.subscriptions.events."
    owed = {kind: f"{prefix}{topic}" for kind, topic in OWED.items()}
    facts = {"kinds": list(owed), "topics": list(owed.values())}
    for subject, message in rows(OWES, facts):
        yield Broken("I35 every change that needs a message has one", subject, message)


# --- The gateway -----------------------------------------------------------------------


def _gateway(world: World) -> Iterator[Broken]:
    """I5, I6, I23: what the gateway took is what we know of, once nothing is open."""
    theirs = world.gateway.payments()
    ours = rows(
        "SELECT idempotency_key, status, captured_minor, refunded_minor FROM payments_attempt",
        {},
    )
    for key in theirs.keys() - {key for key, *_ in ours}:
        yield Broken("I5 a key is stored before a byte leaves", key, "not ours")
    for key, status, captured, refunded in ours:
        payment = theirs.get(key)
        if status == "succeeded" and (
            payment is None or payment["captured"] != captured
        ):
            yield Broken("I6 what we hold was taken", key, f"we say {captured}")
        if payment is None or not world.trouble.quiet:
            continue  # While webhooks are under way, we may be behind.
        if (payment["captured"], payment["refunded"]) != (captured, refunded):
            message = (
                f"{payment['status']}: took {payment['captured']}, gave back"
                f" {payment['refunded']}; we are {status}: {captured}, {refunded}"
            )
            yield Broken("I23 what was taken is known", key, message)
