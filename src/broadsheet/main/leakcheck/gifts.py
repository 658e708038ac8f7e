"""
Gift links that open nothing: forged ones, for any site; and, for a database of our own,
ones that were truly given and have ended, been taken back, or been used up since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from broadsheet.gate.core.gifts import GiftLink, token
from broadsheet.gate.core.passes import Keyring

from .canaries import Story
from .kinds import cookie, new_device
from .wire import Request, Wire

MOST_OPENS = 50  # Of one gift, by as many new devices; above it none is used up.
LONG_AGO = timedelta(days=30)
_THEIRS = Keyring.of("an attacker's own secret")
_NEVER = 2**32 - 1


def forged(story: Story) -> Iterator[str]:
    """Yield addresses of gifts of the story that nobody has given."""
    link = GiftLink(UUID(int=1), story.story_id, UUID(int=2), _NEVER, 1000)
    made = token(_THEIRS, link)
    yield from (made, made[:-1], made + "A", made.swapcase(), made + "=", "1", "%00")


def with_dead(
    wire: Wire, giver: UUID, stories: Sequence[Story], at: datetime
) -> tuple[list[Story], bool]:
    """
    Give each story that the giver may read three times, and let each gift end. Return
    the stories with those gifts, and if all who opened one in time saw every word.
    """
    held, planted = True, []
    for story in stories:
        gifts: list[str] = []
        if story.access in ("premium", "metered") and not story.hidden:
            gifts, seen = _dead(wire, giver, story, at)
            held = held and seen
        planted.append(replace(story, gifts=tuple(gifts)))
    return planted, held


def _dead(
    wire: Wire, giver: UUID, story: Story, at: datetime
) -> tuple[list[str], bool]:
    from broadsheet.gate.house import actions as gate  # noqa: PLC0415  Needs Django.

    gifts, seen = [], True
    with suppress(gate.AllowanceSpent):  # The desk lets nobody give, or not so many.
        gifts.append(gate.give(giver, story.story_id, at=at - LONG_AGO).path)
        taken = gate.give(giver, story.story_id, at=at)
        gate.take_back(giver, taken.nonce, at=at)
        gifts.append(taken.path)
        used = gate.give(giver, story.story_id, at=at)
        if used.opens <= MOST_OPENS:
            opens = [_opens(wire, story, used.path) for _ in range(used.opens)]
            gifts.append(used.path)
            seen = all(opens)
    return gifts, seen


def _opens(wire: Wire, story: Story, path: str) -> bool:
    """Open a gift with a new device. Return if it showed all that is withheld."""
    answer = wire.ask(Request("", path), (cookie(device=new_device(wire)),))
    return all(word.encode() in answer.everything for word in story.words)
