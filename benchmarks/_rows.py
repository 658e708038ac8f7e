"""Rows for the gate's tables by the million, written by PostgreSQL itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

FIRST = 1_000_000_000  # Numbers of made-up stories begin here, far above the demo's.
PRESSED = 500  # Of them, spread over all, have the real story's page and are read.

_FACTS = """
INSERT INTO gate_storyfact
       (story_id, path, access, section, published_at, revision, withdrawn_at)
SELECT %(first)s + n, format('/markets/made-up-%%s/', %(first)s + n), 'metered',
       'Markets', now(), 1, NULL
  FROM generate_series(%(held)s, %(wanted)s - 1) AS n
"""
_PAGES = """
INSERT INTO gate_pressedpage
SELECT %(first)s + place::bigint * %(wanted)s / %(pressed)s, 1, full_html, cut_html, now()
  FROM gate_pressedpage, generate_series(0, %(pressed)s - 1) AS place
 WHERE story_id = %(story)s
ON CONFLICT DO NOTHING
"""
_IDENTITIES = """
INSERT INTO gate_meterrow
       (identity, allowance, since, stories, read_at, pools, drawn, opened)
SELECT gen_random_uuid(), 3, date_trunc('month', now()), ARRAY[n %% 1000, 1001],
       ARRAY[now(), now()], ARRAY['', ''], 2, true
  FROM generate_series(%(held)s + 1, %(wanted)s) AS n
"""


@dataclass(frozen=True, slots=True)
class Story:
    story_id: int
    path: str
    full_bytes: int
    cut_bytes: int


class Rows:
    """The database of the publication that is measured."""

    def __init__(self, url: str) -> None:
        self._connection: psycopg.Connection[Any] = psycopg.connect(
            url, autocommit=True
        )

    def close(self) -> None:
        self._connection.close()

    def clear(self) -> None:
        """Take away what an earlier run has left."""
        self._run("DELETE FROM gate_storyfact WHERE story_id >= %s", FIRST)
        self._run("DELETE FROM gate_pressedpage WHERE story_id >= %s", FIRST)
        self.clear_meter()

    def clear_meter(self) -> None:
        self._run("TRUNCATE gate_meterrow")

    def stories(self, access: str) -> list[tuple[int, str]]:
        """Return the demo's stories of a class, number and address."""
        return self._run(
            "SELECT story_id, path FROM gate_storyfact WHERE access = %s"
            " AND withdrawn_at IS NULL AND story_id < %s ORDER BY story_id",
            access,
            FIRST,
        )

    def pressed(self, access: str) -> Story:
        """Return the demo's pressed story of this class whose page is of middle size."""
        found = self._run(
            "SELECT story_id, path, length(full_html), length(cut_html)"
            "  FROM gate_pressedpage JOIN gate_storyfact USING (story_id)"
            " WHERE access = %s AND story_id < %s ORDER BY length(full_html)",
            access,
            FIRST,
        )
        return Story(*found[len(found) // 2])

    def fill_stories(self, wanted: int, like: Story) -> list[str]:
        """Have so many stories filed. Return the paths of those that have pages."""
        held = self._run(
            "SELECT count(*) FROM gate_storyfact WHERE story_id >= %s", FIRST
        )[0][0]
        values = {
            "first": FIRST,
            "held": held,
            "wanted": wanted,
            "pressed": PRESSED,
            "story": like.story_id,
        }
        self._connection.execute(_FACTS, values)
        self._connection.execute(_PAGES, values)
        self._run("VACUUM ANALYZE gate_storyfact")
        self._run("CHECKPOINT")
        return [
            f"/markets/made-up-{FIRST + place * wanted // PRESSED}/"
            for place in range(PRESSED)
        ]

    def fill_identities(self, wanted: int) -> None:
        """Have so many identities on the meter, each with two stories read."""
        held = self._run("SELECT count(*) FROM gate_meterrow")[0][0]
        self._connection.execute(_IDENTITIES, {"held": held, "wanted": wanted})
        self._run("VACUUM ANALYZE gate_meterrow")
        self._run("CHECKPOINT")

    def counted(self) -> int:
        """Return how many stories are counted on the meter, over all identities."""
        return int(
            self._run(
                "SELECT coalesce(sum(cardinality(stories)), 0) FROM gate_meterrow"
            )[0][0]
        )

    def clock_offset(self) -> Any:
        return self._run("SELECT clock_offset FROM plumbing_publication")[0][0]

    def _run(self, statement: str, *values: object) -> list[Any]:
        cursor = self._connection.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []
