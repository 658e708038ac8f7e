"""
Kinds of readers without the right to the whole, as their cookies. Those here can be
made against any site; those that take a database are made in `planting`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from broadsheet.gate.core import passes
from broadsheet.gate.core.passes import DEVICE_COOKIE, READER_COOKIE, Keyring
from broadsheet.gate.core.vocabulary import Pass

from .wire import Answer, Request, Wire

EVERYTHING = 0xFFFFFFFF  # Every feature that a pass can name.
SESSION_COOKIE = "__Host-broadsheet-session"
PAGES = 20  # Of the story list, at most, that are read to spend a meter.


class CannotSpend(Exception):
    """A meter could not be spent. The message says why; plant more metered stories."""


@dataclass(frozen=True, slots=True)
class Kind:
    """
    A reader: each of `cookies` is one Cookie header. `follows`: redirects. `brief`:
    only her cookies are odd, so she asks only those who look at cookies.
    """

    name: str
    cookies: tuple[str, ...] = ()
    follows: bool = False
    brief: bool = False


def cookie(**named: str) -> str:
    """Return one Cookie header of `device`, `reader` and `session`."""
    names = {
        "device": DEVICE_COOKIE,
        "reader": READER_COOKIE,
        "session": SESSION_COOKIE,
    }
    return "; ".join(f"{names[key]}={value}" for key, value in named.items())


def strangers() -> Iterator[Kind]:
    """Yield who brings nothing, and who brings what we have never signed."""
    yield Kind("no cookie")
    yield Kind("refuses cookies", follows=True, brief=True)
    yield Kind("forged session", (cookie(session="a" * 32),), brief=True)
    yield Kind("odd session", (cookie(session="%00'\";--\xff"),), brief=True)


def forgers(at: datetime) -> Iterator[Kind]:
    """Yield who signs with a key of her own, or spells a pass as no pass is spelled."""
    forged = _pass(Keyring.of("an attacker's own secret"), at, life=600)
    device = passes.device_cookie(Keyring.of("an attacker's own secret"), uuid4(), at)
    yield Kind("forged pass", (cookie(reader=forged),), brief=True)
    yield Kind("forged device", (cookie(device=device),), brief=True)
    yield Kind("pass as device", (cookie(device=forged, reader=device),), brief=True)
    yield Kind("oversized pass", (cookie(reader=forged * 110),), brief=True)
    yield Kind(
        "odd pass", (cookie(reader="\xff\xfe" + forged, device="\x80"),), brief=True
    )
    yield Kind("many cookies", (";".join(f"c{n}=x" for n in range(900)),), brief=True)


def spoilers(keyring: Keyring, at: datetime) -> Iterator[Kind]:
    """Yield who spoils a pass that was truly signed: the worst of the forgers."""
    good = _pass(keyring, at, life=600)
    yield Kind(
        "expired pass", (cookie(reader=_pass(keyring, at, life=-1)),), brief=True
    )
    yield Kind(
        "pass of next year",
        (cookie(reader=_pass(keyring, at, life=3 * 10**7)),),
        brief=True,
    )
    yield Kind("flipped pass", (cookie(reader=_flipped(good)),), brief=True)
    yield Kind("longer pass", (cookie(reader=good + "A"),), brief=True)
    yield Kind("other spelling", (cookie(reader=good + "="),), brief=True)
    yield Kind("pass twice", (cookie(reader=good), cookie(reader=good)), brief=True)


def _pass(keyring: Keyring, at: datetime, *, life: int) -> str:
    now = int(at.timestamp())
    held = Pass(uuid4(), now + life, now + 10**7, 0, EVERYTHING)
    return passes.reader_pass(keyring, held)


def _flipped(text: str) -> str:
    """Return a pass with one bit of its MAC turned over."""
    middle = len(text) - 8
    other = "B" if text[middle] == "A" else "A"
    return text[:middle] + other + text[middle + 1 :]


# --- A spent meter --------------------------------------------------------------------


def new_device(wire: Wire) -> str:
    """Return a device cookie's value, as the site gives it to a new browser."""
    answer = wire.ask(Request("", "/"))
    value = _set_cookie(answer, DEVICE_COOKIE)
    if value is None:
        raise CannotSpend("The front page gives no device cookie.")
    return value


def _set_cookie(answer: Answer, name: str) -> str | None:
    for key, value in answer.headers:
        if key.lower() == "set-cookie" and value.startswith(name + "="):
            return value.partition(";")[0].partition("=")[2]
    return None


def spend(wire: Wire, cookies: Sequence[str], but: Sequence[int]) -> None:
    """Read metered stories, none of `but`, until there is no free one left."""
    for number in metered(wire, but):
        answer = wire.ask(Request("", f"/api/v1/stories/{number}"), cookies)
        if json.loads(answer.body)["decision"]["reason"] == "spent":
            return
    raise CannotSpend(
        "There are too few metered stories to spend a meter on; publish some more."
    )


def metered(wire: Wire, but: Sequence[int]) -> Iterator[int]:
    """Yield the numbers of metered stories, the newest first, as the API lists them."""
    before = ""
    for _ in range(PAGES):
        answer = wire.ask(Request("", f"/api/v1/stories?limit=50{before}"))
        page = json.loads(answer.body)
        for story in page["stories"]:
            if story["access"] == "metered" and story["story_id"] not in but:
                yield story["story_id"]
        if not page["next_cursor"]:
            return
        before = f"&before={page['next_cursor']}"
