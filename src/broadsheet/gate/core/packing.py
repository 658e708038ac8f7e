"""
Values of the gate as plain data, and back: for what must be kept and read years later.

It walks any dataclass of ours by its annotations, so that a field which somebody adds to
a `Reading` or a `Policy` is kept from that day on, and what was kept before is read with
the field's default. Nothing else needs to know of it.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID
from zoneinfo import ZoneInfo

T = TypeVar("T")
MICROSECOND = timedelta(microseconds=1)
_AS_TEXT = (UUID, Decimal, ZoneInfo)


def pack(value: Any) -> Any:
    """Return `value`, whole, as what JSON can hold."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: pack(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (frozenset, set)):
        return sorted(pack(each) for each in value)
    if isinstance(value, (tuple, list)):
        return [pack(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): pack(each) for key, each in value.items()}
    return _pack_plain(value)


def _pack_plain(value: Any) -> Any:
    if isinstance(value, _AS_TEXT):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // MICROSECOND
    return value


def pack_rest(value: Any, without: Collection[str]) -> dict[str, Any]:
    """Return the fields that differ from their defaults, but for those in `without`."""
    return {
        name: pack(held)
        for name, default in _defaults(_kind(value))
        if name not in without and (held := getattr(value, name)) != default
    }


def _kind(value: Any) -> Any:
    return type(value)


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, _default(field)) for field in fields(kind))


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def unpack(kind: type[T], plain: Any) -> T:
    """Return what `pack` made plain. A field that is no more is left out."""
    return cast(T, _unpack(kind, plain))


def _unpack(kind: Any, plain: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _unpack_one_of(get_args(kind), plain)
    if origin is not None:
        return _unpack_many(origin, get_args(kind), plain)
    if is_dataclass(kind):
        made: Any = kind
        hints = _hints(made)
        given = {
            name: _unpack(hints[name], plain[name]) for name in hints.keys() & plain
        }
        return made(**given)
    return _unpack_plain(kind, plain)


def _unpack_one_of(kinds: tuple[Any, ...], plain: Any) -> Any:
    if plain is None:
        return None
    return _unpack(next(kind for kind in kinds if kind is not type(None)), plain)


def _unpack_many(origin: Any, kinds: tuple[Any, ...], plain: Any) -> Any:
    if issubclass(origin, Mapping):
        return {
            _key(kinds[0], key): _unpack(kinds[1], each) for key, each in plain.items()
        }
    if origin is tuple and kinds[-1] is not Ellipsis:
        return tuple(
            _unpack(kind, each) for kind, each in zip(kinds, plain, strict=True)
        )
    return origin(_unpack(kinds[0], each) for each in plain)


def _key(kind: Any, text: str) -> Any:
    return int(text) if kind is int else _unpack_plain(kind, text)


def _unpack_plain(kind: Any, plain: Any) -> Any:
    if kind is datetime and isinstance(plain, str):
        return datetime.fromisoformat(plain)
    if kind is timedelta:
        return plain * MICROSECOND
    if kind in _AS_TEXT or isinstance(kind, enum.EnumMeta):
        return kind(plain)
    return plain


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
