"""An outage: for so long nothing is answered but /control, and no event goes out."""

from __future__ import annotations

from .till import Refused, Till


def start(till: Till, seconds: float) -> int:
    """Be out of order for `seconds` of the gateway's own time; 0 ends it."""
    until = till.clock.now() + int(seconds) if seconds else 0
    till.store.run(
        "INSERT INTO meta (name, value) VALUES ('down_until', :until)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        until=str(until),
    )
    return until


def until(till: Till) -> int:
    """Return the second until which it is out of order; 0 if it is in order."""
    row = till.store.one("SELECT value FROM meta WHERE name = 'down_until'")
    second = int(row["value"]) if row else 0
    return second if second > till.clock.now() else 0


def refuse(till: Till) -> None:
    if until(till):
        raise Refused(503, "out_of_order", "The gateway is out of order.")
