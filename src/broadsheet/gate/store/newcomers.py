"""The rows of networks in PostgreSQL: the meter's own statements, in a table apart."""

from __future__ import annotations

import secrets
from datetime import datetime

from broadsheet.gate.core.budget import SALT_SIZE

from . import statements

_TABLE = "gate_newcomerrow"
COUNT = statements.COUNT.replace("gate_meterrow", _TABLE)
PEEK = statements.PEEK.replace("gate_meterrow", _TABLE)

# The first gate that comes into a window makes its secret, and takes away the last one
# and all that was counted under it. Those who come together agree on one.
SALT = f"""
WITH old_secrets AS (DELETE FROM gate_newcomersalt WHERE begins < %(begins)s),
     old_rows AS (DELETE FROM {_TABLE} WHERE since < %(begins)s)
INSERT INTO gate_newcomersalt (begins, secret) VALUES (%(begins)s, %(fresh)s)
    ON CONFLICT (begins) DO UPDATE SET begins = excluded.begins
RETURNING secret
"""  # noqa: S608  No value is ever put into this text.


def salt_of(begins: datetime) -> dict[str, object]:
    """Return the values for SALT."""
    return {"begins": begins, "fresh": secrets.token_bytes(SALT_SIZE)}
