"""What the demo paper's pictures show, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import places, things
from .canvas import Canvas

SCENES: Mapping[str, Callable[[Canvas], None]] = {
    "airport": things.airport,
    "backwater": places.backwater,
    "birds": things.birds,
    "books": things.books,
    "bus": things.bus,
    "chart-down": lambda c: things.chart(c, -1),
    "chart-flat": lambda c: things.chart(c, 0),
    "chart-up": lambda c: things.chart(c, 1),
    "chess": things.chess,
    "circuit": things.circuit,
    "city": places.city,
    "court": places.colonnade,
    "dam": places.dam,
    "factory": places.factory,
    "fields": places.fields,
    "food": things.food,
    "harbour": places.harbour,
    "hills": places.hills,
    "hospital": places.hospital,
    "letters": things.letters,
    "monsoon": places.monsoon,
    "mountains": places.mountains,
    "museum": places.museum,
    "office": places.office,
    "phone": things.phone,
    "puppets": things.puppets,
    "railway": things.railway,
    "river": places.river,
    "sea": places.sea,
    "shop": places.shop,
    "stadium": things.stadium,
    "street": places.street,
    "theatre": things.theatre,
    "village": places.village,
}
