"""One check from end to end: of what is planted here, or of what a file names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

from broadsheet.kit.clock import steady

from . import canaries, checking, gifts, kinds
from .canaries import Story
from .checking import Findings
from .kinds import CannotSpend, Kind
from .wire import Request, Wire

SEEN_WITHIN = (
    30.0  # Seconds until what was published is on every node and in the search.
)
if TYPE_CHECKING:
    from .people import People

Say = Callable[[str], None]


def of_file(
    wire: Wire, path: Path, at: datetime, say: Say, *, thorough: bool = False
) -> Findings:
    """Check the stories that a file names, on any site, as whom anybody can be."""
    stories = canaries.read(path)
    findings = Findings()
    people = [*kinds.strangers(), *kinds.forgers(at)]
    try:
        device = kinds.cookie(device=kinds.new_device(wire))
        kinds.spend(wire, [device], [story.story_id for story in stories])
        people.append(Kind("metered out", (device,)))
    except (CannotSpend, KeyError, ValueError) as error:
        say(f"Without a reader who is metered out: {error}")
    for story in stories:
        answer = wire.ask(Request("", story.path))
        findings.controls[f"story {story.story_id} answers at its address"] = (
            answer.status < 500 and (answer.status != 404 or story.hidden)
        )
    checking.check(wire, stories, people, findings, thorough=thorough)
    return findings


def planted(
    wire: Wire,
    at: datetime,
    say: Say,
    *,
    keep: Path | None = None,
    thorough: bool = False,
) -> Findings:
    """
    Plant stories and readers in this database, check them at `wire`, and weed them
    out, whatever happens; or, with `keep`, leave the stories and name them there.
    """
    from . import planting  # noqa: PLC0415  Needs Django; a file does not.
    from .people import People  # noqa: PLC0415  The same.

    stories: list[Story] = []
    people: People | None = None
    try:
        stories.extend(planting.plant(at))
        people = People(wire, [story.story_id for story in stories], at)
        _enough(wire, stories, at)
        findings = Findings()
        subscriber = people.subscriber()
        _control(wire, stories, subscriber, findings, say)
        if people.giver is not None:
            name = "a gift shows every word to as many devices as it may, in time"
            stories, findings.controls[name] = gifts.with_dead(
                wire, people.giver, stories, at
            )
        withheld = [one for one in stories if one.hidden or one.access != "free"]
        everybody = _without_the_right(people, at)
        checking.check(wire, withheld, everybody, findings, thorough=thorough)
        # What is in a draft, or was taken back, is nobody's, whatever she has paid.
        hidden = [story for story in stories if story.hidden]
        checking.check(wire, hidden, [subscriber], findings, thorough=thorough)
        if keep is not None:
            canaries.write(keep, (story for story in stories if story.access != "free"))
        return findings
    finally:
        if people is not None:
            people.leave()
        if keep is None:
            planting.weed(at)


def weed(at: datetime) -> int:
    """Take away what an earlier check was told to keep. Return how many stories."""
    from . import planting  # noqa: PLC0415  Needs Django.

    return planting.weed(at)


def _enough(wire: Wire, stories: Sequence[Story], at: datetime) -> None:
    """See to it that there are metered stories enough to spend a meter on."""
    from broadsheet.gate.house import queries as gate  # noqa: PLC0415  Needs Django.

    from . import planting  # noqa: PLC0415  The same.

    but = [story.story_id for story in stories]
    wanted = gate.policy().limit_registered + 1  # The last one meets the wall.
    there = sum(
        1 for _, _ in zip(range(wanted), kinds.metered(wire, but), strict=False)
    )
    if there < wanted:
        planting.fillers(wanted, at)


def _without_the_right(people: People, at: datetime) -> list[Kind]:
    from broadsheet.gate.house import minting  # noqa: PLC0415  Needs Django.

    return [
        *kinds.strangers(),
        *people.without_the_right(),
        *kinds.forgers(at),
        *kinds.spoilers(minting.keyring(), at),
    ]


def _control(
    wire: Wire,
    stories: Sequence[Story],
    subscriber: Kind,
    findings: Findings,
    say: Say,
) -> None:
    """See the words come where they should, or their absence would mean nothing."""
    from . import planting  # noqa: PLC0415  Needs Django.

    say("Waiting until what was planted can be read and found…")
    live = [story for story in stories if not story.hidden]
    for story in live:
        name = f"the pressed page of the {story.access} story holds every word"
        findings.controls[name] = planting.pressed_whole(story)
    for access, cookies in (
        ("free", ()),
        ("premium", subscriber.cookies),
        ("metered", subscriber.cookies),
    ):
        story = next(one for one in live if one.access == access)
        name = f"the {access} story is shown whole to who may read it"
        whole = partial(checking.shows_all, wire, story, cookies)
        findings.controls[name] = _within(whole)
    free = next(one for one in live if one.access == "free")
    word = next(w for w, place in free.words.items() if place == "paragraph 2")
    findings.controls["the search finds the free story by its words"] = _within(
        lambda: free.path.encode() in wire.ask(Request("", f"/search/?q={word}")).body
    )


def _within(holds: Callable[[], bool]) -> bool:
    deadline = steady() + SEEN_WITHIN
    while not holds():
        if steady() > deadline:
            return False
        sleep(0.2)
    return True
