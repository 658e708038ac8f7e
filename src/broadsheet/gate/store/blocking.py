"""The meter for threads that may wait, such as Django's."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from uuid import UUID

from broadsheet.gate.core.meter import Ask, Reads
from broadsheet.gate.core.vocabulary import Meter
from broadsheet.plumbing.meter_address import MeterAddress, Node

from . import StoreDown
from .valkey import ValkeyMeter

LONGEST = 10.0  # Seconds. The meter gives up by itself well before.

T = TypeVar("T")


class BlockingMeter:
    """
    `ValkeyMeter`'s verbs, one for one, so that both count alike: it runs in one thread of
    our own, which all callers share. Begins with the first call, and anew after a fork.
    """

    def __init__(self, address: MeterAddress) -> None:
        self._address = address
        self._beginning = threading.Lock()
        self._process = 0

    def count(self, ask: Ask) -> Meter:
        return self._do(lambda meter: meter.count(ask))

    def peek(self, ask: Ask) -> Meter:
        return self._do(lambda meter: meter.peek(ask))

    def reads(self, identity: UUID) -> Reads | None:
        return self._do(lambda meter: meter.reads(identity))

    def unite(self, device: UUID, reader: UUID) -> None:
        self._do(lambda meter: meter.unite(device, reader))

    def erase(self, identity: UUID) -> None:
        self._do(lambda meter: meter.erase(identity))

    def facts(self) -> list[tuple[Node, dict[str, Any]]]:
        return list(self._do(lambda meter: meter.facts()))

    def _do(self, verb: Callable[[ValkeyMeter], Coroutine[Any, Any, T]]) -> T:
        self._begin()
        future = asyncio.run_coroutine_threadsafe(verb(self._meter), self._loop)
        try:
            return future.result(LONGEST)
        except TimeoutError as error:
            future.cancel()
            raise StoreDown("no answer in time") from error

    def _begin(self) -> None:
        with self._beginning:
            if self._process == os.getpid():
                return
            self._loop = asyncio.new_event_loop()
            self._meter = ValkeyMeter(self._address)
            threading.Thread(
                target=self._loop.run_forever, name="meter", daemon=True
            ).start()
            self._process = os.getpid()
