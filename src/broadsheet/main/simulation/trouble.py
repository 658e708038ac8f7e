"""What goes wrong, and when: drawn from the seed, at the rate that was asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

# What the gateway is told to do wrong (paper_gateway.faults), by what is asked of it.
SPEECHLESS = ("lost_response", "error_after", "error_before", "drop_before")
BANKS = ("decline_soft", "decline_hard", "requires_action", "pending_then_succeed",
         "pending_then_fail")  # fmt: skip
FAULTS = {
    "/v1/charges": (*SPEECHLESS, *BANKS),
    "/v1/payments": SPEECHLESS,
    "/v1/refunds": SPEECHLESS,
}
BANKS_SAY_NO = 0.03  # Of all charges, without anybody's fault.


class Crash(BaseException):
    """This worker is dead. No `except Exception` hears of it, as of a kill -9."""


@dataclass
class Trouble:
    """One source of bad luck for everything, so that a seed decides all of it."""

    random: Random
    rate: float
    struck: Counter[str] = field(default_factory=Counter)
    quiet: bool = False  # While accounts are drawn up nothing breaks.

    def strikes(self, what: str, share: float = 1.0) -> bool:
        """Say whether `what` goes wrong now; `share` of the rate of all faults."""
        if self.quiet or self.random.random() >= self.rate * share:
            return False
        self.struck[what] += 1
        return True

    def fault(self, path: str) -> str:
        """Return what the gateway does wrong with this request; mostly nothing."""
        kinds = FAULTS.get(path)
        if kinds is None:
            return ""
        if self.strikes("fault"):
            kind = self.random.choice(kinds)
        elif path == "/v1/charges" and self.random.random() < BANKS_SAY_NO:
            kind = "decline_soft"
        else:
            return ""
        self.struck[kind] += 1
        return kind

    def crash(self, where: str) -> None:
        """Perhaps die here."""
        if self.strikes(f"crash {where}", 0.2):
            raise Crash(where)
