"""May she read this? Pure: a reading in, a decision out. No clock, no database."""

from __future__ import annotations

from dataclasses import replace

from .vocabulary import (
    ADFREE,
    FREE,
    METERED,
    NEWS,
    PREMIUM,
    SHARED,
    Action,
    CrawlerRule,
    Decision,
    GiftStanding,
    Meter,
    Pool,
    Proof,
    Purpose,
    Reading,
    Reason,
    Standing,
    Verdict,
    Visitant,
)

_PRESSED = {
    Purpose.PRESS_FULL: (Verdict.FULL, Reason.PRESSED),
    Purpose.PRESS_CUT: (Verdict.CUT, Reason.PRESSED),
}
_BY_STANDING = {
    Standing.OPENED: (Verdict.FULL, Reason.COUNTED),
    Standing.READ: (Verdict.FULL, Reason.REREAD),
    # A view that does not count sees what has not been paid for as little as a stranger.
    Standing.UNREAD: (Verdict.CUT, Reason.UNREAD),
    Standing.SPENT: (Verdict.WALL, Reason.SPENT),
    Standing.NOBODY: (Verdict.WALL, Reason.COOKIES),
}
# A landing on a gift is never the meter's business: a view that may not open it sees as
# little as a stranger. A dead gift is no gift, and stands in nobody's way.
_BY_GIFT = {
    GiftStanding.OPENED: (Verdict.FULL, Reason.GIFT),
    GiftStanding.HELD: (Verdict.FULL, Reason.GIFT),
    GiftStanding.SEALED: (Verdict.CUT, Reason.UNREAD),
}
# What holds for every story, whatever it costs and whoever's login is borrowed.
_CLOSED_TO_MACHINES = {
    Action.LICENCE: (Verdict.LICENCE, Reason.CRAWLER),
    Action.REFUSE: (Verdict.REFUSE, Reason.CRAWLER),
}


def decide(reading: Reading) -> Decision:
    """
    Decide what this reader sees of this story. The meter has been asked before, in
    one atomic step, so `Standing.OPENED` means that the view is already paid for.
    """
    found = _without_meter(reading)
    pool = None if found else _pool(reading)
    verdict, reason = found or _by_meter(reading)
    return Decision(
        story_id=reading.story.story_id,
        verdict=verdict,
        reason=reason,
        # A union at login can hold more stories than the limit lets anybody open.
        count=min(reading.meter.count, reading.meter.limit),
        limit=reading.meter.limit,
        counts=reason is Reason.COUNTED,
        ads=not (NEWS in reading.features or ADFREE in reading.features),
        pool=pool.name if pool else SHARED,
        label=pool.label if pool else "",
    )


def needs_meter(reading: Reading) -> bool:
    """Test if the decision rests on the meter, so that the store must be asked."""
    return _without_meter(reading) is None


def must_register(reading: Reading, meter: Meter) -> Reading:
    """
    Return the reading of one whose network has brought too many new devices. If only
    that keeps her out, the limit is what she has once she has signed up.
    """
    pool = _pool(reading)
    if pool is not None and meter.standing is Standing.UNREAD:
        meter = replace(meter, limit=pool.registered)
    return replace(reading, meter=meter, must_register=True)


def _without_meter(reading: Reading) -> tuple[Verdict, Reason] | None:
    if reading.story.withdrawn:
        return Verdict.REFUSE, Reason.WITHDRAWN
    if reading.purpose in _PRESSED:
        return _PRESSED[reading.purpose]
    rule = reading.policy.rule(reading.crawler) if reading.crawler else None
    if rule is not None and rule.action in _CLOSED_TO_MACHINES:
        return _CLOSED_TO_MACHINES[rule.action]
    return _by_right(reading) or _by_rule(reading, rule)


def _by_right(reading: Reading) -> tuple[Verdict, Reason] | None:
    if reading.story.access == FREE:
        return Verdict.FULL, Reason.FREE
    if _entitled(reading.story.access, reading.features):
        return Verdict.FULL, Reason.ENTITLED
    return None


def _by_rule(
    reading: Reading, rule: CrawlerRule | None
) -> tuple[Verdict, Reason] | None:
    if reading.crawler is not None and rule is not None:
        return _crawled(reading.crawler, rule.action)
    if reading.gift is not None and reading.gift in _BY_GIFT:
        return _BY_GIFT[reading.gift]
    if _pool(reading) is None:  # A class nobody knows is closed, like premium.
        return Verdict.CUT, Reason.PREMIUM
    return None


def _pool(reading: Reading) -> Pool | None:
    return reading.policy.pool(reading.story.section, reading.story.access)


def _entitled(access: str, features: frozenset[str]) -> bool:
    if access in (METERED, PREMIUM):
        return NEWS in features
    return access in features  # A vertical's class and its feature have one name.


def _crawled(crawler: Visitant, action: Action) -> tuple[Verdict, Reason]:
    """A crawler is never metered. A claim alone can cost it something, never give."""
    if action is not Action.FULL:
        return Verdict.CUT, Reason.CRAWLER
    if crawler.proof is Proof.NONE:
        return Verdict.CUT, Reason.UNPROVED
    return Verdict.FULL, Reason.CRAWLER


def _by_meter(reading: Reading) -> tuple[Verdict, Reason]:
    meter, policy = reading.meter, reading.policy
    # Nothing else is touched: not what she has read, nor what an outage opens.
    if reading.must_register and meter.standing is Standing.UNREAD:
        return Verdict.WALL, Reason.REGISTER
    if meter.standing is Standing.DOWN and policy.store_down_open:
        return Verdict.FULL, Reason.DOWN_OPEN
    if meter.standing is Standing.DOWN:
        return Verdict.WALL, Reason.DOWN_CLOSED
    return _BY_STANDING[meter.standing]
