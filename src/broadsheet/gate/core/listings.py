"""
Pressed listings: the front, and the first page of each section, author and topic.

They hold no withheld word, so there is one rendering, with slots that the gate fills.
What is decided here is only how long such a page may be shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

# Seconds from the beginning of one press of a page to that of the next. A little under
# one, so that a change which comes right after a press is still seen within the second.
PACE = 0.8
# What nobody announces, such as a picture's new description, is right after this.
LIFE = timedelta(minutes=10)
SLACK = timedelta(seconds=2)  # By which the clocks of two nodes may differ.


@dataclass(frozen=True, slots=True)
class PressedListing:
    """
    A whole HTML page with `<!--slot:NAME-->` marks, true from `made_at` until `until`
    by the publication's clock, and under the masthead with this seal.
    """

    path: str  # Decoded, and spelled as the page itself spells it.
    html: bytes
    masthead: str
    made_at: datetime
    until: datetime

    def holds(self, masthead: str, at: datetime) -> bool:
        """Test if the page may be shown, as far as it can tell by itself."""
        if masthead != self.masthead:
            return False
        return self.made_at - SLACK <= at < self.until


@dataclass(frozen=True, slots=True)
class FiledListing:
    """A page as the store has it. `fresh`: nothing it shows has changed since."""

    listing: PressedListing
    age: float  # Seconds since its press began, by the store's own clock.
    fresh: bool

    def good(self, masthead: str, at: datetime) -> bool:
        return self.fresh and self.listing.holds(masthead, at)


def seal_of(*words: str) -> str:
    """Return a seal that changes when one of the words that every page repeats does."""
    seal = blake2b(digest_size=8)
    for word in words:
        seal.update(len(word).to_bytes(4, "big") + word.encode())
    return seal.hexdigest()


def good_until(at: datetime, zone: ZoneInfo, other: datetime | None) -> datetime:
    """
    Return when a page made `at` reads otherwise by itself: at midnight, when today's
    hours become yesterday's date; when it says so (`other`); in any case soon.
    """
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time.min, zone).astimezone(at.tzinfo)
    ends = [midnight, at + LIFE]
    if other is not None and other > at:
        ends.append(other)
    return min(ends)
