"""A shelf that holds what was used last, as much as there is room for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Shelf(Generic[Key, Value]):
    """Keeps the values used last, as many as fit into `room`."""

    def __init__(self, room: int, size: Callable[[Value], int]) -> None:
        self._room, self._size, self._used = room, size, 0
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def peek(self, key: Key) -> Value | None:
        """Return the value as `get` does, but do not count it as used."""
        return self._values.get(key)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._values)

    def put(self, key: Key, value: Value) -> None:
        self.drop(key)
        self._values[key] = value
        self._used += self._size(value)
        while self._used > self._room:
            _, oldest = self._values.popitem(last=False)
            self._used -= self._size(oldest)

    def drop(self, key: Key) -> None:
        value = self._values.pop(key, None)
        if value is not None:
            self._used -= self._size(value)

    def clear(self) -> None:
        self._values.clear()
        self._used = 0
