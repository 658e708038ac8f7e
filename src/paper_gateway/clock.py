"""The gateway's own clock: the wall's, moved by an offset that is kept in the store."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def wall() -> float:
    """Return Unix seconds. Deliveries and their retries are counted on it."""
    return time.time()  # noqa: TID251  This program has no other clock to be handed.


class Clock:
    """What the gateway calls now. A demo moves it; its wall clock is not touched."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def present(self) -> float:
        """Return the gateway's present in Unix seconds. Banks take their time on it."""
        return wall() + self.offset

    def now(self) -> int:
        """Return the gateway's present in whole Unix seconds."""
        return int(self.present())

    def today(self) -> tuple[int, int]:
        """Return the gateway's present year and month."""
        moment = datetime.fromtimestamp(self.now(), UTC)
        return moment.year, moment.month
