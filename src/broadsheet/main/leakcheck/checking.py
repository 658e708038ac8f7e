"""Asking everything as everybody, and looking for words that should not have come."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from . import surfaces
from .canaries import Story, new_word
from .kinds import Kind
from .wire import Answer, Request, Unreadable, Wire

AT_ONCE = 6  # Requests under way. The site may have readers.
HOPS = 4
# What differs between two answers to one question: a form's token, the time of day.
_PASSING = re.compile(rb'(?:csrfmiddlewaretoken" value|datetime)="[^"]*"')


@dataclass(frozen=True, slots=True)
class Leak:
    kind: str
    group: str
    request: str
    word: str
    place: str  # Where in which story the word stands.

    def __str__(self) -> str:
        return f"{self.kind}: {self.request}: {self.word} ({self.place})"


@dataclass(slots=True)
class Findings:
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)  # By kind, group.
    leaks: list[Leak] = field(default_factory=list)
    controls: dict[str, bool] = field(default_factory=dict)  # What was seen to be so.
    faults: set[str] = field(default_factory=set)  # What broke the site, though dry.

    @property
    def clean(self) -> bool:
        return not self.leaks and all(self.controls.values())


class Watch:
    """The withheld words, and what to look for them with."""

    def __init__(self, stories: Iterable[Story]) -> None:
        self.places = {
            word: f"{place} of story {story.story_id}"
            for story in stories
            for word, place in story.words.items()
        }
        spelled = b"|".join(re.escape(word.encode()) for word in self.places)
        self._pattern = re.compile(spelled) if spelled else None

    def seen(self, answer: Answer) -> dict[str, str]:
        """Return the words in an answer, with their places."""
        if self._pattern is None:
            return {}
        found = set(self._pattern.findall(answer.everything))
        return {word.decode(): self.places[word.decode()] for word in sorted(found)}


def check(
    wire: Wire,
    stories: Sequence[Story],
    kinds: Sequence[Kind],
    findings: Findings,
    *,
    thorough: bool = False,
) -> None:
    """Ask every surface as every kind, and write down what leaked."""
    watch = Watch(stories)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for kind in kinds:
            requests = list(_worth_asking(stories, kind, thorough))
            found = threads.map(
                lambda one, kind=kind: _look(wire, watch, kind, one), requests
            )
            for request, (leaks, broke) in zip(requests, found, strict=True):
                findings.asked[kind.name, request.group] += 1
                findings.leaks += leaks
                if broke:
                    findings.faults.add(str(request))
        _search(wire, watch, kinds, findings, threads)


def _worth_asking(
    stories: Sequence[Story], kind: Kind, thorough: bool
) -> Iterator[Request]:
    """
    Yield what this kind asks. Unless the check is thorough, odd cookies are shown only
    to what reads cookies, and what nobody may see is not asked for in every spelling.
    """
    for story in stories:
        few = kind.brief or (story.hidden and bool(kind.cookies))
        for request in surfaces.of_story(story):
            if thorough or not few or request.group in surfaces.BY_COOKIE:
                yield request
    for request in surfaces.of_site(stories):
        if thorough or not kind.brief or request.group in surfaces.BY_COOKIE:
            yield request


def _look(
    wire: Wire, watch: Watch, kind: Kind, request: Request
) -> tuple[list[Leak], bool]:
    """Return what leaked, and if the site broke."""
    seen: dict[str, str] = {}
    broke = False
    try:
        for answer in _answers(wire, kind, request):
            seen |= watch.seen(answer)
            broke = broke or answer.status in (500, 502, 504)
    except Unreadable as error:
        # What cannot be looked into is no proof of anything.
        seen["?"] = str(error)
    leaks = [
        Leak(kind.name, request.group, str(request), word, place)
        for word, place in seen.items()
    ]
    return leaks, broke


def _answers(wire: Wire, kind: Kind, request: Request) -> Iterator[Answer]:
    """Yield the answer, and for who follows redirects those that come after it."""
    answer = wire.ask(request, kind.cookies)
    yield answer
    for _ in range(HOPS if kind.follows else 0):
        target = answer.header("location")
        if not target.startswith("/"):
            return
        answer = wire.ask(Request(request.group, target), kind.cookies)
        yield answer


# --- Searching: found and counted are leaks as well as shown --------------------------


def _search(
    wire: Wire,
    watch: Watch,
    kinds: Sequence[Kind],
    findings: Findings,
    threads: ThreadPoolExecutor,
) -> None:
    """
    Search for each word as the first kind, and for some words as the others: what
    comes must be what comes for a word that stands nowhere, but for the word itself.
    """
    words = sorted(watch.places)
    for number, kind in enumerate(kinds):
        nothing = _searched(wire, kind, new_word())
        findings.controls[f"two idle searches are alike ({kind.name})"] = (
            nothing == _searched(wire, kind, new_word())
        )
        some = words if number == 0 else words[number :: 3 * len(kinds)]
        found = threads.map(lambda word, kind=kind: _searched(wire, kind, word), some)
        for word, page in zip(some, found, strict=True):
            findings.asked[kind.name, surfaces.SEARCH] += 1
            if page != nothing and _differs(wire, kind, word):
                request = next(iter(surfaces.searches([word])))
                findings.leaks.append(
                    Leak(
                        kind.name,
                        surfaces.SEARCH,
                        str(request),
                        word,
                        f"{watch.places[word]}, found or counted",
                    )
                )


def _differs(wire: Wire, kind: Kind, word: str) -> bool:
    return _searched(wire, kind, word) != _searched(wire, kind, new_word())


def _searched(wire: Wire, kind: Kind, word: str) -> bytes:
    """Return the page that a search shows, with the word blotted out."""
    request = next(iter(surfaces.searches([word])))
    page = wire.ask(request, kind.cookies).body
    return _PASSING.sub(b"", page.replace(word.encode(), b"~"))


# --- Controls: who has the right does see the words -----------------------------------


def shows_all(wire: Wire, story: Story, cookies: Sequence[str]) -> bool:
    """Test if the page and the API give every word of a story to who may have it."""
    watch = Watch([story])
    pages = (story.path, f"/api/v1/stories/{story.story_id}")
    return all(
        watch.seen(wire.ask(Request("", page), cookies)).keys() == story.words.keys()
        for page in pages
    )


def totals(findings: Findings) -> Mapping[str, int]:
    return {
        "answers": sum(findings.asked.values()),
        "leaks": len(findings.leaks),
        "failed controls": sum(not held for held in findings.controls.values()),
    }
