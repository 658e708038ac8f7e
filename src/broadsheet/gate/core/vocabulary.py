"""The words of the gate. Values only: what they mean together is said in `decide`."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from .audience import WallRule

FREE = "free"
METERED = "metered"
PREMIUM = "premium"
VERTICAL = "vertical:"  # Followed by the vertical's key; so is its feature.

NEWS = "news"  # All metered and premium stories, without meter and advertisements.
ADFREE = "adfree"
ARCHIVE = "archive"
EPAPER = "epaper"

# Not bought: a payment of hers did not go through, and her pages say so.
TROUBLE = "trouble"

# A pass carries features as bits. These are fixed; bits 8 to 31 are given to
# verticals by a row each, so that no two can ever share one.
FIXED_BITS: Mapping[str, int] = {NEWS: 0, ADFREE: 1, ARCHIVE: 2, EPAPER: 3, TROUBLE: 4}
FIRST_VERTICAL_BIT = 8
LAST_VERTICAL_BIT = 31


class Verdict(enum.Enum):
    FULL = "full"
    CUT = "cut"  # Premium without the right to it, or a view that may not count.
    WALL = "wall"  # The meter is spent, or the reader cannot be metered.
    LICENCE = "licence"  # A machine is offered a price (402).
    REFUSE = "refuse"  # The story is withdrawn (410), or a machine is unwelcome (403).


class Reason(enum.Enum):
    FREE = "free"  # The story costs nobody anything.
    ENTITLED = "entitled"  # A grant opens it.
    COUNTED = "counted"  # It cost one of the reader's free stories, just now.
    GIFT = "gift"  # A subscriber gave it to this device, and it costs nothing.
    REREAD = "reread"  # It was paid for in free stories earlier in this period.
    UNREAD = "unread"  # It would cost one, and this view may not count.
    SPENT = "spent"  # The free stories of this period are used up.
    REGISTER = "register"  # One new device too many of this network; sign up to read.
    COOKIES = "cookies"  # Nobody to count for: the browser brought no device cookie.
    PREMIUM = "premium"  # Only a grant opens it, and there is none.
    DOWN_OPEN = "down-open"  # The meter cannot be reached; the policy says open.
    DOWN_CLOSED = "down-closed"  # The meter cannot be reached; the policy says closed.
    WITHDRAWN = "withdrawn"  # The publisher has taken it back.
    PRESSED = "pressed"  # No reader at all: the page is being pressed.
    CRAWLER = "crawler"  # The rule for this crawler says so.
    UNPROVED = "unproved"  # The rule would open the story; the claim is not proved.


class Standing(enum.Enum):
    """Where one story stands with one identity's meter."""

    OPENED = "opened"  # Counted by this very view.
    READ = "read"  # Counted earlier in this period.
    UNREAD = "unread"  # Not counted, and could be.
    SPENT = "spent"  # Not counted, and cannot be.
    NOBODY = "nobody"  # There is no identity to count for.
    DOWN = "down"  # The store did not answer.


class GiftStanding(enum.Enum):
    """What a gift link is worth to the device that brings it."""

    OPENED = "opened"  # Opened by this very view.
    HELD = "held"  # This device has opened it before.
    SEALED = "sealed"  # It could be opened, and this view has not.
    DEAD = "dead"  # Forged, expired, taken back, or opened by as many as may.


class Purpose(enum.Enum):
    READ = "read"
    GLANCE = "glance"  # HEAD, prefetch, "what would I get": never counts.
    PRESS_FULL = "press-full"
    PRESS_CUT = "press-cut"


class Kind(enum.Enum):
    """What a crawler comes for. One policy a kind."""

    SEARCH = "search"
    AI_SEARCH = "ai-search"  # Answers that are written by a machine, with sources.
    TRAINING = "training"
    AGENT = "agent"  # Sent by a person, for one page, now.
    ARCHIVE = "archive"
    PREVIEW = "preview"  # The picture and title under a link in a message.
    UNKNOWN = "unknown"


