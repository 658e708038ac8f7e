"""
The meter in SQL, shared by the gate's own connections and by Django's.

A row an identity: the stories it has read and, beside each, when it first did. The
pairs are few (a limit of three to ten), so two short arrays beat a table of pairs, and
the row's own lock is all the locking there is. A third array says which pool each was
paid out of; where it is shorter, as in rows that were written before there were pools,
that was the shared one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from broadsheet.gate.core.meter import Ask
from broadsheet.gate.core.vocabulary import (
    Action,
    Budget,
    CrawlerRule,
    Kind,
    Meter,
    Policy,
    Pool,
    PoolRule,
    Standing,
)

# What of row `m` still counts, given the period that `excluded` asks about. A period
# once begun is never left backwards, so `since` only grows.
_KEPT = """
    SELECT greatest(m.since, excluded.since) AS since,
           coalesce(array_agg(r.story ORDER BY r.place), '{}') AS stories,
           coalesce(array_agg(r.read_at ORDER BY r.place), '{}') AS read_at,
           coalesce(array_agg(coalesce(r.pool, '') ORDER BY r.place), '{}') AS pools,
           count(*) FILTER (WHERE coalesce(r.pool, '') = excluded.pools[1]) AS drawn
      FROM unnest(m.stories, m.read_at, m.pools)
           WITH ORDINALITY AS r(story, read_at, pool, place)
     WHERE r.read_at >= greatest(m.since, excluded.since)
"""

# All the views that wait at this moment, each for another identity, in one statement.
# `ON CONFLICT` locks the row and looks at its latest version, so two processes that
# ask at once are answered one after the other. Rows are taken in the identities'
# order, so two batches cannot hold each other up. A first row may always open its
# story: a limit below one never comes here.
COUNT = f"""
INSERT INTO gate_meterrow AS m
       (identity, allowance, since, stories, read_at, pools, drawn, opened)
SELECT identity, allowance, since, ARRAY[story], ARRAY[read_at], ARRAY[pool], 1, true
  FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::bigint[], %s::timestamptz[],
              %s::text[])
       AS ask(identity, allowance, since, story, read_at, pool)
 ORDER BY identity
ON CONFLICT (identity) DO UPDATE
   SET (allowance, since, stories, read_at, pools, drawn, opened) = (
       SELECT excluded.allowance,
              kept.since,
              CASE WHEN opens THEN kept.stories || excluded.stories
                   ELSE kept.stories END,
              CASE WHEN opens
                   THEN kept.read_at || greatest(excluded.read_at[1], kept.since)
                   ELSE kept.read_at END,
              CASE WHEN opens THEN kept.pools || excluded.pools ELSE kept.pools END,
              CASE WHEN opens THEN kept.drawn + 1 ELSE kept.drawn END,
              opens
         FROM ({_KEPT}) AS kept,
              LATERAL (SELECT NOT excluded.stories[1] = ANY (kept.stories)
                          AND kept.drawn < excluded.allowance) AS may(opens))
RETURNING identity, stories, drawn, opened
"""  # noqa: S608  No value is ever put into this text.

PEEK = """
SELECT coalesce(array_agg(r.story), '{}'),
       count(*) FILTER (WHERE coalesce(r.pool, '') = %s)
  FROM gate_meterrow AS m,
       unnest(m.stories, m.read_at, m.pools) AS r(story, read_at, pool)
 WHERE m.identity = %s AND r.read_at >= greatest(m.since, %s)
"""

# The union takes three steps in one transaction: both rows exist; both are held, in
# the identities' order; both get what either has, each story by its later read. A view
# that is counted meanwhile waits for the row and is counted on top.
UNITE = (
    """
INSERT INTO gate_meterrow
       (identity, allowance, since, stories, read_at, pools, drawn, opened)
SELECT identity, 0, 'epoch', '{}', '{}', '{}', 0, false
  FROM unnest(%(both)s::uuid[]) AS one(identity)
 ORDER BY identity
ON CONFLICT (identity) DO NOTHING
""",
    """
SELECT identity FROM gate_meterrow
 WHERE identity = ANY (%(both)s) ORDER BY identity FOR UPDATE
""",
    """
UPDATE gate_meterrow
   SET since = united.since, stories = united.stories, read_at = united.read_at,
       pools = united.pools
  FROM (SELECT (SELECT max(since) FROM gate_meterrow WHERE identity = ANY (%(both)s))
                   AS since,
               coalesce(array_agg(story ORDER BY read_at, story), '{}') AS stories,
               coalesce(array_agg(read_at ORDER BY read_at, story), '{}') AS read_at,
               coalesce(array_agg(pool ORDER BY read_at, story), '{}') AS pools
          FROM (SELECT DISTINCT ON (r.story)
                       r.story, r.read_at, coalesce(r.pool, '') AS pool
                  FROM gate_meterrow,
                       unnest(stories, read_at, pools) AS r(story, read_at, pool)
                 WHERE identity = ANY (%(both)s)
                 ORDER BY r.story, r.read_at DESC,
                          coalesce(r.pool, '') COLLATE "C" DESC
               ) AS pair) AS united
 WHERE identity = ANY (%(both)s)
""",
)

ERASE = "DELETE FROM gate_meterrow WHERE identity = %s"

Columns = tuple[str, ...]


def columns(asks: Sequence[Ask]) -> Columns:
    """
    Return `asks` as COUNT takes them: an array a column, written out by hand, which
    costs the gate a third of what the driver's own lists do.
    """
    return (
        _array(ask.identity.hex for ask in asks),
        _array(str(ask.limit) for ask in asks),
        _array(ask.since.isoformat() for ask in asks),
        _array(str(ask.story_id) for ask in asks),
        _array(ask.at.isoformat() for ask in asks),
        _array(ask.pool or '""' for ask in asks),
    )


def _array(values: Iterable[str]) -> str:
    # Digits, hyphens, colons, letters of a pool's name, which is never "null": nothing
    # here that would have to be quoted, but for the shared pool's name, which is empty.
    return "{" + ",".join(values) + "}"


def answered(ask: Ask, stories: list[int], drawn: int, opened: bool) -> Meter:
    """Return what a row that COUNT returned says."""
    if opened:
        return Meter(Standing.OPENED, drawn, ask.limit)
    standing = Standing.READ if ask.story_id in stories else Standing.SPENT
    return Meter(standing, drawn, ask.limit)


def peeked(ask: Ask) -> tuple[str, UUID, datetime]:
    """Return the values for PEEK."""
    return ask.pool, ask.identity, ask.since


def rule(
    kind: str, action: str, name: str, price: Decimal | None, currency: str
) -> CrawlerRule:
    """Return a row of gate_crawlerrule as the rule that it is."""
    plain = None if price is None else Decimal(f"{price.normalize():f}")
    return CrawlerRule(Kind(kind), Action(action), name, plain, currency)


def policy(
    anonymous: int,
    extra: int,
    period: str,
    lead_in_min: int,
    lead_in_max: int,
    down_open: bool,
    line_from: int,
    *budget: int,
) -> Policy:
    """Return a row of gate_policy as the policy that it is."""
    return Policy(
        anonymous,
        extra,
        period,
        lead_in_min,
        lead_in_max,
        down_open,
        line_from,
        budget=Budget(*budget),
    )


def pool_rule(
    name: str, anonymous: int, registered: int, label: str, section: str, access: str
) -> PoolRule:
    """Return a row of gate_poolrule, with its pool, as the rule that it is."""
    return PoolRule(Pool(name, anonymous, registered, label), section, access)
