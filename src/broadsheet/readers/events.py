"""Facts about people. `reader` is always `Reader.public_id`."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Joined:
    """An address proved itself for the first time: a reader exists now."""

    reader: UUID


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """`device` is the gate's, if the browser carried one."""

    reader: UUID
    device: UUID | None


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The reader ended one session, perhaps on a device that she lost."""

    reader: UUID


@dataclass(frozen=True, slots=True)
class LoggedOutEverywhere:
    """All her sessions are over, on every device."""

    reader: UUID


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """She has another password, or one for the first time."""

    reader: UUID


@dataclass(frozen=True, slots=True)
class EmailChanged:
    """She proved another address and is reached there from now on."""

    reader: UUID


@dataclass(frozen=True, slots=True)
class Erased:
    """Her data here is gone; rooms with data of their own let go of theirs."""

    reader: UUID