class Action(enum.Enum):
    FULL = "full"  # Every story, uncut; only to who proves to be what it says.
    CUT = "cut"  # What a stranger sees; free stories whole.
    LICENCE = "licence"  # 402 and a price, free stories too.
    REFUSE = "refuse"  # 403, free stories too.


class Proof(enum.Enum):
    """How we know that a crawler is what it says."""

    ADDRESS = "address"  # It comes from the addresses that its operator publishes.
    DNS = "dns"  # Its address has a name of the operator's, and the name its address.
    SIGNATURE = "signature"  # It signed the request (Web Bot Auth).
    NONE = "none"  # We do not: it only says so.


@dataclass(frozen=True, slots=True)
class Visitant:
    """A crawler at the door. `name` is the one in our table, or its operator's host."""

    name: str
    kind: Kind
    proof: Proof = Proof.NONE


@dataclass(frozen=True, slots=True)
class CrawlerRule:
    """What a kind of crawler gets; with a `name`, only the crawler of that name."""

    kind: Kind
    action: Action
    name: str = ""
    price: Decimal | None = None  # For one story, once; with LICENCE only.
    currency: str = ""


@dataclass(frozen=True, slots=True)
class StoryFacts:
    """All that the gate knows of a story. `path` is its one canonical address."""

    story_id: int
    path: str
    access: str
    section: str
    published_at: datetime
    revision: int
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """A reader's right to a feature, from `starts` until just before `ends`."""

    reader: UUID
    feature: str
    starts: datetime
    ends: datetime
    source: str
    reference: str


@dataclass(frozen=True, slots=True)
class Pass:
    """What a cookie said, once its signature held. Seconds are Unix time."""

    identity: UUID
    expires: int
    entitled_until: int = 0
    epoch: int = 0
    bits: int = 0


@dataclass(frozen=True, slots=True)
class Meter:
    """An identity's count in the period, with the story in question already in it."""

    standing: Standing
    count: int = 0
    limit: int = 0


NOBODY = Meter(Standing.NOBODY)


SHARED = ""  # The pool that everything draws on for which there is no rule.


@dataclass(frozen=True, slots=True)
class Pool:
    """
    Free stories that are counted together, and apart from all others: `anonymous` for
    everybody, `registered` after signing up. `label` is its name for readers.
    """

    name: str
    anonymous: int
    registered: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class PoolRule:
    """
    What draws on `pool`: the stories of a section, of a class, or of both together.
    Only a rule that names a vertical's class lets the meter open that vertical.
    """

    pool: Pool
    section: str = ""
    access: str = ""


# Until the desk says otherwise: a machine sees what a stranger does, and nobody trains.
DEFAULT_RULES: Mapping[Kind, CrawlerRule] = {
    kind: CrawlerRule(kind, Action.REFUSE if kind is Kind.TRAINING else Action.CUT)
    for kind in Kind
}


@dataclass(frozen=True, slots=True)
class Budget:
    """
    How many new devices a network may bring in a window of some hours: `narrow` for an
    address (IPv6: /64), `wide` for its neighbourhood (/24; /56), none if both are 0; and
    `per_known` more for each one seen there that had been here before.
    """

    narrow: int = 0
    wide: int = 0
    hours: int = 24
    per_known: int = 1

    @property
    def on(self) -> bool:
        return self.narrow > 0 or self.wide > 0


