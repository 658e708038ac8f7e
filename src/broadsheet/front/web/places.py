"""Where a reader lives, as a form asks: the states of India first, then abroad."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from broadsheet.kit import places


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the places in one list, under a name of their own."""

    name: str
    places: tuple[tuple[str, str], ...]  # Code and name.


@dataclass(frozen=True, slots=True)
class Choices:
    """One list to choose from; `chosen` is "" until she has."""

    chosen: str
    groups: tuple[Group, ...]


def choices(chosen: str) -> Choices:
    return Choices(
        chosen if places.is_place(chosen) else "",
        (
            Group(_("States and union territories"), tuple(places.STATES.items())),
            Group(_("Outside India"), tuple(places.COUNTRIES.items())),
        ),
    )