@dataclass(frozen=True, slots=True)
class Policy:
    """What the publisher chose at the desk."""

    limit_anonymous: int = 3
    extra_registered: int = 2
    period: str = "month"  # or "rolling30"
    lead_in_min: int = 50
    lead_in_max: int = 100
    store_down_open: bool = True
    line_from: int = 1  # The count from which a page says how many are read.
    # Left out of the hash, which every reader's view pays for.
    crawlers: tuple[CrawlerRule, ...] = field(default=(), hash=False)
    pools: tuple[PoolRule, ...] = field(default=(), hash=False)
    budget: Budget = field(default=Budget(), hash=False)

    @property
    def limit_registered(self) -> int:
        return self.limit_anonymous + self.extra_registered

    def pool(self, section: str, access: str) -> Pool | None:
        """
        Return the pool that such a story draws on: the rule for its section and class
        goes before its section's, and that before its class's. None: no meter opens it.
        """
        found: PoolRule | None = None
        metered = access == METERED
        for rule in self.pools:
            if rule.section not in ("", section) or rule.access not in ("", access):
                continue
            metered = metered or rule.access == access
            if found is None or _closeness(rule) > _closeness(found):
                found = rule
        if not metered or access in (FREE, PREMIUM):
            return None
        return self.shared if found is None else found.pool

    @property
    def shared(self) -> Pool:
        return Pool(SHARED, self.limit_anonymous, self.limit_registered)

    def pool_if_metered(self, section: str, access: str) -> Pool:
        """Return the pool of such a story, or of one that were metered in its place."""
        found = self.pool(section, access) or self.pool(section, METERED)
        return self.shared if found is None else found

    def rule(self, visitant: Visitant) -> CrawlerRule:
        """Return the rule for this very crawler, else its kind's, else the default."""
        kind = DEFAULT_RULES[visitant.kind]
        for rule in self.crawlers:
            if rule.name and rule.name == visitant.name:
                return rule
            if not rule.name and rule.kind is visitant.kind:
                kind = rule
        return kind


def _closeness(rule: PoolRule) -> tuple[bool, bool]:
    return rule.section != "", rule.access != ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One view of one story: everything that the decision may depend on."""

    story: StoryFacts
    purpose: Purpose = Purpose.READ
    features: frozenset[str] = frozenset()
    meter: Meter = NOBODY
    policy: Policy = field(default_factory=Policy)
    crawler: Visitant | None = None
    gift: GiftStanding | None = None
    must_register: bool = False  # Her network has brought too many new devices.

    def __hash__(self) -> int:
        # Readings key what is remembered of past decisions. Their equality looks at
        # every field; a hash need only tell most of them apart, and quickly.
        return hash((self.story.story_id, self.features, self.meter.count))


@dataclass(frozen=True, slots=True)
class Decision:
    """
    The answer. Made by `decide.decide` and by nobody else; a test looks for others.
    `counts` says that this view cost the reader one of her `limit` free stories; they
    are those of `pool`, whose name for readers is `label`. Both are empty for the
    shared pool, and where no meter was asked.
    """

    story_id: int
    verdict: Verdict
    reason: Reason
    count: int
    limit: int
    counts: bool
    ads: bool
    pool: str = SHARED
    label: str = ""

    @property
    def full(self) -> bool:
        return self.verdict is Verdict.FULL

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.count)

    @property
    def metered(self) -> bool:
        """Test if the page says how many free stories are read."""
        return self.reason is Reason.COUNTED or self.reason is Reason.REREAD


@dataclass(frozen=True, slots=True)
class Recording:
    """Which decisions are kept, so that they can be explained, and for how long."""

    days: int = 35  # Nought: nothing is kept.
    entitled: bool = False  # Also what those read who have a right to it.


@dataclass(frozen=True, slots=True)
class Orders:
    """The policy, and what else holds for every view: zone, clock, vertical bits."""

    policy: Policy = field(default_factory=Policy)
    zone: ZoneInfo = ZoneInfo("UTC")
    clock_offset: timedelta = timedelta(0)
    verticals: tuple[tuple[str, int], ...] = ()  # ("vertical:investor", 8), …
    masthead: str = ""  # A seal of the publication's own words, which pages repeat.
    recording: Recording = Recording()
    # Which words meet whom at a wall, the first first.
    walls: tuple[WallRule, ...] = ()
